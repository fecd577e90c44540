/**
 * What a coordinator that lies does step by step: it divides the members into two camps, each a quorum with itself, and works towards a
 * commit in the one and towards an abort in the other, as fast as they answer. What any two quorums have in common is all that stops it.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { PeerId } from "../../schemas/Ids.ts"
import type { Decision } from "../../schemas/Proof.ts"
import type { LiarContext } from "./Liar.ts"
import { BALLOTS, type Move, type Plot } from "./Plot.ts"

/** Asks some members. */
export type Making = (move: Move, peers: ReadonlyArray<PeerId>) => Effect.Effect<void>

/** Long enough for most answers, in milliseconds: a write, and there and back. */
const ANSWERS_MILLIS = 8
/** One member of a camp is asked alone one time out of so many, to vote or to accept: what nobody else knows is what others run into. */
const ALONE_OUT_OF = 2
/** Votes are asked for before everything else, or once members have joined the first ballot. */
const VOTES_BEFORE = [0, 0, 1]
/** Nothing is to be accepted without a ballot one time out of so many. */
const SKIPS_OUT_OF = 2

/** Leads a transaction towards both of its ends. */
export const campaign = (context: LiarContext, plot: Plot, make: Making): Effect.Effect<void> => {
  const { prng } = context
  const { needed, of } = plot.accomplices
  const order = prng.shuffle(of)
  const camps: Readonly<Record<Decision, ReadonlyArray<PeerId>>> = {
    abort: order.slice(-needed),
    commit: order.slice(0, needed)
  }
  const some = (peers: ReadonlyArray<PeerId>) => (prng.nextInt(ALONE_OUT_OF) === 0 ? [prng.pick(peers)] : peers)
  const answers = Effect.sleep(Duration.millis(ANSWERS_MILLIS))

  const vote = Effect.suspend(() => make(plot.pend, [...some(camps.commit), ...plot.votersElsewhere]))
  const join = Effect.suspend(() => make(plot.join, of))
  const propose = Effect.suspend(() =>
    Effect.forEach(plot.proposals, ({ move, value }) => make(move, camps[value]), { discard: true })
  )
  const accept = Effect.suspend(() =>
    Effect.forEach(plot.acceptances, ({ move, value }) => make(move, some(camps[value])), { discard: true })
  )
  const votes = prng.nextInt(SKIPS_OUT_OF) === 0 ? [vote] : [vote, accept]
  const ballot = [join, propose, accept, Effect.sync(() => plot.raise())]
  const steps = Array.from({ length: BALLOTS }, () => ballot)
    .flat()
    .toSpliced(prng.pick(VOTES_BEFORE), 0, ...votes)
  return Effect.forEach(steps, (step) => Effect.zipRight(step, answers), { discard: true })
}
