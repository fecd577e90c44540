import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HostTurn } from "../services/HostTurn.ts"

/** A turn of Node's event loop. */
export const layer: Layer.Layer<never> = Layer.succeed(
  HostTurn,
  Effect.async<void>((resume) => {
    const immediate = setImmediate(() => resume(Effect.void))
    return Effect.sync(() => clearImmediate(immediate))
  })
) as Layer.Layer<never>
