import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { PeerId } from "../../schemas/Ids.ts"
import { Forks } from "./Forks.ts"

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
  /** How long an answer is waited for, in milliseconds. */
  readonly answerMillis: number
}

/**
 * Asks as many peers as are needed, another for each that fails or whose answer does not count, and all once the hedge is
 * over. Gives the answers that count, in the order they came: fewer than needed where no more are to be had.
 */
export const gather = <Answer, E>(gathering: Gathering<Answer, E>): Effect.Effect<ReadonlyMap<PeerId, Answer>> =>
  Effect.flatMap(Effect.runtime<never>(), (runtime) =>
    Effect.async((resume) => {
      const { answerMillis, ask, counts = () => true, hedgeMillis, need, peers } = gathering
      const forks = new Forks(runtime)
      const answers = new Map<PeerId, Answer>()
      const left = [...peers]
      const awaited = new Set<PeerId>()
      let wanted = 0
      let isAsking = false
      let isOver = false

      const after = (millis: number, then: () => void) =>
        forks.fork(Effect.sleep(Duration.millis(millis)), (exit) => {
          if (Exit.isSuccess(exit)) then()
        })
      const concludeOnceEnough = () => {
        if (isAsking || isOver || (answers.size < need && awaited.size > 0)) return
        isOver = true
        resume(Effect.as(forks.leave, answers))
      }
      /** That the answer of a peer is not to be expected any more, or does not count. */
      const without = (peer: PeerId) => {
        if (awaited.delete(peer)) askNext(1)
      }
      const askNext = (count: number) => {
        wanted += count
        if (isAsking) return
        isAsking = true
        const now: Array<PeerId> = []
        for (; wanted > 0 && left.length > 0; wanted--) {
          const peer = left.shift()!
          now.push(peer)
          awaited.add(peer)
          forks.fork(ask(peer), (exit) => {
            if (isOver) return
            if (Exit.isFailure(exit) || !counts(exit.value)) return without(peer)
            if (!awaited.delete(peer)) return
            answers.set(peer, exit.value)
            concludeOnceEnough()
          })
        }
        wanted = 0
        isAsking = false
        concludeOnceEnough()
        if (!isOver && now.length > 0) after(answerMillis, () => now.forEach(without))
      }
      askNext(need)
      if (!isOver && left.length > 0) after(hedgeMillis, () => askNext(left.length))
      return forks.leave
    })
  )
