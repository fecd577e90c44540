import * as Context from "effect/Context"
import type { PeerId, PublicKey } from "../schemas/Ids.ts"

/** A node's identity: its key, and what only the holder of that key can do. */
export interface SignerService {
  /** The public half of the key. */
  readonly publicKey: PublicKey
  /** The peer that holds the key. */
  readonly peer: PeerId
  /** The ed25519 signature (64 bytes) over the UTF-8 of a text: always the same for one key. Synchronous. */
  readonly sign: (text: string) => Uint8Array
}

/** The port for signing. */
export class Signer extends Context.Tag("optimystic/Signer")<Signer, SignerService>() {}
