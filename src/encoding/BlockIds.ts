/**
 * How ids are made (protocol §1). A part that enters a hash has its length in bytes in front, as 4 bytes big endian; texts
 * are UTF-8, numbers decimal, ids and keys as they are written.
 */
import type { ActionId, BlockId, CollectionId, Hash, PeerId, PublicKey, StampId } from "../../schemas/Ids.ts"
import type { Manifest, Stamp } from "../../schemas/Manifest.ts"
import type { HasherService } from "../../services/Hasher.ts"
import * as Base32 from "./Base32.ts"
import { canonicalHash, canonicalText } from "./CanonicalJson.ts"
import * as Slot from "./Slot.ts"

/** Bytes of a block id that say where the block lives. */
export const PLACE_BYTES = 16
/** Bytes of a block id that nothing else shares. */
export const UNIQUE_BYTES = 20

const utf8 = new TextEncoder()

/** The parts one after the other, each with its length in front. */
export const joinParts = (parts: ReadonlyArray<Uint8Array | string>): Uint8Array => {
  const encoded = parts.map((part) => (typeof part === "string" ? utf8.encode(part) : part))
  const joined = new Uint8Array(encoded.reduce((total, part) => total + 4 + part.length, 0))
  const view = new DataView(joined.buffer)
  let offset = 0
  for (const part of encoded) {
    view.setUint32(offset, part.length)
    joined.set(part, offset + 4)
    offset += 4 + part.length
  }
  return joined
}

/** ASCII whose length has one digit of 7 bits. */
const SHORT = /^[\0-\x7f]{0,127}$/

/** What {@link joinParts} makes of texts; where they are short, as a text with these bytes as its UTF-8: cheaper to hash. */
const joinTexts = (parts: ReadonlyArray<string>): Uint8Array | string => {
  let joined = ""
  for (const part of parts) {
    if (!SHORT.test(part)) return joinParts(parts)
    joined += `\0\0\0${String.fromCharCode(part.length)}${part}`
  }
  return joined
}

/** sha256 of a text, in base32. */
export const hashText = (hasher: HasherService, text: string): Hash => Base32.encode(hasher.sha256(text)) as Hash

/** sha256 of an immutable object's canonical JSON, in base32. Made once per object. */
export const hashValue = (hasher: HasherService, value: object): Hash =>
  canonicalHash(value, (text) => hashText(hasher, text))

/** The id of a collection, which is also that of its header block. */
export const collectionId = (hasher: HasherService, name: string): CollectionId =>
  Base32.encode(hasher.sha256(`collection:${name}`)) as string as CollectionId

/** The place of a block: the first 16 bytes of its id. */
export const placeOf = (id: BlockId): Uint8Array => {
  const bytes = Base32.decode(id)
  if (bytes === undefined) throw new Error(`not an id: ${id}`)
  return bytes.subarray(0, PLACE_BYTES)
}

/** What the ids of the blocks that one transaction creates in one collection have in common. */
export interface IdSource {
  readonly author: PublicKey
  readonly stamp: Stamp
  readonly collection: CollectionId
  readonly members: ReadonlyArray<PeerId>
}

/** Made once per member list: all blocks of a collection have the same. */
const memberDigests = Slot.make<ReadonlyArray<PeerId>, Uint8Array>()

const memberDigest = (hasher: HasherService, members: ReadonlyArray<PeerId>): Uint8Array => {
  const known = memberDigests.get(members)
  if (known !== undefined) return known
  const digest = hasher.sha256(canonicalText(members))
  memberDigests.set(members, digest)
  return digest
}

/** The id of the `index`th block that a transaction creates in a collection, if it lives with the collection's header. */
export const blockId = (hasher: HasherService, source: IdSource, index: number): BlockId =>
  idAt(hasher, source, index, placeOf(source.collection))

/** The same, if it lives at a place of its own. */
export const scatteredBlockId = (hasher: HasherService, source: IdSource, index: number): BlockId =>
  idAt(hasher, source, index, placeOf(scatteredPlace(hasher, source, index)))

/** The place of a block that lives at one of its own, as the lowest id there: what it takes to ask who is closest. */
export const scatteredPlace = (
  hasher: HasherService,
  { author, collection, stamp }: Omit<IdSource, "members">,
  index: number
): BlockId => {
  const id = new Uint8Array(PLACE_BYTES + UNIQUE_BYTES)
  id.set(hasher.sha256(joinParts([author, canonicalText(stamp), collection, String(index)])).subarray(0, PLACE_BYTES))
  return Base32.encode(id) as BlockId
}

/** The characters of an id that lie wholly in its place: two places that agree in them are one. */
export const PLACE_CHARACTERS = 25

/** Whether a block of a collection lives at a place of its own, and not at that of the header. */
export const isScattered = (id: BlockId, collection: CollectionId): boolean =>
  !id.startsWith(collection.slice(0, PLACE_CHARACTERS))

const idAt = (hasher: HasherService, source: IdSource, index: number, place: Uint8Array): BlockId => {
  const unique = hasher
    .sha256(
      joinParts([
        source.author,
        canonicalText(source.stamp),
        source.collection,
        String(index),
        place,
        memberDigest(hasher, source.members)
      ])
    )
    .subarray(0, UNIQUE_BYTES)
  const id = new Uint8Array(PLACE_BYTES + UNIQUE_BYTES)
  id.set(place)
  id.set(unique, PLACE_BYTES)
  return Base32.encode(id) as BlockId
}

/** Made once per stamp: the entries of all its collections have it, and their checks. */
const stampIds = Slot.make<Stamp, { readonly author: PublicKey; readonly id: StampId }>()

/** The id of one run of a transaction, known before its manifest. */
export const stampId = (hasher: HasherService, author: PublicKey, stamp: Stamp): StampId => {
  const known = stampIds.get(stamp)
  if (known?.author === author) return known.id
  const id = Base32.encode(hasher.sha256(joinTexts([author, canonicalText(stamp)]))) as StampId
  stampIds.set(stamp, { author, id })
  return id
}

/** The id of a transaction: the hash of its canonical manifest. */
export const actionId = (hasher: HasherService, manifest: Manifest): ActionId =>
  hashValue(hasher, manifest) as string as ActionId
