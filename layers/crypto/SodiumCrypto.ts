/**
 * Ed25519 on libsodium, where the optional dependency `sodium-native` is installed: the signatures of `NodeCrypto.ts`, byte
 * for byte, and its verdicts, each in half the time. Hashing is that of `node:crypto`.
 */
import type { KeyObject } from "node:crypto"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Hasher } from "../../services/Hasher.ts"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { PUBLIC_KEY_BYTES } from "../../src/encoding/PeerIdentity.ts"
import { SEED_BYTES, SIGNATURE_BYTES } from "./Ed25519.ts"
import type { Identity } from "./Identity.ts"
import type { KeyCacheLimits } from "./KeyCache.ts"
import * as NodeCrypto from "./NodeCrypto.ts"
import { type Equation, makeStrictVerifier } from "./StrictVerifier.ts"

/** The library is not installed, not for this platform, or of another mind than other members on some signatures. */
export class SodiumUnusable extends Data.TaggedError("SodiumUnusable")<{ readonly reason: string }> {
  override get message() {
    return `sodium-native cannot be used: ${this.reason}`
  }
}

/** What the library does for a node. */
interface Library {
  readonly signAs: (identity: Identity) => SignerService["sign"]
  /** Its keys are the 32 bytes. */
  readonly equation: Equation<Uint8Array>
}

/**
 * A signature that only the equation with the cofactor takes: its R has a component of small order. Made with the first
 * secret key of RFC 8032 §7.1.
 */
const COFACTORED = {
  key: Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex"),
  text: "optimystic",
  signature: Buffer.from(
    "131604d01865fbedf9f662d25311c68a197cf286f2683724873a147fed6ada3592af6c43d1dfdf31818bd81d5d7be411ba01cb2907e1b6dc7e9d5e0a6f381d04",
    "hex"
  )
}

/**
 * Loads the library, once per process: 40 ms, and 10 MB. Some descendants of libsodium multiply by the cofactor, those known
 * to be bundled do not: it is asked, as a member of another mind would never agree with others.
 */
const load: Effect.Effect<Library, SodiumUnusable> = Effect.tryPromise({
  try: async (): Promise<Library> => {
    const { default: sodium } = await import("sodium-native")
    const equation: Equation<Uint8Array> = {
      prepare: (raw) => raw,
      holds: (raw, text, signature) => sodium.crypto_sign_verify_detached(signature, Buffer.from(text), raw)
    }
    const { key, signature, text } = COFACTORED
    if (equation.holds(key, text, signature)) throw new Error("it verifies with the cofactor")
    return {
      equation,
      signAs: ({ seed }) => {
        const secretKey = new Uint8Array(SEED_BYTES + PUBLIC_KEY_BYTES)
        sodium.crypto_sign_seed_keypair(new Uint8Array(PUBLIC_KEY_BYTES), secretKey, Redacted.value(seed))
        return (text) => {
          const signature = new Uint8Array(SIGNATURE_BYTES)
          sodium.crypto_sign_detached(signature, Buffer.from(text), secretKey)
          return signature
        }
      }
    }
  },
  catch: (cause) => new SodiumUnusable({ reason: cause instanceof Error ? cause.message : String(cause) })
})

/** Signing as an identity. */
export const layerSigner = (identity: Identity): Layer.Layer<Signer, SodiumUnusable> =>
  Layer.effect(
    Signer,
    Effect.zipWith(Signer, load, (signer, { signAs }) => ({ ...signer, sign: signAs(identity) }))
  ).pipe(Layer.provide(NodeCrypto.layerSigner(identity)))

/** Verifying, with other limits than `defaultKeyCacheLimits`. */
export const layerVerifierWith = (limits: Partial<KeyCacheLimits>): Layer.Layer<Verifier, SodiumUnusable> =>
  Layer.effect(
    Verifier,
    Effect.map(load, ({ equation }) => makeStrictVerifier(limits, equation))
  )

/** Verifying. */
export const layerVerifier: Layer.Layer<Verifier, SodiumUnusable> = layerVerifierWith({})

/** Hashing, verifying, and signing as an identity, on libsodium from the first signature on. */
export const layer = (identity: Identity): Layer.Layer<Hasher | Signer | Verifier, SodiumUnusable> =>
  Layer.mergeAll(NodeCrypto.layerHasher, layerVerifier, layerSigner(identity))

/** After so many signatures, made or checked, it pays to load the library; what the command line runs has fewer, as a rule. */
const WORTH_LOADING = 100

/** A key for either library, so that none is prepared anew, a millisecond each, when they change. */
interface EitherKey {
  readonly raw: Uint8Array
  readonly keyObject: KeyObject
}

const signerAndVerifier = (identity: Identity) =>
  Effect.gen(function* () {
    const signer = yield* Signer
    let { sign } = signer
    let holds: Equation<EitherKey>["holds"] = ({ keyObject }, text, signature) =>
      NodeCrypto.equation.holds(keyObject, text, signature)
    const isBusy = yield* Deferred.make<void>()
    yield* Deferred.await(isBusy).pipe(
      Effect.zipRight(load),
      Effect.tap(({ equation, signAs }) => {
        sign = signAs(identity)
        holds = ({ raw }, text, signature) => equation.holds(raw, text, signature)
      }),
      Effect.ignore,
      Effect.forkScoped
    )
    let signatures = 0
    const count = () => {
      if (++signatures === WORTH_LOADING) Deferred.unsafeDone(isBusy, Effect.void)
    }
    return Context.make(Signer, {
      ...signer,
      sign: (text) => {
        count()
        return sign(text)
      }
    }).pipe(
      Context.add(
        Verifier,
        makeStrictVerifier<EitherKey>(
          {},
          {
            prepare: (raw) => ({ raw, keyObject: NodeCrypto.equation.prepare(raw) }),
            holds: (key, text, signature) => {
              count()
              return holds(key, text, signature)
            }
          }
        )
      )
    )
  })

/**
 * Hashing, verifying, and signing as an identity: on `node:crypto` at first, and for good where the library cannot be used;
 * on libsodium once busy.
 */
export const layerOnceBusy = (identity: Identity): Layer.Layer<Hasher | Signer | Verifier> =>
  Layer.scopedContext(signerAndVerifier(identity)).pipe(
    Layer.provide(NodeCrypto.layerSigner(identity)),
    Layer.merge(NodeCrypto.layerHasher)
  )
