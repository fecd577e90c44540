/**
 * What every implementation of Ed25519 here agrees on.
 */
import { ed25519 } from "@noble/curves/ed25519.js"

/** The length of a secret seed, in bytes. */
export const SEED_BYTES = 32

/** The length of a signature, in bytes. */
export const SIGNATURE_BYTES = 64

/**
 * Whether 32 bytes are a public key that all implementations treat alike: the canonical encoding of a point of the
 * prime-order subgroup other than its neutral element. Refuses points not on the curve, unreduced coordinates, and
 * every point with a component of small order: signatures by those pass in one library and fail in another (RFC 8032
 * §5.1.7 allows two equations), or pass for any text. About a millisecond.
 */
export const isStrictPublicKey = (raw: Uint8Array): boolean => {
  try {
    const point = ed25519.Point.fromBytes(raw)
    return !point.is0() && point.isTorsionFree()
  } catch {
    return false
  }
}

/**
 * Whether a signature's R is the neutral element, which no honest signer makes. Newer versions of Node refuse it, and
 * libsodium, older ones do not: members must agree, so it is refused everywhere. No other R of small order fits the equation
 * under a key that passes {@link isStrictPublicKey}.
 */
export const hasNeutralCommitment = (signature: Uint8Array): boolean => {
  if (signature[0] !== 1) return false
  for (let i = 1; i < SIGNATURE_BYTES / 2; i++) if (signature[i] !== 0) return false
  return true
}
