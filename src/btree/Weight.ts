import type { Json } from "../../schemas/Json.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"

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
export const entryWeight = (key: Json, entry: Json): number =>
  units(sizeBytes(key) + sizeBytes(entry), MAX_ENTRY_WEIGHT)

/** What a separator counts in its branch, together with the child to its right: 1 to 16 units. */
export const separatorWeight = (key: Json): number => units(sizeBytes(key), MAX_SEPARATOR_WEIGHT)

const units = (bytes: number, most: number): number => Math.min(Math.ceil(bytes / UNIT_BYTES), most)
