import type { Block } from "../../schemas/Block.ts"
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { CollectionWrite, Manifest } from "../../schemas/Manifest.ts"
import type { RepoView } from "./BlockState.ts"

/** The blocks of a transaction as they are to be, by id. */
export type Results = ReadonlyMap<BlockId, { readonly block: Block | undefined }>

const asLog = (block: Block | undefined): LogBlock | undefined =>
  block?.header.type === "log" ? (block as unknown as LogBlock) : undefined

/**
 * The rules of the conflict point (protocol §2): each written collection writes its open tail, which was a log block
 * without `next`; the entry of the new revision stands last in it or, at rollover, in the new block that its `next` then
 * names, with the header advanced. At creation the tail is the new first log block. A tail that is not among the results
 * is for its own members to check.
 */
export const tailProblem = (manifest: Manifest, view: RepoView, results: Results): string | undefined => {
  for (const collection of manifest.collections) {
    const problem = collectionProblem(collection, manifest, view, results)
    if (problem !== undefined) return `${problem}: collection ${collection.id}`
  }
  return undefined
}

const collectionProblem = (
  { base, id, rev, tail }: CollectionWrite,
  { shards }: Manifest,
  view: RepoView,
  results: Results
): string | undefined => {
  if (!shards.some(({ writes }) => writes[tail]?.collection === id)) return "the open tail is not written"
  if (!results.has(tail)) return undefined
  const before = asLog(view.block(tail)?.block)
  const after = asLog(results.get(tail)?.block)
  if (after === undefined) return "the tail is no log block"
  if (base === 0) {
    if (before !== undefined) return "the first log block exists"
    if (tailIn(results.get(id)) !== tail) return "no header is created that names the first log block"
    return endsWith(after, rev) ? undefined : "the entry is not in the first log block"
  }
  if (before === undefined || before.next !== undefined) return "the tail is not open"
  if (lastRevOf(before) !== base) return "the tail does not end at the base"
  if (after.next === undefined) return endsWith(after, rev) ? undefined : "the entry is not in the tail"
  const added = asLog(results.get(after.next)?.block)
  if (added?.header.collectionId !== id || view.block(after.next) !== undefined) return "the next log block is not new"
  if (!endsWith(added, rev)) return "the entry is not in the new tail"
  return tailIn(results.get(id)) === after.next ? undefined : "the header does not name the new tail"
}

const tailIn = (header: { readonly block: Block | undefined } | undefined): BlockId | undefined =>
  (header?.block as { readonly log?: { readonly tail: BlockId } } | undefined)?.log?.tail

const lastRevOf = ({ checkpoint, entries }: LogBlock): number => entries.at(-1)?.rev ?? checkpoint.rev

const endsWith = (block: LogBlock, rev: number): boolean =>
  block.next === undefined && block.entries.at(-1)?.rev === rev
