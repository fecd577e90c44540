import type { CollectionBlock } from "../../../schemas/BlockTypes.ts"
import type { BlockId, CollectionId, PeerId } from "../../../schemas/Ids.ts"
import type { ProvedBlock } from "../../../schemas/Repo.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { provedBlockProblem } from "../evidence/ProvedBlock.ts"

/**
 * The header and the open tail of a collection as they came with a turn, by their ids. Undefined unless both are proved in the
 * collection's member set. They were the latest once; whether they are is found out at commit.
 */
export const shownEnds = (
  rules: ClusterRules,
  collection: CollectionId,
  members: ReadonlyArray<PeerId>,
  [header, tail]: ReadonlyArray<ProvedBlock>
): ReadonlyMap<BlockId, ProvedBlock> | undefined => {
  if (header === undefined || provedBlockProblem(rules, collection, members, header) !== undefined) return undefined
  const open = (header.block as unknown as CollectionBlock | null)?.log.tail
  if (tail === undefined || open === undefined) return undefined
  if (provedBlockProblem(rules, open, members, tail) !== undefined) return undefined
  return new Map([
    [collection, header],
    [open, tail]
  ])
}
