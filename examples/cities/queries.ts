/**
 * Questions to the database: ranges of the index, joined with the cities they lead to.
 */
import { Effect, Option, Stream } from "effect"
import { Transaction, type Tree } from "effect-optimystic"
import { CheckFailed } from "./CheckFailed.ts"
import type { City, Collections, Rank } from "./model.ts"

type RankKey = readonly [country: string, population: number, cityId: number]

const HIGHEST = Number.MAX_SAFE_INTEGER

/** A part of the cities of one country: those of a size, the largest first, and so many at most. */
export interface CitiesIn {
  readonly country: string
  readonly least: number
  readonly most: number
  readonly limit: number
}

/** The part of the index that leads to them. */
const rangeOf = ({ country, least, limit, most }: CitiesIn): Tree.RangeOptions<RankKey> => ({
  from: [country, least, 0],
  limit,
  reverse: true,
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
export const citiesIn = (collections: Collections, asked: CitiesIn) =>
  Transaction.run(
    collections.ranking.range(rangeOf(asked)).pipe(Stream.mapEffect(cityOf(collections)), Stream.runCollect)
  )
