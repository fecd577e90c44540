/**
 * The check of a whole collection: every revision of every block with its manifest, its signatures and its certificate, the log
 * from its first entry, and the tree. The tree is held in memory meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Block } from "../schemas/Block.ts"
import type { ActionId, BlockId, CollectionId, PeerId, Rev } from "../schemas/Ids.ts"
import type { Manifest } from "../schemas/Manifest.ts"
import type { Revision } from "../schemas/Revision.ts"
import type { ReadError } from "../services/StorageRepo.ts"
import { BlockFault } from "../src/block/BlockStore.ts"
import { BoundedCache } from "../src/block/BoundedCache.ts"
import { type BlockSource, type ProcedureFailure, runProcedure } from "../src/block/procedure.ts"
import { verifyTree } from "../src/btree/verifyTree.ts"
import { builtIn, type KeyOrder } from "../src/collection/KeyOrder.ts"
import { actionId, hashText } from "../src/encoding/BlockIds.ts"
import { canonicalText } from "../src/encoding/CanonicalJson.ts"
import { countSigners, verifyClaim } from "../src/encoding/Statements.ts"
import { verifyLog } from "../src/log/VerifyLog.ts"
import { type CollectionState, placeOf, type Store } from "./CollectionStates.ts"

/** What was checked of a collection, what is wrong with it, and what was not checked, in words. */
export interface Verification {
  readonly blocks: number
  readonly notes: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
  readonly revisions: number
}

/** A report stops growing here. */
const MAX_PROBLEMS = 20
/** Blocks, and revisions of one, that are read in one go. */
const PAGE = 256
/** Transactions that are remembered as checked: they wrote several blocks. */
const REMEMBERED = 16_384

/** What was found, while it is being looked for. */
class Findings {
  blocks = 0
  revisions = 0
  readonly problems: Array<string> = []
  readonly notes: Array<string> = []

  add(problem: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem)
  }

  /** What keeps a part from being read is a problem of that part; the rest goes on. A disk that fails ends it all. */
  in<A>(part: string, effect: Effect.Effect<A, ReadError | ProcedureFailure>) {
    return Effect.catchIf(
      effect,
      ({ _tag }) => _tag !== "StorageUnavailable",
      (error) => Effect.sync(() => this.add(`${part}: ${error.message}`))
    )
  }
}

/** What is wrong with a transaction that wrote a block with these members. */
const transactionProblem = Effect.fnUntraced(function* (
  { blocks, hasher, verifier }: Store,
  action: ActionId,
  members: ReadonlyArray<PeerId>
) {
  const { manifest, signatures } = yield* blocks.expectManifest(action)
  if (actionId(hasher, manifest) !== action) return { manifest, problem: "its manifest is not the one that it names" }
  const claim = { action, kind: "author" } as const
  const isAuthored = signatures.some(
    (signed) => signed.key === manifest.author && verifyClaim(verifier, manifest.network, claim, signed)
  )
  if (!isAuthored) return { manifest, problem: "its author's signature does not verify" }
  const { decision } = yield* blocks.expectProof(action)
  // Clusters are of one member here: its approval is the decision.
  const isDecided =
    decision.kind === "approve" &&
    countSigners(verifier, manifest.network, action, decision, members) === members.length
  return { manifest, problem: isDecided ? undefined : "its certificate does not verify" }
})

const sameBase = (a: Revision["base"], b: Revision["base"]): boolean => canonicalBase(a) === canonicalBase(b)
const canonicalBase = (base: Revision["base"]): string => (base === "none" ? base : canonicalText({ ...base }))

const revisionProblem = (
  manifest: Manifest,
  id: BlockId,
  { after, base, rev }: Revision,
  prior: Revision | undefined
): string | undefined => {
  const expected = prior === undefined || prior.after === "deleted" ? "none" : { hash: prior.after, rev: prior.rev }
  if (!sameBase(base, expected)) return "it does not start from the revision before it"
  const write = manifest.shards.map(({ writes }) => writes[id]).find((write) => write !== undefined)
  const collection = manifest.collections.find((written) => written.id === write?.collection)
  const isSigned = write?.after === after && sameBase(write.base, base) && collection?.rev === rev
  return isSigned ? undefined : "its manifest says otherwise"
}

/** Checks the blocks of a collection, one by one, and gives those that are there now to `keep`. */
const verifyBlocks = Effect.fnUntraced(function* (
  store: Store,
  id: CollectionId,
  findings: Findings,
  keep: (id: BlockId, block: Block | undefined) => void
) {
  const checked = new BoundedCache<ActionId, { readonly manifest: Manifest; readonly problem: string | undefined }>(
    REMEMBERED,
    () => 1
  )
  const transaction = (action: ActionId, members: ReadonlyArray<PeerId>) => {
    const known = checked.get(action)
    if (known !== undefined) return Effect.succeed(known)
    return Effect.tap(transactionProblem(store, action, members), (found) =>
      Effect.sync(() => checked.set(action, found))
    )
  }

  const verifyBlock = Effect.fnUntraced(function* (block: BlockId) {
    const state = yield* store.blocks.state(block)
    if (state === undefined || state.collection !== id) return
    findings.blocks += 1
    keep(block, state.block)
    let prior: Revision | undefined
    for (let from = 1 as Rev; ; from = ((prior?.rev ?? 0) + 1) as Rev) {
      const page = yield* store.blocks.revisions(block, { from, limit: PAGE })
      for (const revision of page) {
        findings.revisions += 1
        const { manifest, problem } = yield* transaction(revision.actionId, state.members)
        const found = problem ?? revisionProblem(manifest, block, revision, prior)
        if (found !== undefined) findings.add(`Revision ${revision.rev} of block ${block}: ${found}`)
        prior = revision
      }
      if (page.length < PAGE) break
    }
    if (prior?.rev !== state.latest.rev) findings.add(`Block ${block} has no record of its latest revision`)
  })

  let after = placeOf(id)
  for (;;) {
    const page = yield* store.raw.blocks("block", { after, limit: PAGE })
    const here = page.filter((block) => placeOf(block) === placeOf(id))
    for (const block of here) yield* findings.in(`Block ${block}`, verifyBlock(block as BlockId))
    if (here.length < PAGE) return
    after = here.at(-1)!
  }
})

/** The blocks of a collection as procedures read them. */
const sourceOf = ({ blocks }: Store, known: Map<BlockId, Block | undefined>): BlockSource<ReadError> => ({
  get: (id) => {
    if (!known.has(id)) throw new BlockFault([id])
    return known.get(id)
  },
  load: (ids) =>
    Effect.forEach(ids, (id) => Effect.map(blocks.state(id), (state) => known.set(id, state?.block)), {
      discard: true
    }),
  settle: () => {}
})

const SCALARS: Readonly<Record<"number" | "string", Schema.Schema<number> | Schema.Schema<string>>> = {
  number: Schema.Number,
  string: Schema.String
}
const isScalar = (name: string): name is "number" | "string" => Object.hasOwn(SCALARS, name)

/** The key order of a name, if it is one of those built in, of texts, numbers, or flat tuples of them. */
const orderOf = (name: string): KeyOrder | undefined => {
  if (isScalar(name)) return builtIn(SCALARS[name] as Schema.Schema<number | string>)
  const parts = /^\[(.+)\]$/.exec(name)?.[1]?.split(",")
  return parts?.every(isScalar) === true ? builtIn(Schema.Tuple(...parts.map((part) => SCALARS[part]))) : undefined
}

/** Checks a collection. */
export const verifyCollection = Effect.fnUntraced(function* (store: Store, { header, id }: CollectionState) {
  const findings = new Findings()
  const known = new Map<BlockId, Block | undefined>()
  yield* verifyBlocks(store, id, findings, (block, content) => known.set(block, content))
  const source = sourceOf(store, known)
  const hash = (text: string) => hashText(store.hasher, text)
  const { head, tail } = header.log
  let resume: BlockId | undefined
  do {
    const after = resume === undefined ? {} : { after: resume }
    const page = yield* findings.in(
      "Its log",
      runProcedure(source, () => verifyLog(source, hash, head, tail, after))
    )
    for (const violation of page?.violations ?? []) findings.add(violation)
    resume = page?.resume
  } while (resume !== undefined)
  if (header.root !== undefined) {
    const { root } = header
    const order = orderOf(header.keyOrder ?? "")
    if (order === undefined)
      findings.notes.push(`Its key order ${header.keyOrder} is a program's own: the tree is not checked`)
    else {
      const violations = yield* findings.in(
        "Its tree",
        runProcedure(source, () => verifyTree(source, root, order.compare))
      )
      for (const violation of violations ?? []) findings.add(violation)
    }
  }
  const verification: Verification = {
    blocks: findings.blocks,
    notes: findings.notes,
    problems: findings.problems,
    revisions: findings.revisions
  }
  return verification
})
