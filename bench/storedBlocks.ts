/**
 * Blocks of 4 KB as a store holds them after one transaction each, written as records: docs/internals/format.md. What it takes to
 * read one does not depend on how it was committed.
 */
import { createHash } from "node:crypto"
import type { BlockId } from "effect-optimystic/schemas"
import type { StorageWrite } from "effect-optimystic/services"
import { makePlaces } from "./entries.ts"

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
const BITS = 5

/** RFC 4648, lower case, without padding. */
const base32 = (bytes: Uint8Array): string => {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("")
  const groups = Array.from({ length: Math.ceil(bits.length / BITS) }, (_, i) => bits.slice(i * BITS, (i + 1) * BITS))
  return groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(BITS, "0"), 2)]).join("")
}

const hash = (text: string): string => base32(createHash("sha256").update(text).digest())

const COLLECTION = hash("collection:bench")
const ACTION = hash("action")
/** Entries of about 85 bytes each, with their keys. */
const ENTRIES = 46
const ID_LENGTH = 58

/** A block, its id, and the records of its first revision. */
export const storedBlock = (index: number): { readonly id: BlockId; readonly writes: ReadonlyArray<StorageWrite> } => {
  const id = (hash(`place ${index}`) + hash(`unique ${index}`)).slice(0, ID_LENGTH) as BlockId
  const places = makePlaces(ENTRIES, index)
  // In canonical order.
  const block = JSON.stringify({
    entries: places.map((place) => ({ ...place })),
    header: { collectionId: COLLECTION, id, type: "leaf" },
    keys: places.map((place) => place.id)
  })
  const latest = { actionId: ACTION, after: hash(block), base: "none", rev: 1 }
  const head = { collection: COLLECTION, since: [], sinceLength: 0, whole: 1 }
  const put = (kind: string, name: string | number, value: string): StorageWrite => ({
    key: ["block", id, kind, name],
    type: "put",
    value
  })
  return {
    id,
    writes: [
      put("head", "", JSON.stringify(head)),
      put("members", "", JSON.stringify(["member"])),
      put("rev", 1, JSON.stringify(latest)),
      put("whole", 1, block)
    ]
  }
}
