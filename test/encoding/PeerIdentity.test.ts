import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { base58btc } from "multiformats/bases/base58"
import { describe, expect, it } from "vitest"
import { PeerId, PublicKey } from "../../schemas/Ids.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import {
  parsePublicKey,
  peerIdOf,
  publicKeyOf,
  publicKeyOfPeer,
  rawPublicKey
} from "../../src/encoding/PeerIdentity.ts"
import { fromHex } from "../conformance/cryptoVectors.ts"

const rawKeys = FastCheck.uint8Array({ minLength: 32, maxLength: 32 })

describe("PeerIdentity", () => {
  it("gives the peer ids that libp2p gives", () => {
    const known = {
      // A peer id that rust-libp2p parses in the tests of its users.
      da91decf6f4c769327ca8ff03986e66fcfe6c59dca63d68c5ee359e52f8dc6e6:
        "12D3KooWQXa4AdCEZWe9QwoHnrANyMAXirozBdroNHkkvTMhT8bf",
      // The node key 00…01, as it stands in the tutorials of Substrate.
      "4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29":
        "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
    }
    for (const [raw, peer] of Object.entries(known)) {
      const key = publicKeyOf(fromHex(raw))
      expect(peerIdOf(key)).toBe(peer)
      expect(publicKeyOfPeer(peer as PeerId)).toBe(key)
    }
  })

  it("writes a peer id as base58btc of an identity multihash of the key's protobuf message", () => {
    FastCheck.assert(
      FastCheck.property(rawKeys, (raw) => {
        const bytes = base58btc.baseDecode(peerIdOf(publicKeyOf(raw)))
        expect(bytes).toEqual(Uint8Array.from([0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...raw]))
      })
    )
  })

  it("converts key, bytes and peer id into each other without loss, in the shapes of the schemas", () => {
    FastCheck.assert(
      FastCheck.property(rawKeys, (raw) => {
        const key = publicKeyOf(raw)
        expect(Schema.is(PublicKey)(key)).toBe(true)
        expect(Schema.is(PeerId)(peerIdOf(key))).toBe(true)
        expect(rawPublicKey(key)).toEqual(Uint8Array.from(raw))
        expect(publicKeyOfPeer(peerIdOf(key))).toBe(key)
      })
    )
  })

  it("still knows every peer after more keys than it remembers", () => {
    const keys = Array.from({ length: 3000 }, (_, index) => {
      const raw = new Uint8Array(32)
      new DataView(raw.buffer).setUint32(0, index)
      return publicKeyOf(raw)
    })
    const peers = keys.map(peerIdOf)
    expect(new Set(peers).size).toBe(keys.length)
    expect(keys.map(peerIdOf)).toEqual(peers)
  })

  it("finds no key in what is not the peer id of an Ed25519 key", () => {
    const key = publicKeyOf(new Uint8Array(32).fill(7))
    const peer = peerIdOf(key)
    const otherType = base58btc.baseEncode(Uint8Array.from([0x00, 0x24, 0x08, 0x02, 0x12, 0x20, ...new Uint8Array(32)]))
    const rejected = [
      "",
      "12D3KooW",
      peer.slice(0, -1),
      `${peer}1`,
      ` ${peer.slice(1)}`,
      `${peer.slice(0, -1)} `,
      `${peer.slice(0, -1)}0`,
      otherType,
      // A peer id of an RSA key: a sha256 multihash.
      "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
      "z".repeat(52),
      "1".repeat(52),
      "z".repeat(1_000_000)
    ]
    for (const text of rejected) expect(publicKeyOfPeer(text as PeerId), text.slice(0, 60)).toBeUndefined()
  })

  it("parses no other text as a key, and dies when such a text is used as one", () => {
    const key = publicKeyOf(new Uint8Array(32).fill(7))
    const unusedBitSet = `${key.slice(0, -1)}b`
    for (const text of [
      "",
      key.slice(0, -1),
      `${key}a`,
      unusedBitSet,
      key.toUpperCase(),
      Base32.encode(new Uint8Array(37))
    ]) {
      expect(parsePublicKey(text), text).toBeUndefined()
      expect(() => rawPublicKey(text as PublicKey)).toThrow(RangeError)
      expect(() => peerIdOf(text as PublicKey)).toThrow(RangeError)
    }
    expect(() => publicKeyOf(new Uint8Array(31))).toThrow(RangeError)
  })
})
