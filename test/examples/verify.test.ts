import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { Node } from "effect-optimystic"
import { importBatch } from "../../examples/cities/load.ts"
import { City, type Collections, openCollections, Rank } from "../../examples/cities/model.ts"
import { citiesIn } from "../../examples/cities/queries.ts"
import { checkBatches, checkCities, checkGets, checkRanks } from "../../examples/cities/verify.ts"

const city = (id: number, country: string, population: number) =>
  new City({ country, id, latitude: 0, longitude: id, name: `City ${id}`, population })

const batches = [
  [city(7, "JP", 300), city(3, "JP", 500), city(9, "JP", 500), city(1, "IT", 200)],
  [city(8, "JO", 900), city(2, "US", 100)]
]
const source = batches.flat()

const all = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const checkAll = ({ cities, imports, ranking }: Collections) =>
  Effect.gen(function* () {
    yield* checkBatches(yield* all(imports.read()), batches)
    const found = yield* Effect.forEach(source, ({ id }) => cities.get(id))
    yield* checkGets(
      found.flatMap((each) => (each._tag === "Some" ? [each.value] : [])),
      source
    )
    yield* checkCities(yield* all(cities.range()), source)
    yield* checkRanks(yield* all(ranking.range()), source)
  })

const imported = Effect.tap(openCollections, (collections) =>
  Effect.forEach(batches, (batch, index) => importBatch(collections, index + 1, batch), { discard: true })
)

describe("the checks of the cities example", () => {
  it.effect("hold of what was imported", () =>
    Effect.flatMap(imported, checkAll).pipe(Effect.provide(Node.layerLocal()))
  )

  const damages: ReadonlyArray<
    readonly [what: string, (collections: Collections) => Effect.Effect<unknown, unknown>, says: string]
  > = [
    ["a city is missing", ({ cities }) => cities.delete(7), "Cities by their id, entry 0: found"],
    [
      "there is a city too many",
      ({ cities }) => cities.put(city(99, "JP", 1)),
      "The tree of cities, how many: found 7"
    ],
    [
      "the index lacks a city",
      ({ ranking }) => ranking.delete(["US", 100, 2]),
      "The index by country, entry 5: found nothing"
    ],
    ["a city is another one", ({ cities }) => cities.put(city(7, "JP", 301)), "Cities by their id, entry 0: found"],
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
      "The diary of batches, how many: found 3, expected 2"
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

describe("the query of the cities example", () => {
  const found = (least: number, most: number, limit: number) =>
    Effect.map(
      Effect.flatMap(imported, (collections) => citiesIn(collections, { country: "JP", least, limit, most })),
      (cities) => Array.from(cities, ({ id }) => id)
    )

  it.effect("gives the largest cities of one country, the largest first", () =>
    Effect.gen(function* () {
      expect(yield* found(0, 10_000, 2)).toEqual([9, 3])
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.effect("gives the cities of one country between two sizes, both included", () =>
    Effect.gen(function* () {
      expect(yield* found(300, 500, 10)).toEqual([9, 3, 7])
      expect(yield* found(301, 499, 10)).toEqual([])
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.effect("fails where the index leads to a city that is not there", () =>
    Effect.gen(function* () {
      const collections = yield* imported
      yield* collections.cities.delete(9)
      const failure = yield* Effect.flip(citiesIn(collections, { country: "JP", least: 0, limit: 2, most: 1_000 }))
      expect(failure.message).toBe("The index leads to city 9, which is not in the tree")
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})
