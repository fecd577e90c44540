import { expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { afterEach, describe, vi } from "vitest"
import { fromSeed, type Identity } from "../../layers/crypto/Identity.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as SodiumSigner from "../../layers/crypto/SodiumSigner.ts"
import { Signer } from "../../services/Signer.ts"

const identity = fromSeed(new Uint8Array(32).fill(9))

const signerOf = <E>(layer: Layer.Layer<Signer, E>) => Effect.map(Layer.build(layer), Context.get(Signer))
const reference = (identity: Identity) => Effect.scoped(signerOf(NodeCrypto.layerSigner(identity)))

const SIGNATURES = 300

/** Many signatures in a row, while a library may be loading. */
const signedInARow = Effect.gen(function* () {
  const signer = yield* signerOf(SodiumSigner.layerOnceBusy(identity))
  const node = yield* reference(identity)
  expect(signer.publicKey).toBe(node.publicKey)
  for (let i = 0; i < SIGNATURES; i++) {
    expect(signer.sign(`text ${i}`)).toEqual(node.sign(`text ${i}`))
    yield* Effect.sleep(0)
  }
})

afterEach(() => {
  vi.doUnmock("sodium-native")
})

describe("signing on libsodium", () => {
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
                  const signer = yield* signerOf(SodiumSigner.layer(fromSeed(seed)))
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

  it.scopedLive("begins in the midst of signing, and nobody sees the difference", () => signedInARow)

  it.scopedLive("signs on it once busy, and not before", () =>
    Effect.gen(function* () {
      let signed = 0
      vi.doMock("sodium-native", async () => {
        const { default: sodium } = await vi.importActual<typeof import("sodium-native")>("sodium-native")
        const counting: typeof sodium.crypto_sign_detached = (...given) => {
          signed += 1
          sodium.crypto_sign_detached(...given)
        }
        return { default: { ...sodium, crypto_sign_detached: counting } }
      })
      const { sign } = yield* signerOf(SodiumSigner.layerOnceBusy(identity))
      for (let i = 0; i < 99; i++) sign(`text ${i}`)
      yield* Effect.sleep("100 millis")
      sign("the hundredth")
      expect(signed).toBe(0)
      while (signed === 0) {
        yield* Effect.sleep("1 millis")
        sign("one more")
      }
    })
  )

  it.scopedLive("fails to start where the library is missing", () =>
    Effect.gen(function* () {
      vi.doMock("sodium-native", () => {
        throw new Error("no such package")
      })
      const failure = yield* Effect.flip(signerOf(SodiumSigner.layer(identity)))
      expect(failure._tag).toBe("SodiumMissing")
      expect(failure.message).toContain("sodium-native cannot be loaded")
    })
  )

  it.scopedLive("stays on node:crypto where the library is missing", () => {
    vi.doMock("sodium-native", () => {
      throw new Error("no such package")
    })
    return signedInARow
  })
})
