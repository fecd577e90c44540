/** All ways to lie. */
import type { Prng } from "../../src/random/Prng.ts"
import * as DoubleVoter from "./DoubleVoter.ts"
import * as FalseWitness from "./FalseWitness.ts"
import * as Forgetter from "./Forgetter.ts"
import type { Liar, Lies } from "./Liar.ts"
import * as Replayer from "./Replayer.ts"
import * as TwoTongued from "./TwoTongued.ts"

const WAYS: ReadonlyArray<Liar> = [DoubleVoter.liar, FalseWitness.liar, Forgetter.liar, Replayer.liar, TwoTongued.liar]

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
  tell: (question, honest) => {
    const inside = inner.tell?.(question, honest) ?? honest
    return outer.tell?.(question, inside) ?? inside
  }
})

/** A liar that lies in one to three ways, as a seed has it. */
export const draw = (prng: Prng): Liar => {
  const drawn = prng.shuffle(WAYS).slice(0, 1 + prng.nextInt(3))
  return (context) => drawn.map((liar) => liar(context)).reduce(composed)
}
