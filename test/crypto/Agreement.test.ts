import { ed25519 } from "@noble/curves/ed25519.js"
import { sha512 } from "@noble/hashes/sha2.js"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import type * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { fromSeed, type Identity } from "../../layers/crypto/Identity.ts"
import * as NobleCrypto from "../../layers/crypto/NobleCrypto.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import type { PublicKey } from "../../schemas/Ids.ts"
import { Hasher } from "../../services/Hasher.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { publicKeyOf } from "../../src/encoding/PeerIdentity.ts"
import {
  fromHex,
  MIXED_ORDER_KEY,
  NON_CANONICAL_KEYS,
  NOT_ON_CURVE_KEY,
  RFC8032_VECTORS,
  SMALL_ORDER_KEYS
} from "../conformance/cryptoVectors.ts"

const Point = ed25519.Point
const ORDER = Point.CURVE().n
const ORDER_8_POINT = Point.fromHex(SMALL_ORDER_KEYS[4])

const built = (layer: Layer.Layer<Hasher | Signer | Verifier>) => {
  const context = Effect.runSync(Effect.provide(Effect.context<Hasher | Signer | Verifier>(), layer))
  return {
    hasher: Context.get(context, Hasher),
    signer: Context.get(context, Signer),
    verifier: Context.get(context, Verifier)
  }
}
const both = (identity: Identity) => [built(NodeCrypto.layer(identity)), built(NobleCrypto.layer(identity))] as const

const seeds = FastCheck.uint8Array({ minLength: 32, maxLength: 32 })
const texts = FastCheck.string({ unit: "binary", maxLength: 200 })
const RUNS = { numRuns: 20 }

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
const toNumber = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

type Point = InstanceType<typeof Point>

/** A signature with R and its discrete logarithm chosen at will, over a key whose torsion may be chosen too. */
const signWith = (seed: Uint8Array, key: Uint8Array, text: string, nonce: bigint, commitment: Point): Uint8Array => {
  const message = new TextEncoder().encode(text)
  const R = commitment.toBytes()
  const challenge = toNumber(sha512(Uint8Array.from([...R, ...key, ...message]))) % ORDER
  const secret = ed25519.utils.getExtendedPublicKey(seed).scalar
  return Uint8Array.from([...R, ...littleEndian((nonce + challenge * secret) % ORDER)])
}

describe("node:crypto and noble", () => {
  it("make the key and the signatures of RFC 8032", () => {
    for (const { seed, key, text, signature } of RFC8032_VECTORS) {
      for (const { signer } of both(fromSeed(fromHex(seed)))) {
        expect(signer.publicKey).toBe(publicKeyOf(fromHex(key)))
        expect(signer.sign(text)).toEqual(fromHex(signature))
      }
    }
  })

  it("make equal digests and equal signatures, and verify each other's", () => {
    FastCheck.assert(
      FastCheck.property(seeds, texts, (seed, text) => {
        const [node, noble] = both(fromSeed(seed))
        expect(node.hasher.sha256(text)).toEqual(noble.hasher.sha256(text))
        expect(node.signer.publicKey).toBe(noble.signer.publicKey)
        expect(node.signer.peer).toBe(noble.signer.peer)
        const signature = node.signer.sign(text)
        expect(noble.signer.sign(text)).toEqual(signature)
        expect(node.verifier.verify(noble.signer.publicKey, text, noble.signer.sign(text))).toBe(true)
        expect(noble.verifier.verify(node.signer.publicKey, text, signature)).toBe(true)
      }),
      RUNS
    )
  })

  it("give the same verdict on whatever a hostile signer makes", () => {
    const [node, noble] = both(fromSeed(new Uint8Array(32)))
    const verdict = (key: Uint8Array, text: string, signature: Uint8Array): boolean => {
      const publicKey: PublicKey = publicKeyOf(key)
      expect(node.verifier.accepts(publicKey)).toBe(noble.verifier.accepts(publicKey))
      const fromNode = node.verifier.verify(publicKey, text, signature)
      expect(noble.verifier.verify(publicKey, text, signature)).toBe(fromNode)
      return fromNode
    }
    FastCheck.assert(
      FastCheck.property(
        seeds,
        texts,
        FastCheck.bigInt(1n, ORDER - 1n),
        FastCheck.integer({ min: 1, max: 7 }),
        (seed, text, nonce, times) => {
          const torsion = ORDER_8_POINT.multiplyUnsafe(BigInt(times))
          const honest = ed25519.getPublicKey(seed)
          const mixed = Point.fromBytes(honest).add(torsion).toBytes()
          const commitment = Point.BASE.multiply(nonce)

          const valid = signWith(seed, honest, text, nonce, commitment)
          expect(verdict(honest, text, valid)).toBe(true)
          // S = k·a, R = 0: both equations hold and every encoding is canonical, but not every version of Node takes it.
          expect(verdict(honest, text, signWith(seed, honest, text, 0n, Point.ZERO))).toBe(false)

          expect(verdict(honest, text, signWith(seed, honest, text, nonce, commitment.add(torsion)))).toBe(false)
          expect(verdict(honest, text, signWith(seed, honest, text, 0n, torsion))).toBe(false)
          expect(verdict(mixed, text, signWith(seed, mixed, text, nonce, commitment))).toBe(false)
          expect(verdict(mixed, text, signWith(seed, mixed, text, nonce, commitment.add(torsion)))).toBe(false)
          const unreduced = littleEndian(toNumber(valid.slice(32)) + ORDER)
          expect(verdict(honest, text, Uint8Array.from([...valid.slice(0, 32), ...unreduced]))).toBe(false)
        }
      ),
      RUNS
    )
  })

  it("give the same verdict on every bad key and bad R, and on random bytes", () => {
    const [node, noble] = both(fromSeed(new Uint8Array(32)))
    const keys = [...SMALL_ORDER_KEYS, ...NON_CANONICAL_KEYS, NOT_ON_CURVE_KEY, MIXED_ORDER_KEY].map(fromHex)
    const zeroScalar = new Uint8Array(32)
    for (const bytes of keys) {
      const asCommitment = Uint8Array.from([...bytes, ...zeroScalar])
      for (const key of [publicKeyOf(bytes), node.signer.publicKey]) {
        const verdicts = [node, noble].map(({ verifier }) => [
          verifier.accepts(key),
          verifier.verify(key, "", asCommitment)
        ])
        expect(verdicts[0]).toEqual(verdicts[1])
      }
    }
    FastCheck.assert(
      FastCheck.property(seeds, FastCheck.uint8Array({ minLength: 60, maxLength: 68 }), (raw, signature) => {
        const key = publicKeyOf(raw)
        expect(node.verifier.accepts(key)).toBe(noble.verifier.accepts(key))
        expect(node.verifier.verify(key, "", signature)).toBe(noble.verifier.verify(key, "", signature))
      }),
      { numRuns: 50 }
    )
  })
})
