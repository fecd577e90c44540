import type { PublicKey } from "../../schemas/Ids.ts"
import { parsePublicKey } from "../../src/encoding/PeerIdentity.ts"
import { isStrictPublicKey } from "./Ed25519.ts"

/** How many keys a verifier remembers; beyond that, those unused for longest go. */
export interface KeyCacheLimits {
  /** Keys ready for use. */
  readonly accepted: number
  /** Well-formed keys that may not be used. Apart, so that a flood of bad keys pushes no good one out. */
  readonly rejected: number
}

/** 4096 accepted and 1024 rejected keys: some megabytes at most. */
export const defaultKeyCacheLimits: KeyCacheLimits = { accepted: 4096, rejected: 1024 }

/**
 * A function from a public key to what an implementation verifies with, or undefined for a key that may not be used. A
 * key is checked once, at first sight, and `prepare` sees only keys that passed.
 */
export const makeKeyCache = <A extends object>(
  limits: KeyCacheLimits,
  prepare: (raw: Uint8Array) => A
): ((key: PublicKey) => A | undefined) => {
  const accepted = new Map<PublicKey, A>()
  const rejected = new Map<PublicKey, true>()

  return (key) => {
    const known = accepted.get(key)
    if (known !== undefined) {
      remember(accepted, limits.accepted, key, known)
      return known
    }
    if (rejected.has(key)) {
      remember(rejected, limits.rejected, key, true)
      return undefined
    }
    // A malformed text is found out at once, whatever its length: not worth a place.
    const raw = parsePublicKey(key)
    if (raw === undefined) return undefined
    if (!isStrictPublicKey(raw)) {
      remember(rejected, limits.rejected, key, true)
      return undefined
    }
    const prepared = prepare(raw)
    remember(accepted, limits.accepted, key, prepared)
    return prepared
  }
}

/** Puts an entry last; a map iterates in the order of insertion, so that the first is the one unused for longest. */
const remember = <A>(entries: Map<PublicKey, A>, limit: number, key: PublicKey, value: A): void => {
  entries.delete(key)
  entries.set(key, value)
  if (entries.size <= limit) return
  for (const oldest of entries.keys()) {
    entries.delete(oldest)
    return
  }
}
