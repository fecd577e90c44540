import { Invalid } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { type Compare, type End, neighbour, type Route, routeTo, routeToEnd, search } from "./Route.ts"

/**
 * A cursor: a place in a tree at one version of its store. It stands on an entry, or in a crack: before the entry at
 * `index`, which in a leaf's last crack is the first of the next leaf, or none. It holds the blocks on its way, so that
 * most steps read nothing.
 */
export interface Path extends Route {
  readonly index: number
  readonly on: boolean
  readonly version: number
}

/** What a cursor reads: a store, or a snapshot, which never changes and so needs no version. */
export interface PathReader extends BlockReader {
  readonly version?: number
}

/** The place of a key: on its entry, or in the crack where it would be. */
export const find = (reader: PathReader, root: BlockId, compare: Compare, key: Json): Path => {
  const route = routeTo(reader, root, compare, key)
  const found = search(route.leaf.keys, key, compare)
  return pathOf(reader, route, found < 0 ? -1 - found : found, found >= 0)
}

/** The first entry; in an empty tree, its only crack. */
export const first = (reader: PathReader, root: BlockId): Path =>
  outermost(reader, routeToEnd(reader, root, "first"), "first")

/** The last entry; in an empty tree, its only crack. */
export const last = (reader: PathReader, root: BlockId): Path =>
  outermost(reader, routeToEnd(reader, root, "last"), "last")

/** The entry after this place; after the last entry, the crack behind it. */
export const next = (reader: PathReader, path: Path): Path => {
  requireValid(reader, path)
  const index = path.on ? path.index + 1 : path.index
  if (index < path.leaf.keys.length) return pathOf(reader, path, index, true)
  const route = neighbour(reader, path.steps, "last")
  return route === undefined ? pathOf(reader, path, index, false) : outermost(reader, route, "first")
}

/** The entry before this place; before the first entry, the crack in front of it. */
export const prior = (reader: PathReader, path: Path): Path => {
  requireValid(reader, path)
  if (path.index > 0) return pathOf(reader, path, path.index - 1, true)
  const route = neighbour(reader, path.steps, "first")
  return route === undefined ? pathOf(reader, path, 0, false) : outermost(reader, route, "last")
}

/** The key and entry at this place; undefined in a crack. */
export const at = (reader: PathReader, path: Path): readonly [key: Json, entry: Json] | undefined => {
  requireValid(reader, path)
  return path.on ? [path.leaf.keys[path.index]!, path.leaf.entries[path.index]!] : undefined
}

/** Whether the store is still as it was when the path was made. `next`, `prior` and `at` raise `Invalid` otherwise. */
export const isValid = (reader: PathReader, path: Path): boolean => versionOf(reader) === path.version

const requireValid = (reader: PathReader, path: Path): void => {
  if (!isValid(reader, path))
    throw new Invalid({ reason: "The store has changed since this path was made; find it again" })
}

const versionOf = (reader: PathReader): number => reader.version ?? 0

const outermost = (reader: PathReader, route: Route, end: End): Path => {
  const count = route.leaf.keys.length
  return pathOf(reader, route, end === "first" ? 0 : Math.max(count - 1, 0), count > 0)
}

const pathOf = (reader: PathReader, { leaf, steps }: Route, index: number, on: boolean): Path => ({
  index,
  leaf,
  on,
  steps,
  version: versionOf(reader)
})
