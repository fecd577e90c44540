import type { BlockId, CollectionId, Hash, PeerId, PublicKey } from "../../schemas/Ids.ts"
import type { Base, CollectionWrite, Manifest, NetworkName, Shard, Stamp, Write } from "../../schemas/Manifest.ts"
import { PROTOCOL_VERSION } from "../../schemas/Manifest.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import { keepText } from "../encoding/CanonicalJson.ts"
import { recordOf } from "../encoding/recordOf.ts"

/** One changed block: how, from which base, and what it is then. */
export interface BlockWrite {
  readonly id: BlockId
  readonly transform: Transform
  readonly change: Hash
  readonly base: Base
  readonly index: number | undefined
  /** Who keeps it, where these are not the members of its collection. */
  readonly members?: ReadonlyArray<PeerId> | undefined
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
  readonly reads: Array<readonly [BlockId, Base]>
  readonly writes: Array<readonly [BlockId, Write]>
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const sortedRecord = <A>(entries: Array<readonly [string, A]>) =>
  recordOf(entries.sort(([a], [b]) => compareText(a, b)))

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
    const draft = { members, reads: [], writes: [] }
    drafts.set(name, draft)
    return draft
  }
  const collections = [...written].sort((a, b) => compareText(a.id, b.id))
  for (const { blocks, id, members: home } of collections) {
    for (const { base, change, id: block, index, members = home, result } of blocks) {
      const { after } = result
      const write = { after, base, change, collection: id }
      draftOf(members).writes.push([block, index === undefined ? write : { ...write, index }])
    }
  }
  for (const { base, block, members } of read) draftOf(members).reads.push([block, base])

  const primaryBlock = collections[0]?.tail ?? read.map(({ block }) => block).sort(compareText)[0]
  const isPrimary = ({ reads, writes }: ShardDraft) =>
    writes.some(([id]) => id === primaryBlock) || reads.some(([id]) => id === primaryBlock)
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
  keepText(manifest, JSON.stringify(manifest))
  return manifest
}
