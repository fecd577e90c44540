import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"

/**
 * What is under way for somebody who is told by a call where it ends, and leaves what is left when it has heard enough. A scope
 * with fibers that are waited for through a mailbox costs several times as much for each.
 */
export class Forks {
  readonly #runtime: Runtime.Runtime<never>
  readonly #fibers = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  #isLeft = false

  constructor(runtime: Runtime.Runtime<never>) {
    this.#runtime = runtime
  }

  /** Runs something, and says how it ended, unless it was left by then. It can be left also where its caller may not be interrupted. */
  fork<A, E>(effect: Effect.Effect<A, E>, ended: (exit: Exit.Exit<A, E>) => void): Fiber.RuntimeFiber<A, E> {
    const fiber = Runtime.runFork(this.#runtime)(Effect.interruptible(effect))
    this.#fibers.add(fiber)
    fiber.addObserver((exit) => {
      this.#fibers.delete(fiber)
      if (!this.#isLeft) ended(exit)
    })
    return fiber
  }

  /** Leaves one. */
  interrupt(fiber: Fiber.RuntimeFiber<unknown, unknown>): void {
    if (this.#fibers.delete(fiber)) fiber.unsafeInterruptAsFork(FiberId.none)
  }

  /** Leaves all that is under way. It is not waited for: nothing of it can be heard any more. */
  leave(): void {
    this.#isLeft = true
    for (const fiber of this.#fibers) fiber.unsafeInterruptAsFork(FiberId.none)
  }
}
