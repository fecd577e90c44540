/**
 * Questions to the database: ranges of the index, joined with the cities they lead to.
 */
import { Effect, Option, Stream } from "effect"
import { Transaction, type Tree } from "effect-optimystic"
import { CheckFailed } from "./CheckFailed.ts"
import type { City, Collections, Rank } from "./model.ts"

type RankKey = readonly [country: string, population: number, cityId: number]

const HIGHEST = Number.MAX_SAFE_INTEGER

/** The part of the index with the cities of one country and of a size in these bounds. */
const inCountry = (country: string, least = 0, most = HIGHEST): Tree.Range<RankKey> => ({
  from: [country, least, 0],
  to: [country, most, HIGHEST]
})

const cityOf =
  ({ cities }: Collections) =>
  ({ cityId }: Rank) =>
    Effect.flatMap(
      cities.get(cityId),
      Option.match({
        onNone: () => new CheckFailed({ message: `The index leads to city ${cityId}, which is not in the tree` }),
        onSome: Effect.succeed<City>
      })
    )

/** Reads index and cities in one transaction, so that both are of one state. */
const citiesIn = (collections: Collections, range: Tree.RangeOptions<RankKey>) =>
  Transaction.run(collections.ranking.range(range).pipe(Stream.mapEffect(cityOf(collections)), Stream.runCollect))

/** The largest cities of a country, the largest first. */
export const largestIn = (collections: Collections, country: string, limit: number) =>
  citiesIn(collections, { ...inCountry(country), limit, reverse: true })

/** The cities of a country with a population between two bounds, the smallest first. */
export const ofSize = (collections: Collections, country: string, least: number, most: number) =>
  citiesIn(collections, inCountry(country, least, most))
