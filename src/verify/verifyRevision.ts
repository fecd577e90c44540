import * as Effect from "effect/Effect"
import type { BlockId, CollectionId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Manifest, Write } from "../../schemas/Manifest.ts"
import type { ProvedRevision } from "../../services/StorageRepo.ts"
import type { TransactError, TransactorService } from "../../services/Transactor.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { hashValue, isScattered } from "../encoding/BlockIds.ts"
import type { LocatedEntry } from "../log/EntryPage.ts"
import { commonFrame, entryProblem, sameJson } from "../storage/entryRules.ts"
import { entriesOf } from "../storage/manifestRules.ts"
import { type ProofContext, proofProblem } from "./proofProblem.ts"

/** A collection whose revisions are checked. */
export interface VerifyContext extends ProofContext {
  readonly collection: CollectionId
  readonly members: ReadonlyArray<PeerId>
  readonly transactor: TransactorService
}

/** Why the transaction of a log entry is not proved to be that of its revision. A procedure. */
export const entryProofProblem = (
  context: VerifyContext,
  reader: BlockReader,
  { block, entry }: LocatedEntry,
  { proof, revision, signed }: ProvedRevision
): string | undefined => {
  const problem = proofProblem(context, block, context.members, { action: revision.actionId, proof, signed })
  if (problem !== undefined) return problem
  const { manifest } = signed
  const { rev } = entry
  const written = manifest.collections.find(({ id }) => id === context.collection)
  if (written?.rev !== rev) return `the manifest writes revision ${written?.rev} of the collection`
  const ids = writesIn(manifest, context.collection).map(([id]) => id)
  if (!ids.includes(written.tail)) return "the manifest does not write the open tail"
  const blocks = ids.filter((id) => id !== block).sort()
  return entryProblem(context.hasher, { ...commonFrame(context.hasher, manifest), blocks, rev }, reader, entry as Json)
}

/** A block that a manifest writes, and who keeps it. */
export type LocatedWrite = readonly [id: BlockId, write: Write, members: ReadonlyArray<PeerId>]

/** What a manifest writes of a collection. */
export const writesIn = ({ shards }: Manifest, collection: CollectionId): ReadonlyArray<LocatedWrite> =>
  shards.flatMap(({ members, writes }) =>
    entriesOf(writes)
      .filter(([, write]) => write.collection === collection)
      .map(([id, write]) => [id, write, members] as const)
  )

/** Why what is stored of a block at a revision is not what a manifest says. Fails where it cannot be read. */
export const writeProblem = (
  { collection, hasher, transactor }: VerifyContext,
  rev: Rev,
  [id, write, keepers]: LocatedWrite,
  { actionId }: ProvedRevision["revision"]
): Effect.Effect<string | undefined, TransactError> =>
  Effect.gen(function* () {
    const { after, base } = write
    const members = isScattered(id, collection) ? keepers : undefined
    const expected = [...(base === "none" ? [] : [{ after: base.hash, rev: base.rev }]), { actionId, after, base, rev }]
    // With the one before: that it is the base, and that there is none between.
    const from = base === "none" ? FIRST_REVISION : base.rev
    const revisions = yield* transactor.revisions(id, { from, limit: expected.length }, members)
    const isListed = expected.every(
      (fields, i) => revisions[i] !== undefined && sameJson({ ...revisions[i], ...fields }, revisions[i])
    )
    if (!isListed) return "its list of revisions is not what the manifest says"
    const stored = yield* transactor.stored(id, rev, members)
    if (stored?.rev !== rev || stored.after !== after) return "what is stored is not what the manifest says"
    const { block } = stored
    if (block === undefined) return after === "deleted" ? undefined : "its content is absent"
    if (after === "deleted") return "it is deleted, but has content"
    if (block.header.id !== id || block.header.collectionId !== collection) return "it is another block"
    return hashValue(hasher, block) === after ? undefined : "its content has another hash"
  })

const FIRST_REVISION = 1 as Rev
