import { randomBytes, randomFillSync } from "node:crypto"
import * as Layer from "effect/Layer"
import { Entropy, type EntropyService } from "../../services/Entropy.ts"

/** How many bytes are drawn at a time: a draw costs more than the bytes it brings. */
const POOL_BYTES = 4096

/**
 * Unpredictable bytes from a pool. Each byte is handed out once: a caller gets a copy, and the place in the pool is
 * wiped, so that no later reader of this memory learns what an earlier key or nonce was made of.
 */
const makePooled = (): EntropyService => {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return {
    bytes: (count) => {
      if (count > POOL_BYTES) {
        const drawn = randomBytes(count)
        return new Uint8Array(drawn.buffer, drawn.byteOffset, drawn.byteLength)
      }
      if (!Number.isInteger(count) || count < 0) throw new RangeError(`not a number of bytes: ${count}`)
      if (used + count > POOL_BYTES) {
        randomFillSync(pool)
        used = 0
      }
      const bytes = pool.slice(used, used + count)
      pool.fill(0, used, used + count)
      used += count
      return bytes
    }
  }
}

/** Randomness of the operating system, through `node:crypto`. */
export const layer: Layer.Layer<Entropy> = Layer.sync(Entropy, makePooled)
