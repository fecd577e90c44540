import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Mailbox from "effect/Mailbox"
import type { PeerId } from "../../schemas/Ids.ts"

/** How answers of several peers are gathered. */
export interface Gathering<Answer, E> {
  /** In the order in which they are asked. */
  readonly peers: ReadonlyArray<PeerId>
  readonly ask: (peer: PeerId) => Effect.Effect<Answer, E>
  /** How many count. */
  readonly need: number
  /** Whether an answer counts; by default all do. */
  readonly counts?: (answer: Answer) => boolean
  /** How long those asked are waited for before all others are asked, too, in milliseconds. */
  readonly hedgeMillis: number
}

/**
 * Asks as many peers as are needed, another for each that fails or whose answer does not count, and all once the hedge is
 * over. Gives the answers that count, in the order they came: fewer than needed where no more are to be had.
 */
export const gather = <Answer, E>({
  ask,
  counts = () => true,
  hedgeMillis,
  need,
  peers
}: Gathering<Answer, E>): Effect.Effect<ReadonlyMap<PeerId, Answer>> =>
  Effect.scoped(
    Effect.gen(function* () {
      type Event = "hedge" | readonly [peer: PeerId, answer: Either.Either<Answer, E>]
      // Not bounded by itself: each peer is asked once.
      const heard = yield* Mailbox.make<Event>()
      const answers = new Map<PeerId, Answer>()
      const left = [...peers]
      let awaited = 0
      const askNext = (count: number) =>
        Effect.forEach(
          left.splice(0, count),
          (peer) => {
            awaited++
            const told = Effect.map(Effect.either(ask(peer)), (answer) => heard.unsafeOffer([peer, answer]))
            return forkEndable(told)
          },
          { discard: true }
        )
      yield* askNext(need)
      if (left.length > 0) {
        const hedge = Effect.map(Effect.sleep(Duration.millis(hedgeMillis)), () => heard.unsafeOffer("hedge"))
        yield* forkEndable(hedge)
      }
      while (answers.size < need && awaited > 0) {
        const event = yield* Effect.orDie(heard.take)
        if (event === "hedge") {
          yield* askNext(left.length)
          continue
        }
        awaited--
        const [peer, answer] = event
        if (Either.isRight(answer) && counts(answer.right)) answers.set(peer, answer.right)
        else yield* askNext(1)
      }
      return answers
    })
  )

/** As `forkScoped`; it ends with the scope even where whoever waits cannot be interrupted, as in the midst of a commit. */
const forkEndable = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkScoped(Effect.interruptible(effect))
