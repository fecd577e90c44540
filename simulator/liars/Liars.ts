/** All ways to lie. */
import type { Prng } from "../../src/random/Prng.ts"
import * as DoubleVoter from "./DoubleVoter.ts"
import * as FalseHistorian from "./FalseHistorian.ts"
import * as FalseIndexer from "./FalseIndexer.ts"
import * as FalseWitness from "./FalseWitness.ts"
import * as Forgetter from "./Forgetter.ts"
import * as Founder from "./Founder.ts"
import type { Liar, Lies } from "./Liar.ts"
import * as Replayer from "./Replayer.ts"
import * as Schemer from "./Schemer.ts"
import * as TwoTongued from "./TwoTongued.ts"

/** All ways to lie, by what counts them. */
const WAYS = {
  "double-vote": DoubleVoter.liar,
  "false-history": FalseHistorian.liar,
  "false-state": FalseWitness.liar,
  forget: Forgetter.liar,
  members: Founder.liar,
  replay: Replayer.liar,
  scheme: Schemer.liar,
  "two-tongued": TwoTongued.liar
} as const satisfies Readonly<Record<string, Liar>>
export type LieName = keyof typeof WAYS

/** The names of all ways to lie. */
export const LIES = Object.keys(WAYS) as ReadonlyArray<LieName>

/** Of one liar, at most. */
const MAX_WAYS = 3

const composed = (outer: Lies, inner: Lies): Lies => ({
  answer: (request, honest, from) => {
    const inside = inner.answer?.(request, honest, from) ?? honest
    return outer.answer?.(request, inside, from) ?? inside
  },
  ask: (to, request, send) => {
    const through = inner.ask
    const inside: typeof send = through === undefined ? send : (peer, other) => through(peer, other, send)
    return outer.ask?.(to, request, inside) ?? inside(to, request)
  },
  closest: (block, honest) => {
    const inside = inner.closest?.(block, honest) ?? honest
    return outer.closest?.(block, inside) ?? inside
  },
  tell: (question, honest) => {
    const inside = inner.tell?.(question, honest) ?? honest
    return outer.tell?.(question, inside) ?? inside
  }
})

/** A liar that lies in one to three of some ways, as a seed has it; where there is no roster, of the cluster index, too. */
export const draw = (prng: Prng, names: ReadonlyArray<LieName>, hasRoster = true): Liar => {
  const drawn = prng.shuffle(names).slice(0, 1 + prng.nextInt(MAX_WAYS))
  const ways = drawn.map((name): Liar => WAYS[name])
  const all = hasRoster ? ways : [...ways, FalseIndexer.liar]
  return (context) => all.map((way): Lies => way(context)).reduce(composed)
}
