/**
 * Hashing and Ed25519 on `node:crypto`. The default: about ten times as fast as `NobleCrypto.ts`.
 */
import * as Crypto from "node:crypto"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { PUBLIC_KEY_BYTES, peerIdOf, publicKeyOf } from "../../src/encoding/PeerIdentity.ts"
import type { Identity } from "./Identity.ts"
import type { KeyCacheLimits } from "./KeyCache.ts"
import { type Equation, makeStrictVerifier } from "./StrictVerifier.ts"

/** What stands before the seed of a private key in PKCS #8, and before the bytes of a public key in SPKI. RFC 8410. */
const PKCS8_HEADER = Buffer.from("302e020100300506032b657004220420", "hex")
const SPKI_HEADER = Buffer.from("302a300506032b6570032100", "hex")

/** The same bytes, without what a `Buffer` adds: its `slice` shares memory where that of a `Uint8Array` copies. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)

const hasher: HasherService = {
  sha256:
    // Half the cost of a hash object; missing in other runtimes that offer node:crypto.
    typeof Crypto.hash === "function"
      ? (data) => plain(Crypto.hash("sha256", data, "buffer"))
      : (data) => plain(Crypto.createHash("sha256").update(data).digest())
}

const makeSigner = (identity: Identity): SignerService => {
  const privateKey = Crypto.createPrivateKey({
    key: Buffer.concat([PKCS8_HEADER, Redacted.value(identity.seed)]),
    format: "der",
    type: "pkcs8"
  })
  const spki = Crypto.createPublicKey(privateKey).export({ format: "der", type: "spki" })
  const publicKey = publicKeyOf(spki.subarray(-PUBLIC_KEY_BYTES))
  return {
    publicKey,
    peer: peerIdOf(publicKey),
    sign: (text) => plain(Crypto.sign(null, Buffer.from(text), privateKey))
  }
}

/** The equation on OpenSSL: 107 µs. */
export const equation: Equation<Crypto.KeyObject> = {
  prepare: (raw) => Crypto.createPublicKey({ key: Buffer.concat([SPKI_HEADER, raw]), format: "der", type: "spki" }),
  holds: (key, text, signature) => Crypto.verify(null, Buffer.from(text), key, signature)
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
