import * as Context from "effect/Context"
import type { PublicKey } from "../schemas/Ids.ts"

/** Checking of signatures. Synchronous, total: bad input is `false`, never an exception. */
export interface VerifierService {
  /**
   * Whether a key may be used at all. Refused are texts and points that are not canonical, points that are not on the
   * curve, and points with a component of small order: implementations differ on their signatures.
   */
  readonly accepts: (key: PublicKey) => boolean
  /**
   * Whether `signature` (64 bytes) is one by `key` over the UTF-8 of `text`: RFC 8032 §5.1.7 with `S` below the group
   * order, `R` not neutral, and the equation without cofactor, so that all nodes agree. False for any key not accepted.
   */
  readonly verify: (key: PublicKey, text: string, signature: Uint8Array) => boolean
}

/** The port for verifying. */
export class Verifier extends Context.Tag("optimystic/Verifier")<Verifier, VerifierService>() {}
