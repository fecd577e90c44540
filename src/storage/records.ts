/**
 * Where each thing stands in a store, and what its record holds. Keys: services/RawStorage.ts.
 */
import type { Block } from "../../schemas/Block.ts"
import type { ActionId, BlockId, CollectionId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { CertifiedRevision, Revision } from "../../schemas/Revision.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { StorageKey, StorageWrite } from "../../services/RawStorage.ts"
import { canonicalText } from "../encoding/CanonicalJson.ts"
import type { Lock, ShownEnding } from "./BlockState.ts"
import type { Kept } from "./Retention.ts"

/** How to put the latest revision of a block together: rewritten with every revision. */
export interface HeadRecord extends Kept {
  readonly collection: CollectionId
  /** The revisions after `whole`, stored as changes, oldest first. */
  readonly since: ReadonlyArray<Rev>
  readonly sinceLength: number
  /** The newest revision that is stored whole, or a tombstone. */
  readonly whole: Rev
}

/** The latest revision of a block. */
export const latestRev = ({ since, whole }: HeadRecord): Rev => since.at(-1) ?? whole

/** A pended transaction holds a lock: why, and since it must be answered again, with which manifest. */
export interface LockRecord {
  readonly mode: Lock["mode"]
}

/** How a transaction that will never commit ended; in a cluster of several, with what shows it. */
export interface EndedRecord {
  readonly outcome: "aborted"
  readonly shown?: ShownEnding
}

/**
 * An entry of the cluster index. What this node is a member of it has with the transaction that created it; of all else it has the
 * transaction here.
 */
export interface EntryRecord {
  readonly creator: ActionId
  readonly certified?: Pick<CertifiedRevision, "proof" | "signed">
}

/** The key of each record. */
export const keys = {
  head: (block: BlockId): StorageKey => ["block", block, "head", ""],
  members: (block: BlockId): StorageKey => ["block", block, "members", ""],
  revision: (block: BlockId, rev: Rev): StorageKey => ["block", block, "rev", rev],
  change: (block: BlockId, rev: Rev): StorageKey => ["block", block, "change", rev],
  whole: (block: BlockId, rev: Rev): StorageKey => ["block", block, "whole", rev],
  pending: (block: BlockId, action: ActionId): StorageKey => ["block", block, "pend", action],
  lock: (block: BlockId, action: ActionId): StorageKey => ["lock", block, "", action],
  manifest: (action: ActionId): StorageKey => ["transaction", action, "manifest", ""],
  proof: (action: ActionId): StorageKey => ["proof", action, "", ""],
  ended: (action: ActionId): StorageKey => ["ended", action, "", ""],
  entry: (collection: BlockId): StorageKey => ["cluster-index", collection, "", ""]
} as const

const put = (key: StorageKey, value: object): StorageWrite => ({ key, type: "put", value: JSON.stringify(value) })

/** As `put`, of what was hashed before: its text is there already. */
const putText = (key: StorageKey, value: string): StorageWrite => ({ key, type: "put", value })

/** The write of each record. */
export const puts = {
  head: (block: BlockId, record: HeadRecord) => put(keys.head(block), record),
  members: (block: BlockId, members: ReadonlyArray<PeerId>) => put(keys.members(block), members),
  revision: (block: BlockId, revision: Revision) => put(keys.revision(block, revision.rev), revision),
  change: (block: BlockId, rev: Rev, transform: Transform) =>
    putText(keys.change(block, rev), canonicalText(transform)),
  whole: (id: BlockId, rev: Rev, block: Block) => putText(keys.whole(id, rev), canonicalText(block)),
  pending: (block: BlockId, action: ActionId, transform: Transform) =>
    putText(keys.pending(block, action), canonicalText(transform)),
  lock: (block: BlockId, action: ActionId, record: LockRecord) => put(keys.lock(block, action), record),
  manifest: (action: ActionId, { manifest, signatures }: SignedManifest) =>
    putText(
      keys.manifest(action),
      `{"manifest":${canonicalText(manifest)},"signatures":${JSON.stringify(signatures)}}`
    ),
  proof: (action: ActionId, proof: Proof) => put(keys.proof(action), proof),
  ended: (action: ActionId, record: EndedRecord) => put(keys.ended(action), record),
  entry: (collection: BlockId, record: EntryRecord) => put(keys.entry(collection), record)
} as const

/** The deletion of a record. */
export const removed = (key: StorageKey): StorageWrite => ({ key, type: "delete" })
