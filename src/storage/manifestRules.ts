/** The rules for a manifest by itself. Protocol §1, §2. */
import * as Schema from "effect/Schema"
import { type BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { Base, CollectionWrite, Manifest, Shard, Write } from "../../schemas/Manifest.ts"
import { isScattered } from "../encoding/BlockIds.ts"
import * as Slot from "../encoding/Slot.ts"

/** Each rule goes through them once more. */
const listed = Slot.make<object, ReadonlyArray<readonly [string, unknown]>>()

/** The entries of an immutable record that has block ids as its keys: only its own, whatever they are called. */
export const entriesOf = <A>(record: Readonly<Record<BlockId, A>>): ReadonlyArray<readonly [BlockId, A]> => {
  const known = listed.get(record)
  if (known !== undefined) return known as ReadonlyArray<readonly [BlockId, A]>
  const entries = Object.entries<A>(record)
  listed.set(record, entries)
  return entries as unknown as ReadonlyArray<readonly [BlockId, A]>
}

/** Whether an id is that of a collection, so of its header. */
export const isCollectionId = Schema.is(CollectionId)

/** What is wrong with a manifest. */
export const manifestProblem = ({ collections, shards }: Manifest): string | undefined =>
  collectionsProblem(collections) ??
  shards.map(membersProblem).find((problem) => problem !== undefined) ??
  blocksProblem(collections, shards) ??
  (shards.length === 1 ? undefined : orderProblem(collections, shards))

const collectionsProblem = (collections: ReadonlyArray<CollectionWrite>): string | undefined => {
  let previous = ""
  for (const { base, id, rev } of collections) {
    if (!isCollectionId(id)) return `${id} is no collection id`
    if (id <= previous) return "collections are not sorted and distinct"
    if (rev !== base + 1) return `revision ${rev} does not follow ${base}`
    previous = id
  }
  return undefined
}

const membersProblem = ({ members }: Shard): string | undefined =>
  members.some((peer, i) => i > 0 && peer <= members[i - 1]!) ? "members are not sorted and distinct" : undefined

/** Each block is named once, and each that is written belongs to a listed collection. */
const blocksProblem = (
  collections: ReadonlyArray<CollectionWrite>,
  shards: ReadonlyArray<Shard>
): string | undefined => {
  const bases = new Map<string, number>(collections.map(({ base, id }) => [id, base]))
  const seen = new Set<string>()
  const written = new Set<string>()
  for (const { reads, writes } of shards) {
    const before = seen.size
    for (const named of [writes, reads]) {
      for (const [id] of entriesOf<Base | Write>(named)) {
        if (seen.has(id)) return `block ${id} is named twice`
        seen.add(id)
      }
    }
    if (seen.size === before) return "a shard names no block"
    for (const [id, { base, collection, index }] of entriesOf(writes)) {
      const collectionBase = bases.get(collection)
      if (collectionBase === undefined) return `block ${id} is of a collection that is not listed`
      if (base !== "none" && base.rev > collectionBase) return `the base of ${id} is above that of its collection`
      if ((index !== undefined) !== (base === "none" && id !== (collection as string))) return `index of ${id}`
      written.add(collection)
    }
  }
  return written.size === collections.length ? undefined : "a listed collection writes nothing"
}

/** The primary shard comes first, the others follow in order of their member lists, and no two have the same. */
const orderProblem = (
  collections: ReadonlyArray<CollectionWrite>,
  shards: ReadonlyArray<Shard>
): string | undefined => {
  const lists = shards.map(({ members }) => members.join())
  if (new Set(lists).size < lists.length) return "two shards have the same members"
  const { reads, writes } = shards[0]!
  const isPrimaryFirst =
    collections.length > 0
      ? Object.hasOwn(writes, collections[0]!.tail)
      : Object.hasOwn(reads, shards.flatMap(({ reads }) => Object.keys(reads)).sort()[0]!)
  if (!isPrimaryFirst) return "the primary shard is not the first"
  if (lists.some((list, i) => i > 1 && list < lists[i - 1]!)) return "shards are out of order"
  return placesProblem(collections, shards)
}

/** A block at the place of its collection's header is in the shard of the open tail, which lives there. */
const placesProblem = (
  collections: ReadonlyArray<CollectionWrite>,
  shards: ReadonlyArray<Shard>
): string | undefined => {
  const tails = new Map(collections.map(({ id, tail }) => [id, tail]))
  for (const { writes } of shards) {
    for (const [id, { collection }] of entriesOf(writes)) {
      if (!isScattered(id, collection) && !Object.hasOwn(writes, tails.get(collection)!)) {
        return `block ${id} is not where its header is`
      }
    }
  }
  return undefined
}
