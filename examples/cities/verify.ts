/**
 * The checks after the database was closed and opened again: is everything there, and is it what was imported?
 */
import { Array, Effect, Equal, Number, Option, Order, Stream } from "effect"
import { CheckFailed } from "./CheckFailed.ts"
import { populationOf } from "./load.ts"
import { type City, type Collections, Rank } from "./model.ts"
import type { Progress } from "./progress.ts"

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

/** Gets every city by its id. */
export const checkGets = ({ cities }: Collections, source: ReadonlyArray<City>, progress: Progress) =>
  Effect.forEach(
    source,
    (city) =>
      Effect.gen(function* () {
        const found = yield* cities.get(city.id)
        yield* check(`City ${city.id}`, Option.getOrUndefined(found), city)
        yield* progress.advance(1)
      }),
    { discard: true }
  )

const byId = Order.mapInput(Order.number, ({ id }: City) => id)
const byRank = Order.mapInput(
  Order.tuple(Order.string, Order.number, Order.number),
  ({ cityId, country, population }: Rank) => [country, population, cityId] as const
)

/** Streams both trees from end to end. Tells how many entries that were. */
export const checkScans = ({ cities, ranking }: Collections, source: ReadonlyArray<City>) =>
  Effect.gen(function* () {
    const scanned = Array.fromIterable(yield* Stream.runCollect(cities.range()))
    yield* checkAll("The tree of cities", scanned, Array.sort(source, byId))
    const ranks = Array.fromIterable(yield* Stream.runCollect(ranking.range()))
    yield* checkAll("The index by country", ranks, Array.sort(scanned.map(Rank.of), byRank))
    return scanned.length + ranks.length
  })

/** Counts both trees, and adds up the diary. */
export const checkTotals = (
  { cities, imports, ranking }: Collections,
  source: ReadonlyArray<City>,
  transactions: number
) =>
  Effect.gen(function* () {
    yield* check("The tree of cities, how many", yield* cities.count(), source.length)
    yield* check("The index by country, how many", yield* ranking.count(), source.length)
    yield* check("The diary, how many batches", yield* imports.length, transactions)
    const batches = Array.fromIterable(yield* Stream.runCollect(imports.read()))
    yield* check("The diary, how many cities", Number.sumAll(batches.map(({ cities }) => cities)), source.length)
    yield* check(
      "The diary, how many people",
      Number.sumAll(batches.map(({ population }) => population)),
      populationOf(source)
    )
  })
