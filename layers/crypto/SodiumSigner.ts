/**
 * Signing on libsodium, where the optional dependency `sodium-native` is installed: the signatures of `NodeCrypto.ts`, byte
 * for byte, in half the time. Verifying stays with `node:crypto`: libsodium multiplies by the cofactor, and so takes
 * signatures that other members refuse.
 */
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { PUBLIC_KEY_BYTES } from "../../src/encoding/PeerIdentity.ts"
import { SEED_BYTES, SIGNATURE_BYTES } from "./Ed25519.ts"
import type { Identity } from "./Identity.ts"
import * as NodeCrypto from "./NodeCrypto.ts"

/** The library is not installed, or not for this platform. */
export class SodiumMissing extends Data.TaggedError("SodiumMissing")<{ readonly reason: string }> {
  override get message() {
    return `sodium-native cannot be loaded: ${this.reason}`
  }
}

type Sign = SignerService["sign"]

/** Signing as an identity. Loads the library, once per process: 40 ms, and 10 MB. */
const load = ({ seed }: Identity): Effect.Effect<Sign, SodiumMissing> =>
  Effect.tryPromise({
    try: async (): Promise<Sign> => {
      const { default: sodium } = await import("sodium-native")
      const secretKey = new Uint8Array(SEED_BYTES + PUBLIC_KEY_BYTES)
      sodium.crypto_sign_seed_keypair(new Uint8Array(PUBLIC_KEY_BYTES), secretKey, Redacted.value(seed))
      return (text) => {
        const signature = new Uint8Array(SIGNATURE_BYTES)
        sodium.crypto_sign_detached(signature, Buffer.from(text), secretKey)
        return signature
      }
    },
    catch: (cause) => new SodiumMissing({ reason: cause instanceof Error ? cause.message : String(cause) })
  })

/** Signing as an identity, on libsodium from the first signature on. */
export const layer = (identity: Identity): Layer.Layer<Signer, SodiumMissing> =>
  Layer.effect(
    Signer,
    Effect.zipWith(Signer, load(identity), (signer, sign) => ({ ...signer, sign }))
  ).pipe(Layer.provide(NodeCrypto.layerSigner(identity)))

/** After so many signatures it pays to load the library; what the command line runs makes fewer, as a rule. */
const WORTH_LOADING = 100

/** Signing as an identity: on `node:crypto` at first, and for good where the library is missing; on libsodium once busy. */
export const layerOnceBusy = (identity: Identity): Layer.Layer<Signer> =>
  Layer.scoped(
    Signer,
    Effect.gen(function* () {
      const signer = yield* Signer
      let { sign } = signer
      let signed = 0
      const isBusy = yield* Deferred.make<void>()
      yield* Deferred.await(isBusy).pipe(
        Effect.zipRight(load(identity)),
        Effect.tap((faster) => {
          sign = faster
        }),
        Effect.ignore,
        Effect.forkScoped
      )
      return {
        ...signer,
        sign: (text) => {
          if (++signed === WORTH_LOADING) Deferred.unsafeDone(isBusy, Effect.void)
          return sign(text)
        }
      }
    })
  ).pipe(Layer.provide(NodeCrypto.layerSigner(identity)))
