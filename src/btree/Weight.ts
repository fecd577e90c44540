import type { Json, JsonObject } from "../../schemas/Json.ts"

/** The most a node may weigh, in units: 64 small entries. */
export const CAPACITY = 64
/** A node that becomes lighter than this is joined with a sibling, or shares its items with it. */
export const MIN_FILL = CAPACITY / 2
/** The heaviest an entry with its key can count: two of them fit a leaf. */
export const MAX_ENTRY_WEIGHT = CAPACITY / 2
/** The heaviest a separator can count: lighter than an entry, so that a branch always has two children or more. */
export const MAX_SEPARATOR_WEIGHT = CAPACITY / 4

/** JSON of this many bytes, or a part of it, is one unit of weight. */
const UNIT_BYTES = 512

/** What an entry with its key counts in its leaf: 1 to 32 units. */
export const entryWeight = (key: Json, entry: Json): number => units(jsonSize(key) + jsonSize(entry), MAX_ENTRY_WEIGHT)

/** What a separator counts in its branch, together with the child to its right: 1 to 16 units. */
export const separatorWeight = (key: Json): number => units(jsonSize(key), MAX_SEPARATOR_WEIGHT)

const units = (bytes: number, most: number): number => Math.min(Math.ceil(bytes / UNIT_BYTES), most)

/** The size of a value's JSON without white space, in bytes of UTF-8. */
export const jsonSize = (value: Json): number => {
  switch (typeof value) {
    case "string":
      return stringSize(value)
    case "number":
      return String(value).length
    case "boolean":
      return value ? 4 : 5
  }
  if (value === null) return 4
  return isArray(value) ? arraySize(value) : objectSize(value)
}

const isArray = (value: ReadonlyArray<Json> | JsonObject): value is ReadonlyArray<Json> => Array.isArray(value)

// Brackets and commas, braces, commas and colons: two for the pair, and n - 1 commas for n items.

const arraySize = (items: ReadonlyArray<Json>): number => {
  let size = Math.max(2, items.length + 1)
  for (const item of items) size += jsonSize(item)
  return size
}

const objectSize = (object: JsonObject): number => {
  const names = Object.keys(object)
  let size = Math.max(2, names.length + 1)
  for (const name of names) size += stringSize(name) + 1 + jsonSize(object[name]!)
  return size
}

const stringSize = (text: string): number => {
  let size = text.length + 2
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) {
      if (unit < 0x800) size += 1
      else if (unit < 0xd800 || unit > 0xdfff) size += 2
      // A pair of surrogates is four bytes; a lone one is escaped as \udXXX.
      else if (unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
        size += 2
        i++
      } else size += 5
    } else if (unit < 0x20) size += isShortEscape(unit) ? 1 : 5
    else if (unit === 0x22 || unit === 0x5c) size += 1
  }
  return size
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** Whether JSON writes a control character as \b, \t, \n, \f or \r. */
const isShortEscape = (unit: number): boolean => unit >= 0x08 && unit <= 0x0d && unit !== 0x0b
