import type { Stamp } from "../../schemas/Manifest.ts"
import type { EntropyService } from "../../services/Entropy.ts"
import * as Base32 from "../encoding/Base32.ts"

/** Bytes of randomness in a stamp's nonce. */
const NONCE_BYTES = 16

/** A stamp that no other transaction has. */
export const newStamp = (entropy: EntropyService, time: number): Stamp => ({
  nonce: Base32.encode(entropy.bytes(NONCE_BYTES)),
  time
})
