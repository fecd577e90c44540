/**
 * What is read back, and whether it is all that was acknowledged.
 */
import { Array, Chunk, Clock, Duration, Effect, Equal, Stream } from "effect"
import { CheckFailed } from "./CheckFailed.ts"
import type { City } from "./model.ts"
import type { CityNode } from "./network.ts"
import type { Progress } from "./progress.ts"
import { checkBatches, checkCities, checkGets, checkRanks } from "./verify.ts"

/** So many cities are got one by one: each get asks a quorum of nodes. */
const GETS = 500
const GETS_AT_ONCE = 50
const LOOK = Duration.millis(50)
/** A node that was away is back at what the others have within this, or something is wrong. */
const PATIENCE = Duration.seconds(30)

/** Every so many-th item, so that there are about as many as asked for. */
const sampleOf = <A>(items: ReadonlyArray<A>, size: number): ReadonlyArray<A> => {
  const step = Math.max(1, Math.ceil(items.length / size))
  return items.filter((_item, index) => index % step === 0)
}

/** Waits until a node has in its own store all that another has: nobody reads anything there meanwhile. When that is, as a time of the clock. */
export const caughtUp = (node: CityNode, other: CityNode) =>
  Effect.gen(function* () {
    const expected = yield* other.process.client.Kept()
    const isThere = Effect.map(node.process.client.Kept(), (kept) => Equal.equals(tableOf(kept), tableOf(expected)))
    yield* Effect.repeat(Effect.zipLeft(isThere, Effect.sleep(LOOK)), { until: (is) => is })
    return yield* Clock.currentTimeMillis
  }).pipe(
    Effect.timeoutFail({
      duration: PATIENCE,
      onTimeout: () =>
        new CheckFailed({ message: `The node that was killed has not caught up in ${Duration.format(PATIENCE)}` })
    })
  )

const tableOf = (kept: ReadonlyArray<{ readonly name: string; readonly rev: number }>): string =>
  JSON.stringify(kept.map(({ name, rev }) => [name, rev]).sort())

/** Gets some of the cities from a node, each by itself. What each took, in milliseconds. */
export const checkSomeGets = ({ process: { client } }: CityNode, source: ReadonlyArray<City>, progress: Progress) =>
  Effect.map(
    Effect.forEach(Array.chunksOf(sampleOf(source, GETS), GETS_AT_ONCE), (asked) =>
      Effect.gen(function* () {
        const { cities, millis } = yield* client.Get({ ids: asked.map(({ id }) => id) })
        yield* checkGets(cities, asked)
        yield* progress.advance(asked.length)
        return millis
      })
    ),
    Array.flatten
  )

/** How many of so many cities {@link checkSomeGets} gets. */
export const getsOf = (cities: number): number => Math.ceil(cities / Math.max(1, Math.ceil(cities / GETS)))

/** Reads all three collections from a node, from end to end. How many entries that were. */
export const checkScans = ({ process: { client } }: CityNode, batches: ReadonlyArray<ReadonlyArray<City>>) =>
  Effect.gen(function* () {
    const source = batches.flat()
    const cities = Chunk.toReadonlyArray(yield* Stream.runCollect(client.Cities()))
    yield* checkCities(cities, source)
    const ranks = Chunk.toReadonlyArray(yield* Stream.runCollect(client.Ranks()))
    yield* checkRanks(ranks, source)
    const diary = yield* client.Batches()
    yield* checkBatches(diary, batches)
    return cities.length + ranks.length + diary.length
  })

/** Has a node check what is in its own store: hash chains, certificates, structure. How many revisions that were. */
export const checkStore = ({ process: { client } }: CityNode) =>
  Effect.gen(function* () {
    const verified = yield* client.Verify()
    const [found] = verified.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`))
    if (found !== undefined)
      return yield* new CheckFailed({ message: `The node that was killed keeps what is not sound: ${found}` })
    return verified.reduce((sum, { revisions }) => sum + revisions, 0)
  })
