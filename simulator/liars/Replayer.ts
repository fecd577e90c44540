import * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { RepoAnswer } from "../../schemas/Repo.ts"
import type { Liar } from "./Liar.ts"

/** It replays an answer, or a request, one time out of so many. */
const REPLAYS_OUT_OF = 4
/** Of each kind so many are remembered. */
const MAX_REMEMBERED = 32

/** Things of several kinds, the last few of each. */
class Tape<A extends { readonly _tag: string }> {
  readonly #kept = new Map<string, Array<A>>()

  add(said: A): void {
    const ofKind = this.#kept.get(said._tag) ?? []
    this.#kept.set(said._tag, ofKind)
    ofKind.push(said)
    if (ofKind.length > MAX_REMEMBERED) ofKind.shift()
  }

  of(tag: string): ReadonlyArray<A> {
    return this.#kept.get(tag) ?? []
  }
}

/** A peer that gives old answers to new questions, and sends others what it was sent. */
export const liar: Liar = ({ lied, prng }) => {
  const answers = new Tape<MemberAnswer>()
  const told = new Tape<RepoAnswer>()
  const requests = new Tape<MemberRequest>()
  const peers = new Set<PeerId>()
  const isReplaying = () => prng.nextInt(REPLAYS_OUT_OF) === 0

  const replayed = <A extends { readonly _tag: string }, E>(tape: Tape<A>, honest: Effect.Effect<A, E>) =>
    Effect.map(honest, (answer) => {
      tape.add(answer)
      if (!isReplaying()) return answer
      lied("liar-replay")
      return prng.pick(tape.of(answer._tag))
    })

  return {
    answer: (request, honest, from) =>
      Effect.suspend(() => {
        peers.add(from)
        requests.add(request)
        return replayed(answers, honest)
      }),
    ask: (to, request, send) =>
      Effect.suspend(() => {
        const known = requests.of(request._tag)
        if (known.length === 0 || peers.size === 0 || !isReplaying()) return send(to, request)
        lied("liar-replay")
        const again = Effect.ignore(send(prng.pick([...peers]), prng.pick(known)))
        return Effect.zipRight(Effect.forkDaemon(again), send(to, request))
      }),
    tell: (_question, honest) => replayed(told, honest)
  }
}
