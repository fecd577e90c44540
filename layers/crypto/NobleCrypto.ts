/**
 * Hashing and Ed25519 in plain JavaScript: for runtimes without `node:crypto`. Gives the same answers as
 * `NodeCrypto.ts`, byte for byte.
 */
import { ed25519 } from "@noble/curves/ed25519.js"
import { sha256 } from "@noble/hashes/sha2.js"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { Verifier, type VerifierService } from "../../services/Verifier.ts"
import { peerIdOf, publicKeyOf } from "../../src/encoding/PeerIdentity.ts"
import { hasNeutralCommitment, SIGNATURE_BYTES } from "./Ed25519.ts"
import type { Identity } from "./Identity.ts"
import { defaultKeyCacheLimits, type KeyCacheLimits, makeKeyCache } from "./KeyCache.ts"

const encoder = new TextEncoder()

const hasher: HasherService = {
  sha256: (data) => sha256(typeof data === "string" ? encoder.encode(data) : data)
}

const makeSigner = (identity: Identity): SignerService => {
  const seed = Redacted.value(identity.seed)
  const publicKey = publicKeyOf(ed25519.getPublicKey(seed))
  return {
    publicKey,
    peer: peerIdOf(publicKey),
    sign: (text) => ed25519.sign(encoder.encode(text), seed)
  }
}

const makeVerifier = (limits: KeyCacheLimits): VerifierService => {
  const rawKeyOf = makeKeyCache(limits, (raw) => raw)
  return {
    accepts: (key) => rawKeyOf(key) !== undefined,
    verify: (key, text, signature) => {
      if (signature.length !== SIGNATURE_BYTES || hasNeutralCommitment(signature)) return false
      const raw = rawKeyOf(key)
      return (
        raw !== undefined &&
        ed25519.verify(signature, encoder.encode(text), raw, { zip215: false }) &&
        hasPlainCommitment(signature)
      )
    }
  }
}

/**
 * Whether the first half of a signature, a point R, is free of a small-order component. Of the two equations that RFC
 * 8032 §5.1.7 allows, the library checks the one that multiplies by the cofactor and so ignores such a component;
 * OpenSSL checks the other. Under a key that has none itself, the two differ on exactly this.
 */
const hasPlainCommitment = (signature: Uint8Array): boolean =>
  ed25519.Point.fromBytes(signature.subarray(0, SIGNATURE_BYTES / 2)).isTorsionFree()

/** Hashing. */
export const layerHasher: Layer.Layer<Hasher> = Layer.succeed(Hasher, hasher)

/** Verifying, with other limits than {@link defaultKeyCacheLimits}. */
export const layerVerifierWith = (limits: Partial<KeyCacheLimits>): Layer.Layer<Verifier> =>
  Layer.sync(Verifier, () => makeVerifier({ ...defaultKeyCacheLimits, ...limits }))

/** Verifying. */
export const layerVerifier: Layer.Layer<Verifier> = layerVerifierWith({})

/** Signing as an identity. */
export const layerSigner = (identity: Identity): Layer.Layer<Signer> => Layer.sync(Signer, () => makeSigner(identity))

/** Hashing, verifying, and signing as an identity. */
export const layer = (identity: Identity): Layer.Layer<Hasher | Signer | Verifier> =>
  Layer.mergeAll(layerHasher, layerVerifier, layerSigner(identity))
