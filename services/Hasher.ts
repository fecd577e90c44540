import * as Context from "effect/Context"

/** Hashing, synchronous and pure. */
export interface HasherService {
  /** sha256 of bytes, or of the UTF-8 of a text (a lone surrogate counts as U+FFFD): 32 bytes, the caller's own. */
  readonly sha256: (data: Uint8Array | string) => Uint8Array
}

/** The port for content hashes. */
export class Hasher extends Context.Tag("optimystic/Hasher")<Hasher, HasherService>() {}
