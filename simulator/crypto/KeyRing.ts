/**
 * Keys of a simulation. A signature is a hash of the text with a secret that only its signer and the ring hold: a fiftieth of
 * the cost of Ed25519, and nobody in the simulation can make one of another's, as nobody is given another's signer.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { PublicKey } from "../../schemas/Ids.ts"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { Verifier, type VerifierService } from "../../services/Verifier.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { PUBLIC_KEY_BYTES, peerIdOf, publicKeyOf } from "../../src/encoding/PeerIdentity.ts"
import type { Prng } from "../../src/random/Prng.ts"

/** The length of a signature, in bytes: that of Ed25519. */
const SIGNATURE_BYTES = 64

/** All keys that there are. */
export class KeyRing {
  readonly hasher: HasherService
  readonly #secrets = new Map<PublicKey, string>()

  constructor(hasher: HasherService) {
    this.hasher = hasher
  }

  /** A new key, drawn from a generator. */
  signer(prng: Prng): SignerService {
    const publicKey = publicKeyOf(prng.bytes(PUBLIC_KEY_BYTES))
    const secret = Base32.encode(prng.bytes(PUBLIC_KEY_BYTES))
    this.#secrets.set(publicKey, secret)
    return { peer: peerIdOf(publicKey), publicKey, sign: (text) => this.#signature(secret, text) }
  }

  readonly verifier: VerifierService = {
    accepts: (key) => this.#secrets.has(key),
    verify: (key, text, signature) => {
      const secret = this.#secrets.get(key)
      if (secret === undefined || signature.length !== SIGNATURE_BYTES) return false
      return this.#signature(secret, text).every((byte, i) => byte === signature[i])
    }
  }

  /** Hashing, verifying, and signing with a key. */
  layer(signer: SignerService): Layer.Layer<Hasher | Signer | Verifier> {
    return Layer.succeedContext(
      Context.make(Hasher, this.hasher).pipe(Context.add(Signer, signer), Context.add(Verifier, this.verifier))
    )
  }

  #signature(secret: string, text: string): Uint8Array {
    const half = this.hasher.sha256(`${secret}\n${text}`)
    const signature = new Uint8Array(SIGNATURE_BYTES)
    signature.set(half)
    signature.set(half, half.length)
    return signature
  }
}
