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
import * as SodiumCrypto from "../../layers/crypto/SodiumCrypto.ts"
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

const built = async <E>(layer: Layer.Layer<Hasher | Signer | Verifier, E>) => {
  const context = await Effect.runPromise(Effect.provide(Effect.context<Hasher | Signer | Verifier>(), layer))
  return {
    hasher: Context.get(context, Hasher),
    signer: Context.get(context, Signer),
    verifier: Context.get(context, Verifier)
  }
}

const all = (identity: Identity) =>
  Promise.all([
    built(NodeCrypto.layer(identity)),
    built(NobleCrypto.layer(identity)),
    built(SodiumCrypto.layer(identity))
  ])

/** The verdict of all, which is one. */
const makeVerdict = async () => {
  const verifiers = (await all(fromSeed(new Uint8Array(32)))).map(({ verifier }) => verifier)
  const one = (verdicts: ReadonlyArray<boolean>): boolean => {
    expect([verdicts.every(Boolean), verdicts.some(Boolean)]).toEqual([verdicts[0], verdicts[0]])
    return verdicts[0]!
  }
  return (key: Uint8Array, text: string, signature: Uint8Array) => {
    const publicKey = publicKeyOf(key)
    one(verifiers.map((verifier) => verifier.accepts(publicKey)))
    return one(verifiers.map((verifier) => verifier.verify(publicKey, text, signature)))
  }
}

const seeds = FastCheck.uint8Array({ minLength: 32, maxLength: 32 })
const texts = FastCheck.string({ unit: "binary", maxLength: 200 })
const RUNS = { numRuns: 20 }

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
const toNumber = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

/** The encodings of y = 0, 1 and -1 that are not canonical: by their y, or by the sign of their x. */
const NON_CANONICAL_SMALL_ORDER = [
  ...["ed", "ee"].flatMap((low) => [`${low}${"ff".repeat(30)}7f`, `${low}${"ff".repeat(31)}`]),
  `01${"00".repeat(30)}80`,
  `ec${"ff".repeat(31)}`
]

/** Every multiple of the order that S can be raised by in 32 bytes. */
const raised = (signature: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: 15 }, (_, index) => toNumber(signature.slice(32)) + ORDER * BigInt(index + 1))
    .filter((scalar) => scalar < 1n << 256n)
    .map((scalar) => Uint8Array.from([...signature.slice(0, 32), ...littleEndian(scalar)]))

/** A signature with R and its discrete logarithm chosen at will, over a key whose torsion may be chosen too. */
const signWith = (seed: Uint8Array, key: Uint8Array, text: string, nonce: bigint, R: Uint8Array): Uint8Array => {
  const message = new TextEncoder().encode(text)
  const challenge = toNumber(sha512(Uint8Array.from([...R, ...key, ...message]))) % ORDER
  const secret = ed25519.utils.getExtendedPublicKey(seed).scalar
  return Uint8Array.from([...R, ...littleEndian((nonce + challenge * secret) % ORDER)])
}

describe("node:crypto, noble and libsodium", () => {
  it("make the key and the signatures of RFC 8032", async () => {
    for (const { seed, key, text, signature } of RFC8032_VECTORS) {
      for (const { signer } of await all(fromSeed(fromHex(seed)))) {
        expect(signer.publicKey).toBe(publicKeyOf(fromHex(key)))
        expect(signer.sign(text)).toEqual(fromHex(signature))
      }
    }
  })

  it("make equal digests and equal signatures, and verify each other's", async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(seeds, texts, async (seed, text) => {
        const [first, ...others] = await all(fromSeed(seed))
        const { peer, publicKey } = first.signer
        const signature = first.signer.sign(text)
        for (const { hasher, signer, verifier } of others) {
          expect(hasher.sha256(text)).toEqual(first.hasher.sha256(text))
          expect([signer.publicKey, signer.peer]).toEqual([publicKey, peer])
          expect(signer.sign(text)).toEqual(signature)
          expect(verifier.verify(publicKey, text, signature)).toBe(true)
        }
        expect(first.verifier.verify(publicKey, text, signature)).toBe(true)
      }),
      RUNS
    )
  })

  it("give the same verdict on whatever a hostile signer makes", async () => {
    const verdict = await makeVerdict()
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
          const plainR = Point.BASE.multiply(nonce).toBytes()
          const mixedR = Point.BASE.multiply(nonce).add(torsion).toBytes()

          const valid = signWith(seed, honest, text, nonce, plainR)
          expect(verdict(honest, text, valid)).toBe(true)
          for (const signature of raised(valid)) expect(verdict(honest, text, signature)).toBe(false)
          expect(verdict(honest, text, signWith(seed, honest, text, nonce, mixedR))).toBe(false)
          expect(verdict(mixed, text, signWith(seed, mixed, text, nonce, plainR))).toBe(false)
          expect(verdict(mixed, text, signWith(seed, mixed, text, nonce, mixedR))).toBe(false)
        }
      ),
      RUNS
    )
  })

  it("take no R of small order, however it is encoded", async () => {
    // S = k·a. Where R is neutral, both equations of RFC 8032 hold, and not every version of Node takes it.
    const verdict = await makeVerdict()
    const encodings = [...SMALL_ORDER_KEYS, ...NON_CANONICAL_SMALL_ORDER].map(fromHex)
    FastCheck.assert(
      FastCheck.property(seeds, texts, (seed, text) => {
        const honest = ed25519.getPublicKey(seed)
        for (const R of encodings) expect(verdict(honest, text, signWith(seed, honest, text, 0n, R))).toBe(false)
      }),
      { numRuns: 5 }
    )
  })

  it("give the same verdict on every bad key and bad R, and on random bytes", async () => {
    const verdict = await makeVerdict()
    const honest = fromHex(RFC8032_VECTORS[0].key)
    for (const bytes of [...SMALL_ORDER_KEYS, ...NON_CANONICAL_KEYS, NOT_ON_CURVE_KEY, MIXED_ORDER_KEY].map(fromHex)) {
      const asCommitment = Uint8Array.from([...bytes, ...new Uint8Array(32)])
      for (const key of [bytes, honest]) expect(verdict(key, "", asCommitment)).toBe(false)
    }
    FastCheck.assert(
      FastCheck.property(seeds, FastCheck.uint8Array({ minLength: 60, maxLength: 68 }), (raw, signature) => {
        expect(verdict(raw, "", signature)).toBe(false)
        expect(verdict(honest, "", signature)).toBe(false)
      }),
      { numRuns: 50 }
    )
  })
})
