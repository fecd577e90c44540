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
  Effect.flatMap(Effect.all([Effect.runtime<never>(), Effect.clock]), ([runtime, clock]) =>
    Effect.async((resume) => {
      const { answerMillis, ask, counts = () => true, hedgeMillis, need, peers } = gathering
      const forks = new Forks(runtime)
      const answers = new Map<PeerId, Answer>()
      const left = [...peers]
      /** Who has not answered yet, and since when, oldest first. */
      const awaited = new Map<PeerId, number>()
      const hedgeAt = clock.unsafeCurrentTimeMillis() + hedgeMillis
      let isHedged = peers.length <= need
      let wanted = 0
      let isAsking = false
      let isOver = false

      /** One timer for all: for the hedge first, then for whoever is awaited longest. */
      const wakeLater = () => {
        const [oldest] = awaited.values()
        if (isOver || oldest === undefined) return
        const due = isHedged ? oldest + answerMillis : Math.min(hedgeAt, oldest + answerMillis)
        const pause = Effect.sleep(Duration.millis(due - clock.unsafeCurrentTimeMillis()))
        forks.fork(pause, (exit) => {
          if (Exit.isSuccess(exit)) wake()
        })
      }
      const wake = () => {
        const now = clock.unsafeCurrentTimeMillis()
        const isHedgeOver = !isHedged && now >= hedgeAt
        isHedged ||= isHedgeOver
        const late = [...awaited].flatMap(([peer, since]) => (now - since >= answerMillis ? [peer] : []))
        for (const peer of late) awaited.delete(peer)
        askNext(isHedgeOver ? left.length : late.length)
        wakeLater()
      }
      const askNext = (count: number) => {
        wanted += count
        if (isAsking) return
        isAsking = true
        for (; wanted > 0 && left.length > 0; wanted--) askOne(left.shift()!)
        wanted = 0
        isAsking = false
        concludeOnceEnough()
      }
      const askOne = (peer: PeerId) => {
        awaited.set(peer, clock.unsafeCurrentTimeMillis())
        forks.fork(ask(peer), (exit) => {
          if (isOver || !awaited.delete(peer)) return
          const isCounted = Exit.isSuccess(exit) && counts(exit.value)
          if (isCounted) answers.set(peer, exit.value)
          if (!isCounted) askNext(1)
          else if (!isAsking) concludeOnceEnough()
        })
      }
      const concludeOnceEnough = () => {
        if (isOver || (answers.size < need && awaited.size > 0)) return
        isOver = true
        forks.leave()
        resume(Effect.succeed(answers))
      }
      askNext(need)
      wakeLater()
      return Effect.sync(() => forks.leave())
    })
  )
