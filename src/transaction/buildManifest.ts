import type { BlockId, CollectionId, Hash, PeerId, PublicKey } from "../../schemas/Ids.ts"
import type { Base, CollectionWrite, Manifest, NetworkName, Shard, Stamp, Write } from "../../schemas/Manifest.ts"
import { PROTOCOL_VERSION } from "../../schemas/Manifest.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import { rememberText } from "../encoding/CanonicalJson.ts"

/** One changed block: how, from which base, and what it is then. */
export interface BlockWrite {
  readonly id: BlockId
  readonly transform: Transform
  readonly change: Hash
  readonly base: Base
  readonly index: number | undefined
  /** As it will be stored. */
  readonly result: StoredBlock
}

/** A collection that a transaction writes. */
export interface WrittenCollection {
  readonly id: CollectionId
  readonly baseRev: number
  /** The open tail at the base; of a new collection, its first log block. */
  readonly tail: BlockId
  readonly members: ReadonlyArray<PeerId>
  readonly blocks: ReadonlyArray<BlockWrite>
}

/** A collection that a transaction only reads: its open tail, or the header that is absent. */
export interface ReadCollection {
  readonly id: CollectionId
  readonly block: BlockId
  readonly base: Base
  readonly members: ReadonlyArray<PeerId>
}

/** Who writes, where and when. */
export interface Authorship {
  readonly author: PublicKey
  readonly network: NetworkName
  readonly stamp: Stamp
}

interface ShardDraft {
  readonly members: ReadonlyArray<PeerId>
  readonly reads: { [id: BlockId]: Base }
  readonly writes: { [id: BlockId]: Write }
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const sortedRecord = <A>(record: { readonly [key: string]: A }): { readonly [key: string]: A } =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => compareText(a, b)))

/** The manifest of a transaction: its blocks grouped by member set, the primary shard first. Protocol §1. */
export const buildManifest = (
  { author, network, stamp }: Authorship,
  written: ReadonlyArray<WrittenCollection>,
  read: ReadonlyArray<ReadCollection>
): Manifest => {
  const drafts = new Map<string, ShardDraft>()
  const draftOf = (members: ReadonlyArray<PeerId>): ShardDraft => {
    const name = members.join()
    const known = drafts.get(name)
    if (known !== undefined) return known
    const draft = { members, reads: {}, writes: {} }
    drafts.set(name, draft)
    return draft
  }
  const collections = [...written].sort((a, b) => compareText(a.id, b.id))
  for (const { blocks, id, members } of collections) {
    for (const { base, change, id: block, index, result } of blocks) {
      draftOf(members).writes[block] = {
        after: result.after,
        base,
        change,
        collection: id,
        ...(index !== undefined && { index })
      }
    }
  }
  for (const { base, block, members } of read) draftOf(members).reads[block] = base

  const primaryBlock = collections[0]?.tail ?? read.map(({ block }) => block).sort(compareText)[0]
  const isPrimary = ({ reads, writes }: ShardDraft) =>
    primaryBlock !== undefined && (primaryBlock in writes || primaryBlock in reads)
  const shards = [...drafts.values()]
    .sort((a, b) => Number(isPrimary(b)) - Number(isPrimary(a)) || compareText(a.members.join(), b.members.join()))
    .map(
      ({ members, reads, writes }) =>
        ({ members, reads: sortedRecord(reads), writes: sortedRecord(writes) }) as unknown as Shard
    )
  const manifest: Manifest = {
    author,
    collections: collections.map(
      ({ baseRev, id, tail }) => ({ base: baseRev, id, rev: baseRev + 1, tail }) as CollectionWrite
    ),
    network,
    shards: shards as unknown as Manifest["shards"],
    stamp,
    version: PROTOCOL_VERSION
  }
  // Built in canonical order all the way down, of ASCII texts.
  rememberText(manifest, JSON.stringify(manifest))
  return manifest
}
