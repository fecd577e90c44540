import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { CollectionId } from "../../schemas/Ids.ts"

/** Somebody is inside; these wait, in the order they came. */
type Waiting = Array<Deferred.Deferred<void>>

/**
 * Lets the transactions of one node that want the same collections go one after another, in the order they came: advice
 * that spares conflicts, never a lock. Whoever has waited as long as its patience goes on regardless.
 */
export class Turnstile {
  /** As many as collections in use. */
  readonly #gates = new Map<CollectionId, Waiting>()
  readonly #patience: Duration.Duration

  constructor(patience: Duration.Duration) {
    this.#patience = patience
  }

  /** Runs an effect inside the gates of collections, entered in the order of their ids. */
  pass<A, E, R>(ids: ReadonlyArray<CollectionId>, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return [...ids].sort().reduceRight((inner, id) => this.#through(id, inner), effect)
  }

  #through<A, E, R>(id: CollectionId, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) => {
      // Cannot be interrupted between the effect and this, and cannot fail: no need of a finalizer.
      const inside = Effect.matchCauseEffect(restore(effect), {
        onFailure: (cause) => {
          this.#leave(id)
          return Effect.failCause(cause)
        },
        onSuccess: (result) => {
          this.#leave(id)
          return Effect.succeed(result)
        }
      })
      // As a rule there is nobody: no need to build what waiting takes.
      if (!this.#gates.has(id)) {
        this.#gates.set(id, [])
        return inside
      }
      return Effect.flatMap(this.#wait(id), (entered) => (entered ? inside : restore(effect)))
    })
  }

  /** Whether the gate was entered; false after waiting in vain. Interruptible while it waits. */
  #wait(id: CollectionId): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const waiting = this.#gates.get(id)!
      const turn = Deferred.unsafeMake<void>(FiberId.none)
      waiting.push(turn)
      /** Gives up the place; true if the turn had come by then. */
      const giveUp = Effect.sync(() => {
        const place = waiting.indexOf(turn)
        if (place >= 0) waiting.splice(place, 1)
        return place < 0
      })
      return Effect.interruptible(Deferred.await(turn)).pipe(
        Effect.timeoutOption(this.#patience),
        Effect.zipRight(giveUp),
        Effect.onInterrupt(() => Effect.map(giveUp, (came) => came && this.#leave(id)))
      )
    })
  }

  #leave(id: CollectionId): void {
    const next = this.#gates.get(id)?.shift()
    if (next === undefined) this.#gates.delete(id)
    else Deferred.unsafeDone(next, Effect.void)
  }
}
