import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PublicKey } from "../../schemas/Ids.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"

/** Statements remembered, by default: a few seconds of a busy node. */
export const DEFAULT_REMEMBERED = 8_192

/** Keys have no line break. */
const said = (key: PublicKey, text: string): string => `${key}\n${text}`

const decoder = new TextDecoder("latin1")

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
      // By signature; the value is all else that it depends on.
      const good = new BoundedCache<string, string>(remembered, () => 1)
      return Context.make(Signer, {
        ...signer,
        sign: (text) => {
          const signature = signer.sign(text)
          good.set(decoder.decode(signature), said(signer.publicKey, text))
          return signature
        }
      }).pipe(
        Context.add(Verifier, {
          ...verifier,
          verify: (key, text, signature) => {
            const name = decoder.decode(signature)
            if (good.get(name) === said(key, text)) return true
            const verified = verifier.verify(key, text, signature)
            if (verified) good.set(name, said(key, text))
            return verified
          }
        })
      )
    })
  )
