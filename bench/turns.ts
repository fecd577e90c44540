import * as Effect from "effect/Effect"
import { collectGarbage, perSecond, timed } from "./harness.ts"

/** One of those whose rates are compared: pieces of work in their order, of as many items each. */
export interface Participant<E, R> {
  readonly itemsPerPiece: number
  readonly pieces: ReadonlyArray<Effect.Effect<unknown, E, R>>
}

/**
 * How many items per second each participant gets done. They take turns, a piece each, so that whatever the machine does
 * meanwhile befalls all of them.
 */
export const ratesInTurn = Effect.fnUntraced(function* <Name extends string, E, R>(
  participants: Readonly<Record<Name, Participant<E, R>>>
) {
  const entries = Object.entries<Participant<E, R>>(participants)
  const millis = new Map(entries.map(([name]) => [name, 0]))
  yield* collectGarbage
  for (let turn = 0; turn < Math.max(...entries.map(([, { pieces }]) => pieces.length)); turn++) {
    for (const [name, { pieces }] of entries) {
      const piece = pieces[turn]
      if (piece !== undefined) millis.set(name, millis.get(name)! + (yield* timed(piece)))
    }
  }
  return Object.fromEntries(
    entries.map(([name, { itemsPerPiece, pieces }]) => [
      name,
      perSecond(itemsPerPiece * pieces.length, millis.get(name)!)
    ])
  ) as Readonly<Record<Name, number>>
})
