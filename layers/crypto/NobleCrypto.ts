/**
 * Hashing and Ed25519 in plain JavaScript: for runtimes without `node:crypto`. Gives the same answers as
 * `NodeCrypto.ts`, byte for byte.
 */
import { ed25519 } from "@noble/curves/ed25519.js"
import { bytesToNumberLE, concatBytes, equalBytes } from "@noble/curves/utils.js"
import { sha256, sha512 } from "@noble/hashes/sha2.js"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { peerIdOf, publicKeyOf } from "../../src/encoding/PeerIdentity.ts"
import { SIGNATURE_BYTES } from "./Ed25519.ts"
import type { Identity } from "./Identity.ts"
import type { KeyCacheLimits } from "./KeyCache.ts"
import { type Equation, makeStrictVerifier } from "./StrictVerifier.ts"

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

/** A key to check signatures with. */
interface NobleKey {
  readonly raw: Uint8Array
  readonly point: InstanceType<typeof ed25519.Point>
}

const { BASE, Fn } = ed25519.Point
/** A signature is R, then S. */
const R_BYTES = SIGNATURE_BYTES / 2

/**
 * The equation in plain JavaScript: a millisecond. Not `ed25519.verify`, which multiplies by the cofactor and so takes an R with a
 * component of small order; to look for that in R costs as much again.
 */
export const equation: Equation<NobleKey> = {
  prepare: (raw) => ({ raw, point: ed25519.Point.fromBytes(raw) }),
  holds: ({ point, raw }, text, signature) => {
    const R = signature.subarray(0, R_BYTES)
    const S = bytesToNumberLE(signature.subarray(R_BYTES))
    if (!Fn.isValid(S)) return false
    const k = Fn.create(bytesToNumberLE(sha512(concatBytes(R, raw, encoder.encode(text)))))
    return equalBytes(R, BASE.multiplyUnsafe(S).subtract(point.multiplyUnsafe(k)).toBytes())
  }
}

/** Hashing. */
export const layerHasher: Layer.Layer<Hasher> = Layer.succeed(Hasher, hasher)

/** Verifying, with other limits than `defaultKeyCacheLimits`. */
export const layerVerifierWith = (limits: Partial<KeyCacheLimits>): Layer.Layer<Verifier> =>
  Layer.sync(Verifier, () => makeStrictVerifier(limits, equation))

/** Verifying. */
export const layerVerifier: Layer.Layer<Verifier> = layerVerifierWith({})

/** Signing as an identity. */
export const layerSigner = (identity: Identity): Layer.Layer<Signer> => Layer.sync(Signer, () => makeSigner(identity))

/** Hashing, verifying, and signing as an identity. */
export const layer = (identity: Identity): Layer.Layer<Hasher | Signer | Verifier> =>
  Layer.mergeAll(layerHasher, layerVerifier, layerSigner(identity))
