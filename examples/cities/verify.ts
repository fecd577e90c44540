/**
 * The checks of what is read back: is everything there that was acknowledged, and is it what was imported?
 */
import { Array, Effect, Equal, Order } from "effect"
import { CheckFailed } from "./CheckFailed.ts"
import { Batch, type City, Rank } from "./model.ts"

/** Fails unless what was found is what was expected. */
const check = (what: string, found: unknown, expected: unknown) =>
  Equal.equals(found, expected)
    ? Effect.void
    : Effect.fail(new CheckFailed({ message: `${what}: found ${show(found)}, expected ${show(expected)}` }))

const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value))

/** Fails unless what was found is the same, one by one and in the same order, as what was expected. */
const checkAll = <A>(what: string, found: ReadonlyArray<A>, expected: ReadonlyArray<A>) =>
  Effect.gen(function* () {
    for (const [index, entry] of expected.entries()) yield* check(`${what}, entry ${index}`, found[index], entry)
    yield* check(`${what}, how many`, found.length, expected.length)
  })

const byId = Order.mapInput(Order.number, ({ id }: City) => id)
const byRank = Order.mapInput(
  Order.tuple(Order.string, Order.number, Order.number),
  ({ cityId, country, population }: Rank) => [country, population, cityId] as const
)

/** Cities that were got by their ids. */
export const checkGets = (found: ReadonlyArray<City>, expected: ReadonlyArray<City>) =>
  checkAll("Cities by their id", found, expected)

/** The tree of cities, from end to end. */
export const checkCities = (found: ReadonlyArray<City>, source: ReadonlyArray<City>) =>
  checkAll("The tree of cities", found, Array.sort(source, byId))

/** The index by country, from end to end. */
export const checkRanks = (found: ReadonlyArray<Rank>, source: ReadonlyArray<City>) =>
  checkAll("The index by country", found, Array.sort(source.map(Rank.of), byRank))

/** The diary: each batch that was acknowledged is in it once, in its place. */
export const checkBatches = (found: ReadonlyArray<Batch>, acknowledged: ReadonlyArray<ReadonlyArray<City>>) =>
  checkAll(
    "The diary of batches",
    found,
    acknowledged.map((batch, index) => Batch.of(index + 1, batch))
  )
