import { createHash } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { ActionId, BlockId, CollectionId, type PeerId, type PublicKey, StampId } from "../../schemas/Ids.ts"
import type { Manifest, Stamp } from "../../schemas/Manifest.ts"
import type { HasherService } from "../../services/Hasher.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import * as BlockIds from "../../src/encoding/BlockIds.ts"

const sha256 = (data: Uint8Array | string) => new Uint8Array(createHash("sha256").update(data).digest())
const hasher: HasherService = { sha256 }

const stamp: Stamp = { nonce: "aaaaaaaaaaaaaaaaaaaaaaaaaa", time: 1 }
const source: BlockIds.IdSource = {
  author: "ed25519:author" as PublicKey,
  collection: BlockIds.collectionId(hasher, "books"),
  members: ["b", "a"] as unknown as ReadonlyArray<PeerId>,
  stamp
}

/** The layout of protocol §1, written out a second time. */
const withLength = (part: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(part)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

describe("joinParts", () => {
  it("is each part with its length in front, and never the same for other parts", () => {
    const part = FastCheck.oneof(FastCheck.string({ unit: "binary" }), FastCheck.uint8Array())
    const parts = FastCheck.array(part, { maxLength: 5 })
    FastCheck.assert(
      FastCheck.property(parts, parts, (left, right) => {
        const joined = BlockIds.joinParts(left)
        expect(Buffer.from(joined).equals(Buffer.concat(left.map(withLength)))).toBe(true)
        const texts = (given: typeof left) => given.map((one) => Buffer.from(one).toString("hex"))
        const same = Buffer.compare(joined, BlockIds.joinParts(right)) === 0
        expect(same).toBe(JSON.stringify(texts(left)) === JSON.stringify(texts(right)))
      })
    )
  })
})

describe("ids", () => {
  it("a collection's id is the hash of its name, and fits its schema for any name", () => {
    expect(BlockIds.collectionId(hasher, "ü😀")).toBe(Base32.encode(sha256("collection:ü😀")))
    expect(BlockIds.collectionId(hasher, "a")).not.toBe(BlockIds.collectionId(hasher, "b"))
    expect(Schema.is(CollectionId)(source.collection)).toBe(true)
  })

  it("a block's id is the place of its collection and twenty bytes of what makes it unique", () => {
    const place = Base32.decode(source.collection)!.subarray(0, 16)
    const members = sha256('["b","a"]')
    const stampText = '{"nonce":"aaaaaaaaaaaaaaaaaaaaaaaaaa","time":1}'
    const parts = [source.author, stampText, source.collection, "7", place, members].map(withLength)
    const unique = sha256(Buffer.concat(parts)).subarray(0, 20)
    const id = BlockIds.blockId(hasher, source, 7)
    expect(id).toBe(Base32.encode(Buffer.concat([place, unique])))
    expect(Schema.is(BlockId)(id)).toBe(true)
    expect(Buffer.from(BlockIds.placeOf(id))).toEqual(Buffer.from(place))
    expect(Buffer.from(BlockIds.placeOf(source.collection))).toEqual(Buffer.from(place))
  })

  it("a scattered block's place is made of what makes it unique but its members, who may follow from it", () => {
    const stampText = '{"nonce":"aaaaaaaaaaaaaaaaaaaaaaaaaa","time":1}'
    const placed = [source.author, stampText, source.collection, "7"].map(withLength)
    const place = sha256(Buffer.concat(placed)).subarray(0, 16)
    const parts = [...placed, ...[place, sha256('["b","a"]')].map(withLength)]
    const id = BlockIds.scatteredBlockId(hasher, source, 7)
    expect(id).toBe(Base32.encode(Buffer.concat([place, sha256(Buffer.concat(parts)).subarray(0, 20)])))
    const { members: _members, ...unplaced } = source
    expect(Buffer.from(BlockIds.placeOf(BlockIds.scatteredPlace(hasher, unplaced, 7)))).toEqual(Buffer.from(place))
    expect(BlockIds.isScattered(id, source.collection)).toBe(true)
    expect(BlockIds.isScattered(BlockIds.blockId(hasher, source, 7), source.collection)).toBe(false)
    expect(BlockIds.isScattered(source.collection, source.collection)).toBe(false)
  })

  it("a block's id differs with every part of what it is made of", () => {
    const other = <K extends keyof BlockIds.IdSource>(key: K, value: BlockIds.IdSource[K]) =>
      BlockIds.blockId(hasher, { ...source, [key]: value }, 0)
    const ids = [
      BlockIds.blockId(hasher, source, 0),
      BlockIds.blockId(hasher, source, 1),
      other("author", "ed25519:other" as PublicKey),
      other("collection", BlockIds.collectionId(hasher, "cars")),
      other("members", ["a"] as unknown as ReadonlyArray<PeerId>),
      other("stamp", { ...stamp, time: 2 }),
      other("stamp", { ...stamp, nonce: "baaaaaaaaaaaaaaaaaaaaaaaaa" })
    ]
    expect(new Set(ids).size).toBe(ids.length)
  })

  it("stamp and action ids are hashes of what they name", () => {
    const id = BlockIds.stampId(hasher, source.author, { time: 1, nonce: stamp.nonce })
    const expected = sha256(Buffer.concat([source.author, JSON.stringify(stamp)].map(withLength)))
    expect(id).toBe(Base32.encode(expected))
    expect(Schema.is(StampId)(id)).toBe(true)
    for (const author of ["ü", "x".repeat(127), "x".repeat(128)]) {
      const parts = [author, JSON.stringify(stamp)].map(withLength)
      const other = BlockIds.stampId(hasher, author as PublicKey, { ...stamp })
      expect(other).toBe(Base32.encode(sha256(Buffer.concat(parts))))
    }
    const manifest = { version: 1, author: source.author } as unknown as Manifest
    expect(BlockIds.actionId(hasher, manifest)).toBe(Base32.encode(sha256('{"author":"ed25519:author","version":1}')))
    expect(Schema.is(ActionId)(BlockIds.actionId(hasher, manifest))).toBe(true)
  })

  it("a place is asked for of ids only", () => {
    expect(() => BlockIds.placeOf("no id!" as BlockId)).toThrow("no id!")
  })
})
