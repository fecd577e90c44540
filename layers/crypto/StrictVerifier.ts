/**
 * The one verdict of all members on a signature, whatever library multiplies the points. See decision 7.
 */
import type { VerifierService } from "../../services/Verifier.ts"
import { hasNeutralCommitment, SIGNATURE_BYTES } from "./Ed25519.ts"
import { defaultKeyCacheLimits, type KeyCacheLimits, makeKeyCache } from "./KeyCache.ts"

/** How a library checks a signature: what is left of verifying once key and length are known to be good. */
export interface Equation<Key extends object> {
  /** What the library checks with, of the 32 bytes of a key. Sees only keys that may be used. */
  readonly prepare: (raw: Uint8Array) => Key
  /**
   * Whether 64 bytes (R, S) are a signature over the UTF-8 of a text: S below the group order, and the bytes of R those of
   * [S]B - [k]A. RFC 8032 §5.1.7, the equation without the cofactor.
   */
  readonly holds: (key: Key, text: string, signature: Uint8Array) => boolean
}

/** A verifier over the equation of a library. */
export const makeStrictVerifier = <Key extends object>(
  limits: Partial<KeyCacheLimits>,
  { holds, prepare }: Equation<Key>
): VerifierService => {
  const preparedKeyOf = makeKeyCache({ ...defaultKeyCacheLimits, ...limits }, prepare)
  return {
    accepts: (key) => preparedKeyOf(key) !== undefined,
    verify: (key, text, signature) => {
      if (signature.length !== SIGNATURE_BYTES || hasNeutralCommitment(signature)) return false
      const prepared = preparedKeyOf(key)
      return prepared !== undefined && holds(prepared, text, signature)
    }
  }
}
