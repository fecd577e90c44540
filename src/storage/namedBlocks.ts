import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { Manifest } from "../../schemas/Manifest.ts"

/** The blocks that a manifest is about at one member: what its shards there name, and the headers, which say what the conflict points are. */
export const namedBlocks = ({ collections, shards }: Manifest, member: PeerId): ReadonlyArray<BlockId> => [
  ...collections.map(({ id }) => id),
  ...shards.flatMap(({ members, reads, writes }) =>
    members.includes(member) ? ([...Object.keys(writes), ...Object.keys(reads)] as Array<BlockId>) : []
  )
]
