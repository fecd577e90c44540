/** A member after a restart: what it knows is what its records say, and nothing else. Protocol §4, *Restart*. */
import type { Block } from "../../../schemas/Block.ts"
import type { ActionId, BlockId, PeerId, Rev } from "../../../schemas/Ids.ts"
import type { Payload, SignedManifest } from "../../../schemas/Manifest.ts"
import type { Proof } from "../../../schemas/Proof.ts"
import type { CertifiedRevision, Revision } from "../../../schemas/Revision.ts"
import type { Transform } from "../../../schemas/Transform.ts"
import type { Space, StorageRecord } from "../../../services/RawStorage.ts"
import { applyTransform } from "../../block/apply.ts"
import { textLength } from "../../encoding/CanonicalJson.ts"
import type { BlockState, Lock, TransactionRecord } from "../../storage/BlockState.ts"
import {
  type EndedRecord,
  type EntryRecord,
  type HeadRecord,
  type LockRecord,
  latestRev
} from "../../storage/records.ts"
import type { MemberState } from "./MemberState.ts"
import { type BallotRecord, payloadLength, type Vote, type Votes } from "./Votes.ts"

type Name = string | number

/** The records of one kind, by what they are of, then by name. */
type Table<A> = ReadonlyMap<string, ReadonlyMap<Name, A>>

/** Sorts records by their kinds. */
const tablesOf = (records: Iterable<StorageRecord>) => {
  const tables = new Map<string, Map<string, Map<Name, unknown>>>()
  for (const { key, value } of records) {
    const [space, id, kind, name] = key
    const table = tables.get(`${space}/${kind}`) ?? new Map<string, Map<Name, unknown>>()
    tables.set(`${space}/${kind}`, table)
    table.set(id, (table.get(id) ?? new Map<Name, unknown>()).set(name, JSON.parse(value)))
  }
  return <A>(space: Space, kind = ""): Table<A> => (tables.get(`${space}/${kind}`) ?? new Map()) as Table<A>
}

type Tables = ReturnType<typeof tablesOf>

/** The only record of its kind. */
const one = <A>(table: Table<A>, id: string): A | undefined => table.get(id)?.get("")

/** The state that a member's durable records leave it with. Whoever read them has checked them. */
export const rebuild = (records: Iterable<StorageRecord>): MemberState => {
  const tables = tablesOf(records)
  const manifests = tables<SignedManifest>("transaction", "manifest")
  const transactions = transactionsIn(tables, manifests)
  return {
    blocks: blocksIn(tables),
    entries: entriesIn(tables, manifests),
    locks: new Map([...tables<LockRecord>("lock")].map(([block, held]) => [block as BlockId, locksOf(held)])),
    manifests: new Map(
      [...transactions].flatMap(([action, { _tag }]) => {
        const signed = one(manifests, action)
        return _tag === "Committed" && signed !== undefined ? [[action, signed]] : []
      })
    ),
    revisions: new Map(
      [...tables<Revision>("block", "rev")].map(([block, byRev]) => [block as BlockId, inOrder(byRev)])
    ),
    transactions,
    votes: votesIn(tables, manifests)
  }
}

const entriesIn = (tables: Tables, manifests: Table<SignedManifest>): MemberState["entries"] =>
  new Map(
    [...tables<EntryRecord>("cluster-index")].map(([id, byName]): readonly [BlockId, CertifiedRevision] => {
      const { certified, creator } = byName.get("")!
      const block = id as BlockId
      if (certified !== undefined) return [block, { block, ...certified }]
      return [block, { block, proof: one(tables<Proof>("proof"), creator)!, signed: one(manifests, creator)! }]
    })
  )

const locksOf = (held: ReadonlyMap<Name, LockRecord>): ReadonlyArray<Lock> =>
  [...held].map(([holder, { mode }]) => ({ holder: holder as ActionId, mode }))

const inOrder = (byRev: ReadonlyMap<Name, Revision>): ReadonlyArray<Revision> =>
  [...byRev.values()].sort((a, b) => a.rev - b.rev)

const blocksIn = (tables: Tables): ReadonlyMap<BlockId, BlockState> => {
  const revisions = tables<Revision>("block", "rev")
  const members = tables<ReadonlyArray<PeerId>>("block", "members")
  const blocks = [...tables<HeadRecord>("block", "head")].map(([key, byName]): readonly [BlockId, BlockState] => {
    const id = key as BlockId
    const head = byName.get("")!
    const latest = revisions.get(id)!.get(latestRev(head))!
    const block = latest.after === "deleted" ? undefined : contentOf(tables, id, head)
    const blockLength = block === undefined ? 0 : textLength(block)
    return [id, { ...head, block, blockLength, id, latest, members: one(members, id)! }]
  })
  return new Map(blocks)
}

const contentOf = (tables: Tables, id: BlockId, { since, whole }: HeadRecord): Block => {
  const changes = tables<Transform>("block", "change").get(id)
  const start = tables<Block>("block", "whole").get(id)!.get(whole)!
  return since.reduce((block: Block, rev: Rev) => applyTransform(block, changes!.get(rev)!)!, start)
}

const transactionsIn = (tables: Tables, manifests: Table<SignedManifest>): ReadonlyMap<ActionId, TransactionRecord> => {
  const known = new Map<string, TransactionRecord>()
  const pending = tables<Transform>("block", "pend")
  for (const [action, byName] of manifests) {
    known.set(action, { _tag: "Pending", payload: payloadOf(pending, action), signed: byName.get("")! })
  }
  for (const [action, byName] of tables<EndedRecord>("ended")) {
    const { shown } = byName.get("")!
    known.set(action, { _tag: "Aborted", ...(shown !== undefined && { shown }) })
  }
  for (const [action, byName] of tables<Proof>("proof")) {
    known.set(action, { _tag: "Committed", proof: byName.get("")! })
  }
  return known as ReadonlyMap<string, TransactionRecord> as ReadonlyMap<ActionId, TransactionRecord>
}

const payloadOf = (pending: Table<Transform>, action: string): Payload =>
  Object.fromEntries(
    [...pending].flatMap(([block, byAction]) => {
      const transform = byAction.get(action)
      return transform === undefined ? [] : [[block, transform]]
    })
  )

const votesIn = (tables: Tables, manifests: Table<SignedManifest>): ReadonlyMap<ActionId, Votes> => {
  const votes = tables<Vote>("vote", "vote")
  const ballots = tables<BallotRecord>("ballot")
  const unpended = tables<SignedManifest>("vote", "manifest")
  const pending = tables<Transform>("block", "pend")
  const known = [...new Set([...votes.keys(), ...ballots.keys()])].map((action): readonly [ActionId, Votes] => {
    const vote = one(votes, action)
    return [
      action as ActionId,
      {
        ballots: one(ballots, action) ?? { joined: null },
        pendingLength: payloadLength(payloadOf(pending, action)),
        // What is pended has the signatures that it was examined with.
        signed: one(manifests, action) ?? one(unpended, action)!,
        ...(vote !== undefined && { vote })
      }
    ]
  })
  return new Map(known)
}
