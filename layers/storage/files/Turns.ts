import * as Effect from "effect/Effect"

/** Readers that are in at once; more wait. */
const ROOM = 64

/**
 * Lets in several readers at once, or one writer alone, in the order in which they came: neither can keep the other out
 * for longer than those before it take.
 */
export interface Turns {
  readonly shared: <A, E, R>(read: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly alone: <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Turns that nobody has taken. */
export const make = (): Turns => {
  const door = Effect.unsafeMakeSemaphore(1)
  const room = Effect.unsafeMakeSemaphore(ROOM)
  const within =
    (permits: number) =>
    <A, E, R>(use: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.acquireUseRelease(
        // Who waits for room holds the door: nobody gets past a writer.
        door.withPermits(1)(room.take(permits)),
        () => use,
        () => room.release(permits)
      )
  return { alone: within(ROOM), shared: within(1) }
}
