import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/**
 * An answer that one fiber waits for. A `Deferred` for each request costs 2 µs and a hidden class of its own, which only a
 * full garbage collection frees, with all that hangs on it.
 */
export class Reply<A, E> {
  #exit: Exit.Exit<A, E> | undefined
  #resume: ((exit: Exit.Exit<A, E>) => void) | undefined

  /** The answer, once it is there. */
  readonly wait: Effect.Effect<A, E> = Effect.async((resume) => {
    if (this.#exit === undefined) this.#resume = resume
    else resume(this.#exit)
  })

  /** Gives the answer. */
  done(exit: Exit.Exit<A, E>): void {
    this.#exit = exit
    this.#resume?.(exit)
  }
}
