/** Lines of text in pages of a few: a collection of a user's own, over many blocks. For tests. */
import { Schema } from "effect"
import { Block, Collection } from "effect-optimystic"
import { BlockId } from "../../schemas/Ids.ts"

const PAGE_LINES = 3

const Index = Block.define("index", { pages: Schema.Array(BlockId) })
const Page = Block.define("page", { lines: Schema.Array(Schema.String) })

/** The page of a line, and its place there; of a line that may follow the last, too. */
const find = (reader: Collection.BlockReader, root: BlockId, at: number) => {
  const { pages } = Index.get(reader, root)
  let offset = at
  for (const [number, id] of pages.entries()) {
    const { lines } = Page.get(reader, id)
    if (offset < lines.length || (offset === lines.length && number === pages.length - 1)) {
      return { id, lines, number, offset, pages }
    }
    offset -= lines.length
  }
  return Collection.refuse(`there is no line ${at}`)
}

/** Puts a line at a place. */
export const Insert = Schema.Struct({ at: Schema.Int, text: Schema.String })

const insert = (store: Collection.BlockStore, root: BlockId, { at, text }: typeof Insert.Type): void => {
  const { id, lines, number, offset, pages } = find(store, root, at)
  const grown = lines.toSpliced(offset, 0, text)
  // A page that is full becomes two.
  const half = grown.length > PAGE_LINES ? grown.length >> 1 : grown.length
  Page.set(store, id, { lines: grown.slice(0, half) })
  if (half === grown.length) return
  const next = Page.insert(store, { lines: grown.slice(half) })
  Index.set(store, root, { pages: pages.toSpliced(number + 1, 0, next) })
}

const remove = (store: Collection.BlockStore, root: BlockId, at: number): string => {
  const { id, lines, number, offset, pages } = find(store, root, at)
  const [removed] = lines.slice(offset)
  if (removed === undefined) return Collection.refuse(`there is no line ${at}`)
  const rest = lines.toSpliced(offset, 1)
  if (rest.length > 0 || pages.length === 1) {
    Page.set(store, id, { lines: rest })
    return removed
  }
  Page.remove(store, id)
  Index.set(store, root, { pages: pages.toSpliced(number, 1) })
  return removed
}

export const actions = {
  insert: Collection.action(Insert, insert),
  remove: Collection.action(Schema.Int, remove)
}

export type Action = Collection.ActionOf<typeof actions>

/** Rewrites places for what others inserted or removed; drops what others removed first. */
export const filterConflict: Collection.ConflictFilter<Action> = (own, others) => {
  let at = own.type === "insert" ? own.data.at : own.data
  for (const other of others) {
    if (other.type === "insert" && other.data.at <= at) at++
    else if (other.type === "remove" && other.data < at) at--
    else if (other.type === "remove" && other.data === at && own.type === "remove") return undefined
  }
  return own.type === "insert" ? { data: { ...own.data, at }, type: "insert" } : { data: at, type: "remove" }
}

export const define = (name: string, filter?: Collection.ConflictFilter<Action>) =>
  Collection.define(name, {
    actions,
    create: (store) => Index.insert(store, { pages: [Page.insert(store, { lines: [] })] }),
    kind: "lines",
    ...(filter !== undefined && { filterConflict: filter })
  })

/** All lines, in order. */
export const all = (reader: Collection.BlockReader, root: BlockId): ReadonlyArray<string> =>
  Index.get(reader, root).pages.flatMap((id) => Page.get(reader, id).lines)

/** What an action makes of lines, plainly. */
export const perform = (lines: ReadonlyArray<string>, { data, type }: Action): ReadonlyArray<string> | undefined => {
  if (type === "insert")
    return data.at < 0 || data.at > lines.length ? undefined : lines.toSpliced(data.at, 0, data.text)
  return data < 0 || data >= lines.length ? undefined : lines.toSpliced(data, 1)
}
