import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type { LazyArg } from "effect/Function"
import * as Tracer from "effect/Tracer"

/** The tracer of a program that brings none: what it is told, nobody ever sees. */
const noTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/**
 * An effect in a span, where the program has a tracer; elsewhere nothing but the effect. For what happens thousands of times a second: a span
 * that nobody sees costs 15 µs, this nothing beside the `Effect.suspend` in whose place it is.
 */
export const traced = <A, E, R>(
  name: string,
  effect: LazyArg<Effect.Effect<A, E, R>>,
  attributes?: LazyArg<Readonly<Record<string, unknown>>>
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime<A, E, R>((fiber) =>
    fiber.currentTracer === undefined || fiber.currentTracer === noTracer
      ? effect()
      : (Effect.withSpan(Effect.suspend(effect), name, {
          captureStackTrace: false,
          ...(attributes !== undefined && { attributes: attributes() })
        }) as Effect.Effect<A, E, R>)
  )
