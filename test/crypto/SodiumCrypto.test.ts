import { expect, it } from "@effect/vitest"
import { ed25519 } from "@noble/curves/ed25519.js"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { afterEach, describe, vi } from "vitest"
import { fromSeed, type Identity } from "../../layers/crypto/Identity.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as SodiumCrypto from "../../layers/crypto/SodiumCrypto.ts"
import type { PublicKey } from "../../schemas/Ids.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { publicKeyOf } from "../../src/encoding/PeerIdentity.ts"
import {
  fromHex,
  HOSTILE_TEXT,
  MIXED_COMMITMENT_SIGNATURE,
  MIXED_ORDER_KEY,
  MIXED_ORDER_SIGNATURES,
  RFC8032_VECTORS,
  SMALL_ORDER_COMMITMENT_SIGNATURES,
  SMALL_ORDER_KEYS,
  UNIVERSAL_SIGNATURE
} from "../conformance/cryptoVectors.ts"

type Sodium = typeof import("sodium-native")["default"]

const identity = fromSeed(new Uint8Array(32).fill(9))

const signerOf = <E>(layer: Layer.Layer<Signer, E>) => Effect.map(Layer.build(layer), Context.get(Signer))
const reference = (identity: Identity) => Effect.scoped(signerOf(NodeCrypto.layerSigner(identity)))

const onceBusy = Effect.map(Layer.build(SodiumCrypto.layerOnceBusy(identity)), (context) => ({
  signer: Context.get(context, Signer),
  verifier: Context.get(context, Verifier)
}))

type Case = readonly [key: PublicKey, text: string, signature: Uint8Array, verdict: boolean]

const [{ key, signature, text }] = RFC8032_VECTORS
const keyOf = (hex: string) => publicKeyOf(fromHex(hex))

/** What members must be of one mind about, and what that is. */
const cases: ReadonlyArray<Case> = [
  [keyOf(key), text, fromHex(signature), true],
  [keyOf(key), `${text} `, fromHex(signature), false],
  ...[MIXED_COMMITMENT_SIGNATURE, ...SMALL_ORDER_COMMITMENT_SIGNATURES].map(
    (hostile): Case => [keyOf(key), HOSTILE_TEXT, fromHex(hostile), false]
  ),
  ...MIXED_ORDER_SIGNATURES.map((hostile): Case => [keyOf(MIXED_ORDER_KEY), HOSTILE_TEXT, fromHex(hostile), false]),
  [keyOf(SMALL_ORDER_KEYS[0]), text, fromHex(UNIVERSAL_SIGNATURE), false]
]

/** Enough of both that the library is loaded on the way, and a while after. */
const ROUNDS = 60

/** Many signatures made and checked in a row, while a library may be loading. */
const manyInARow = Effect.gen(function* () {
  const { signer, verifier } = yield* onceBusy
  const node = yield* reference(identity)
  expect(signer.publicKey).toBe(node.publicKey)
  for (let round = 0; round < ROUNDS; round++) {
    const made = signer.sign(`text ${round}`)
    expect(made).toEqual(node.sign(`text ${round}`))
    expect(verifier.verify(signer.publicKey, `text ${round}`, made)).toBe(true)
    for (const [key, text, signature, verdict] of cases) expect(verifier.verify(key, text, signature)).toBe(verdict)
    yield* Effect.sleep(0)
  }
})

/** Has the library changed, from now on, and counts what it is asked for. */
const mockSodium = (change: (sodium: Sodium) => Partial<Sodium> = () => ({})) => {
  const calls = { signed: 0, verified: 0 }
  vi.doMock("sodium-native", async () => {
    const { default: real } = await vi.importActual<{ default: Sodium }>("sodium-native")
    const sodium: Sodium = { ...real, ...change(real) }
    const counting: Sodium = {
      ...sodium,
      crypto_sign_detached: (...given) => {
        calls.signed += 1
        sodium.crypto_sign_detached(...given)
      },
      crypto_sign_verify_detached: (...given) => {
        calls.verified += 1
        return sodium.crypto_sign_verify_detached(...given)
      }
    }
    return { default: counting }
  })
  return calls
}

const missing = () =>
  vi.doMock("sodium-native", () => {
    throw new Error("no such package")
  })

/** The library as it would be if it multiplied by the cofactor. */
const cofactored = () =>
  mockSodium(() => ({
    crypto_sign_verify_detached: (signature, message, key) => ed25519.verify(signature, message, key, { zip215: false })
  }))

afterEach(() => {
  vi.doUnmock("sodium-native")
})

describe("signing and verifying on libsodium", () => {
  it.live("makes the signatures of node:crypto, byte for byte", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.uint8Array({ minLength: 32, maxLength: 32 }),
          FastCheck.string({ unit: "binary", maxLength: 3_000 }),
          (seed, text) =>
            Effect.runPromise(
              Effect.scoped(
                Effect.gen(function* () {
                  const signer = yield* signerOf(SodiumCrypto.layer(fromSeed(seed)))
                  const node = yield* reference(fromSeed(seed))
                  expect(signer.publicKey).toBe(node.publicKey)
                  expect(signer.sign(text)).toEqual(node.sign(text))
                })
              )
            )
        ),
        { numRuns: 50 }
      )
    )
  )

  it.scopedLive("begins in the midst of work, and nobody sees the difference", () =>
    Effect.gen(function* () {
      const calls = mockSodium()
      yield* manyInARow
      expect(calls.signed).toBeGreaterThan(0)
      expect(calls.verified).toBeGreaterThan(cases.length)
    })
  )

  it.scopedLive("begins once busy, with signatures made or checked, and not before", () =>
    Effect.gen(function* () {
      const calls = mockSodium()
      const { signer, verifier } = yield* onceBusy
      const made = signer.sign("text")
      const verify = () => verifier.verify(signer.publicKey, "text", made)
      for (let i = 0; i < 49; i++) {
        signer.sign("text")
        verify()
      }
      yield* Effect.sleep("100 millis")
      expect(calls).toEqual({ signed: 0, verified: 0 })
      verify()
      // The first that the library is asked for is which equation it checks.
      while (calls.verified === 0) yield* Effect.sleep("1 millis")
      verify()
      expect(calls.verified).toBe(2)
      signer.sign("text")
      expect(calls.signed).toBe(1)
    })
  )

  it.scopedLive("does not count signatures under keys that may not be used", () =>
    Effect.gen(function* () {
      const calls = mockSodium()
      const { verifier } = yield* onceBusy
      for (let i = 0; i < 200; i++) verifier.verify(keyOf(MIXED_ORDER_KEY), HOSTILE_TEXT, fromHex(signature))
      yield* Effect.sleep("100 millis")
      expect(calls.verified).toBe(0)
    })
  )

  for (const [what, change, reason] of [
    ["is missing", missing, "sodium-native cannot be used: "],
    ["verifies with the cofactor", cofactored, "sodium-native cannot be used: it verifies with the cofactor"]
  ] as const) {
    it.scopedLive(`fails to start where the library ${what}`, () =>
      Effect.gen(function* () {
        change()
        const failure = yield* Effect.flip(signerOf(SodiumCrypto.layer(identity)))
        expect(failure._tag).toBe("SodiumUnusable")
        expect(failure.message).toContain(reason)
      })
    )

    it.scopedLive(`stays on node:crypto where the library ${what}`, () => {
      change()
      return manyInARow
    })
  }
})
