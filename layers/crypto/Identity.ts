import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Entropy } from "../../services/Entropy.ts"
import { SEED_BYTES } from "./Ed25519.ts"

/** What makes a node who it is: the secret seed of its Ed25519 key. Shows as `<redacted>` wherever it is printed. */
export interface Identity {
  /** 32 secret bytes. */
  readonly seed: Redacted.Redacted<Uint8Array>
}

/** The identity of a known seed. Dies on anything but 32 bytes. Keeps a copy. */
export const fromSeed = (seed: Uint8Array): Identity => {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes, not ${seed.length}`)
  return { seed: Redacted.make(Uint8Array.from(seed)) }
}

/** A new identity. */
export const generate: Effect.Effect<Identity, never, Entropy> = Effect.map(Entropy, (entropy) =>
  fromSeed(entropy.bytes(SEED_BYTES))
)

/** Why a key file gives no identity. A file that is there is never overwritten, whatever is in it. */
export type IdentityErrorReason =
  /** It is there, but cannot be read. */
  | "unreadable"
  /** It is not there, and cannot be created. */
  | "unwritable"
  /** Other users may read it. */
  | "too-open"
  /** It is not a key file of a known format. */
  | "malformed"
  /** It is a key file, but what it holds is no seed. */
  | "wrong-seed"

/** A key file that gives no identity. Says where and why, and nothing of what is in it. */
export class IdentityError extends Data.TaggedError("IdentityError")<{
  readonly reason: IdentityErrorReason
  readonly path: string
  /** What the file system said, or what was expected. Never content. */
  readonly detail: string
}> {
  override get message() {
    return `${headlines[this.reason]} ${this.path}: ${this.detail}`
  }
}

const headlines: Record<IdentityErrorReason, string> = {
  unreadable: "Cannot read the key file",
  unwritable: "Cannot create the key file",
  "too-open": "Others may read the key file",
  malformed: "Malformed key file",
  "wrong-seed": "No valid key in the key file"
}
