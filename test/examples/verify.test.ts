import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Node } from "effect-optimystic"
import { importCities } from "../../examples/cities/load.ts"
import { City, type Collections, openCollections, Rank } from "../../examples/cities/model.ts"
import type { Progress } from "../../examples/cities/progress.ts"
import { largestIn, ofSize } from "../../examples/cities/queries.ts"
import { checkGets, checkScans, checkTotals } from "../../examples/cities/verify.ts"

const silent: Progress = { advance: () => Effect.void }
const BATCH = 4

const city = (id: number, country: string, population: number) =>
  new City({ country, id, latitude: 0, longitude: id, name: `City ${id}`, population })

const source = [
  city(7, "JP", 300),
  city(3, "JP", 500),
  city(9, "JP", 500),
  city(1, "IT", 200),
  city(8, "JO", 900),
  city(2, "US", 100)
]

const checkAll = (collections: Collections, transactions = 2) =>
  Effect.all([
    checkTotals(collections, source, transactions),
    checkGets(collections, source, silent),
    checkScans(collections, source)
  ])

const imported = Effect.tap(openCollections, (collections) => importCities(collections, source, BATCH, silent))

describe("the checks of the cities example", () => {
  it.effect("hold of what was imported", () =>
    Effect.gen(function* () {
      const [, , streamed] = yield* checkAll(yield* imported)
      expect(streamed).toBe(2 * source.length)
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  const damages: ReadonlyArray<
    readonly [what: string, (collections: Collections) => Effect.Effect<unknown, unknown>, says: string]
  > = [
    ["a city is missing", ({ cities }) => cities.delete(7), "The tree of cities, how many: found 5, expected 6"],
    ["the index lacks a city", ({ ranking }) => ranking.delete(["JP", 300, 7]), "The index by country, how many"],
    ["a city is another one", ({ cities }) => cities.put(city(7, "JP", 301)), "City 7: found"],
    [
      "the index says something else than the tree",
      ({ ranking }) =>
        ranking.replace([
          [["JP", 300, 7], undefined],
          [["JP", 301, 7], Rank.of(city(7, "JP", 301))]
        ]),
      "The index by country, entry"
    ],
    [
      "the diary has a batch too many",
      ({ imports }) => imports.append({ cities: 0, number: 3, population: 0 }),
      "The diary, how many batches: found 3, expected 2"
    ]
  ]
  for (const [what, damage, says] of damages) {
    it.effect(`fail where ${what}`, () =>
      Effect.gen(function* () {
        const collections = yield* imported
        yield* damage(collections)
        const failure = yield* Effect.flip(checkAll(collections))
        expect(failure._tag).toBe("CheckFailed")
        expect(failure.message).toContain(says)
      }).pipe(Effect.provide(Node.layerLocal()))
    )
  }
})

describe("the queries of the cities example", () => {
  it.effect("give the largest cities of one country, the largest first", () =>
    Effect.gen(function* () {
      const found = yield* largestIn(yield* imported, "JP", 2)
      expect(Array.from(found, ({ id }) => id)).toEqual([9, 3])
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.effect("give the cities of one country between two sizes, both included", () =>
    Effect.gen(function* () {
      const found = yield* ofSize(yield* imported, "JP", 300, 500)
      expect(Array.from(found, ({ id }) => id)).toEqual([7, 3, 9])
      expect(yield* ofSize(yield* imported, "JP", 301, 499)).toHaveLength(0)
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.effect("fail where the index leads to a city that is not there", () =>
    Effect.gen(function* () {
      const collections = yield* imported
      yield* collections.cities.delete(9)
      const failure = yield* Effect.flip(largestIn(collections, "JP", 2))
      expect(failure.message).toBe("The index leads to city 9, which is not in the tree")
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})
