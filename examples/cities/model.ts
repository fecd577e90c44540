/**
 * What is stored: cities by their id, the same cities by country and size, and what was imported when.
 */
import { Effect, Schema } from "effect"
import { Diary, Tree } from "effect-optimystic"

/** A city. */
export class City extends Schema.Class<City>("City")({
  id: Schema.Int,
  name: Schema.String,
  /** ISO 3166-1 alpha-2, as in `JP`. */
  country: Schema.String,
  population: Schema.Int,
  /** Degrees, north positive. */
  latitude: Schema.Number,
  /** Degrees, east positive. */
  longitude: Schema.Number
}) {}

/** Where a city stands in its country: an entry of the index, which leads to the city. */
export class Rank extends Schema.Class<Rank>("Rank")({
  country: Schema.String,
  population: Schema.Int,
  cityId: Schema.Int
}) {
  static of({ country, id, population }: City): Rank {
    return new Rank({ cityId: id, country, population })
  }
}

/** One batch of the import. */
export class Batch extends Schema.Class<Batch>("Batch")({
  number: Schema.Int,
  cities: Schema.Int,
  population: Schema.Int
}) {
  static of(number: number, cities: ReadonlyArray<City>): Batch {
    return new Batch({
      number,
      cities: cities.length,
      population: cities.reduce((sum, city) => sum + city.population, 0)
    })
  }
}

/** All cities, by id. */
export const Cities = Tree.define("cities", { entry: City, key: Schema.Int, keyOf: (city) => city.id })

/** All cities again, by country and population: what `ORDER BY` would need an index for. */
export const Ranking = Tree.define("cities by country", {
  entry: Rank,
  key: Schema.Tuple(Schema.String, Schema.Int, Schema.Int),
  keyOf: (rank) => [rank.country, rank.population, rank.cityId] as const
})

/** The batches that were imported, in order. */
export const Imports = Diary.define("imports", { entry: Batch })

/** The three collections, open; created the first time. */
export const openCollections = Effect.all({
  cities: Tree.openOrCreate(Cities),
  ranking: Tree.openOrCreate(Ranking),
  imports: Diary.openOrCreate(Imports)
})

/** The three collections. */
export type Collections = Effect.Effect.Success<typeof openCollections>
