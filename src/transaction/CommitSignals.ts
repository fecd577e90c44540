import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CollectionId } from "../../schemas/Ids.ts"

/** A latch that opens when the collection it was made for is committed to; whoever waits closes it again. */
export type CommitSignal = Effect.Latch

/**
 * Tells those who follow a collection that this node has committed to it. A signal is one bit, however many commits there
 * were: nothing queues up for a slow follower.
 */
export class CommitSignals {
  readonly #signals = new Map<CollectionId, Set<CommitSignal>>()

  /** Opens the signals of a collection. */
  raise(id: CollectionId): void {
    const signals = this.#signals.get(id)
    if (signals !== undefined) for (const signal of signals) signal.unsafeOpen()
  }

  /** A signal for a collection, as long as the scope. */
  listen(id: CollectionId): Effect.Effect<CommitSignal, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => {
        const signal = Effect.unsafeMakeLatch()
        const signals = this.#signals.get(id) ?? new Set()
        this.#signals.set(id, signals.add(signal))
        return signal
      }),
      (signal) =>
        Effect.sync(() => {
          const signals = this.#signals.get(id)
          signals?.delete(signal)
          if (signals?.size === 0) this.#signals.delete(id)
        })
    )
  }

  /** Of how many collections somebody waits for commits. */
  get followed(): number {
    return this.#signals.size
  }
}
