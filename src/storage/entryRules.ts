/** The rules for the log entry that a transaction adds to a collection. Protocol §1, *Log entry*. */
import * as Schema from "effect/Schema"
import type { PayloadBlock } from "../../schemas/BlockTypes.ts"
import { type Action, type LogEntry, PayloadReference } from "../../schemas/Collection.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json, JsonObject } from "../../schemas/Json.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { hashText, stampId } from "../encoding/BlockIds.ts"
import { canonicalTextOnce, sizeBytes, utf8Length } from "../encoding/CanonicalJson.ts"
import { INLINE_BYTES } from "../log/Payload.ts"

/** What an entry says of its transaction, beside the actions. */
export type EntryFrame = Omit<LogEntry, "actions" | "payload">

/** What the entries of one transaction have in common, in all its collections. */
export const commonFrame = (
  hasher: HasherService,
  { author, collections, stamp }: Manifest
): Omit<EntryFrame, "blocks" | "rev"> => ({
  collections: collections.map(({ id, rev }) => ({ id, rev })),
  stampId: stampId(hasher, author, stamp),
  time: stamp.time
})

/** Whether two values are the same JSON. */
export const sameJson = (a: unknown, b: unknown): boolean => {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]))
  const names = Object.keys(a)
  if (Array.isArray(b) || names.length !== Object.keys(b).length) return false
  const [left, right] = [a as JsonObject, b as JsonObject]
  return names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name]))
}

/**
 * What is wrong with an entry, whose frame must be the one given. `added` reads the blocks that the transaction adds to the
 * collection, and no others.
 */
export const entryProblem = (
  hasher: HasherService,
  frame: EntryFrame,
  added: BlockReader,
  entry: Json
): string | undefined => {
  if (!isObject(entry)) return "the entry is no object"
  const names = Object.keys(frame) as ReadonlyArray<keyof EntryFrame>
  for (const name of names) {
    if (!Object.hasOwn(entry, name) || !sameJson(entry[name], frame[name])) return `the entry has other ${name}`
  }
  const place = Object.hasOwn(entry, "payload") ? "payload" : "actions"
  if (!Object.hasOwn(entry, place) || Object.keys(entry).length !== names.length + 1)
    return "the entry has not just its actions or their payload beside its frame"
  return place === "payload" ? payloadProblem(hasher, added, entry.payload!) : actionsProblem(entry.actions!)
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The properties of an action: `data` and `type`. */
const ACTION_PROPERTIES = 2

const isAction = (value: Json): value is Action & JsonObject =>
  isObject(value) &&
  Object.hasOwn(value, "data") &&
  Object.hasOwn(value, "type") &&
  typeof value.type === "string" &&
  Object.keys(value).length === ACTION_PROPERTIES

/** Whether a value is the actions of an entry. */
export const isActions = (value: unknown): value is ReadonlyArray<Action> =>
  Array.isArray(value) && value.every((action) => isAction(action))

const actionsProblem = (actions: Json): string | undefined => {
  if (!isActions(actions)) return "the entry's actions are not of a type and data each"
  return sizeBytes(actions) > INLINE_BYTES ? "actions this long do not stand in their entry" : undefined
}

const isReference = Schema.is(PayloadReference, { onExcessProperty: "error" })

const payloadProblem = (hasher: HasherService, added: BlockReader, payload: Json): string | undefined => {
  if (!isReference(payload)) return "the entry's payload is no reference to payload blocks"
  if (new Set<BlockId>(payload.blocks).size < payload.blocks.length) return "the entry refers to a payload block twice"
  const actions: Array<Action> = []
  for (const id of payload.blocks) {
    const block = added.get(id)
    if (block?.header.type !== "payload") return `the entry refers to ${id}, which is no payload block of its own`
    for (const action of (block as unknown as PayloadBlock).actions) actions.push(action)
  }
  if (actions.length !== payload.count) return "the entry has another number of actions than its payload"
  const text = canonicalTextOnce(actions)
  if (hashText(hasher, text) !== payload.hash) return "the entry has another hash than its payload"
  // Never more units than bytes: as a rule the bytes need not be counted.
  return text.length > INLINE_BYTES || utf8Length(text) > INLINE_BYTES
    ? undefined
    : "actions this short stand in their entry"
}
