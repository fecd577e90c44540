import { equalBytes } from "@noble/curves/utils.js"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PublicKey } from "../../schemas/Ids.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"

/** Statements remembered, by default: a few seconds of a busy node. */
export const DEFAULT_REMEMBERED = 8_192

/** A signature that is known to be good. */
interface Good {
  readonly key: PublicKey
  readonly text: string
  readonly signature: Uint8Array
}

/**
 * Where a signature is remembered: 30 bits of its R, what an engine keeps in a word. Of two that share a place the first is
 * forgotten, and checked again: whoever makes such a second one gains no more than by any other signature of his.
 */
const placeOf = (signature: Uint8Array): number =>
  signature[0]! | (signature[1]! << 8) | (signature[2]! << 16) | ((signature[3]! & 0x3f) << 24)

/**
 * A signer and a verifier over others that check a given signature once: what this node signed itself, or found to
 * verify, is remembered. Bounded; only good signatures are remembered, so that nobody can flood it with bad ones.
 */
export const layer = (
  remembered: number = DEFAULT_REMEMBERED
): Layer.Layer<Signer | Verifier, never, Signer | Verifier> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const signer = yield* Signer
      const verifier = yield* Verifier
      const memory = new BoundedCache<number, Good>(remembered, () => 1)
      const remember = (key: PublicKey, text: string, signature: Uint8Array): void =>
        // A copy: what was remembered must not change with an array of the caller's.
        memory.set(placeOf(signature), { key, text, signature: Uint8Array.from(signature) })
      const isGood = (key: PublicKey, text: string, signature: Uint8Array): boolean => {
        const good = memory.get(placeOf(signature))
        return good !== undefined && good.key === key && good.text === text && equalBytes(good.signature, signature)
      }
      return Context.make(Signer, {
        ...signer,
        sign: (text) => {
          const signature = signer.sign(text)
          remember(signer.publicKey, text, signature)
          return signature
        }
      }).pipe(
        Context.add(Verifier, {
          ...verifier,
          verify: (key, text, signature) => {
            if (isGood(key, text, signature)) return true
            const verified = verifier.verify(key, text, signature)
            if (verified) remember(key, text, signature)
            return verified
          }
        })
      )
    })
  )
