/**
 * Signatures as symbols. A signature is the number under which a notary noted who signed what: nobody can make one up, and
 * to check one is to look it up. What the protocol promises must not hang on more than that.
 */
import type { PublicKey } from "../../schemas/Ids.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { VerifierService } from "../../services/Verifier.ts"
import { PUBLIC_KEY_BYTES, peerIdOf, publicKeyOf } from "../../src/encoding/PeerIdentity.ts"

const SIGNATURE_BYTES = 8

/** Signs and verifies for everybody in a scene. */
export class Notary {
  readonly #numbers = new Map<string, number>()

  readonly verifier: VerifierService = {
    accepts: () => true,
    verify: (key, text, signature) =>
      signature.length === SIGNATURE_BYTES && this.#numbers.get(noted(key, text)) === numberIn(signature)
  }

  /** Somebody with the key of this number; `tell` hears every text that is signed with it. */
  signer(number: number, tell: (text: string) => void = () => {}): SignerService {
    const publicKey = publicKeyOf(new Uint8Array(PUBLIC_KEY_BYTES).fill(number))
    return {
      peer: peerIdOf(publicKey),
      publicKey,
      sign: (text) => {
        tell(text)
        return this.#note(noted(publicKey, text))
      }
    }
  }

  #note(entry: string): Uint8Array {
    const number = this.#numbers.get(entry) ?? this.#numbers.size
    this.#numbers.set(entry, number)
    const bytes = new Uint8Array(SIGNATURE_BYTES)
    new DataView(bytes.buffer).setUint32(0, number)
    return bytes
  }
}

const noted = (key: PublicKey, text: string): string => `${key} ${text}`

const numberIn = (signature: Uint8Array): number =>
  new DataView(signature.buffer, signature.byteOffset, SIGNATURE_BYTES).getUint32(0)
