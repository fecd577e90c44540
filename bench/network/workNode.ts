/** A node of a benchmark, in a process of its own, and what it does there. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Collections, Transaction, Tree } from "effect-optimystic"
import type { PeerId } from "effect-optimystic/schemas"
import { ClusterIndex, Directory } from "effect-optimystic/services"
import { makePlaces, Place, Places, shuffled } from "../entries.ts"
import { slicesOf, timed, timedEach } from "../harness.ts"
import { failedBy, NodeFailed } from "../processes/NodeRpcs.ts"
import { nodeHandlers, nodeOfProcess } from "../processes/nodeHandlers.ts"
import { serve } from "../processes/serve.ts"
import { WorkOnlyRpcs, WorkRpcs } from "./WorkRpcs.ts"

type Failure = Parameters<typeof failedBy>[0]

const told = <A, E extends Failure, R>(effect: Effect.Effect<A, E, R>) => Effect.mapError(effect, failedBy)

const places = (name: string) => Tree.define(name, { entry: Place, key: Schema.String, keyOf: Places.keyOf })
const openPlaces = (name: string) => Tree.openOrCreate(places(name))

const counters = (name: string) =>
  Tree.define(name, {
    entry: Schema.Struct({ count: Schema.Int, key: Schema.String }),
    key: Schema.String,
    keyOf: ({ key }) => key
  })
const COUNTER = "one"

/** Entries of one transaction of a filling. */
const BATCH = 100
/** Whoever competes tries again until it is done, for a minute or so. */
const persistent = Schedule.recurs(5_000).pipe(
  Schedule.addDelay(() => "5 millis"),
  Schedule.jittered
)

const add = (name: string) =>
  Transaction.run(
    Effect.flatMap(Tree.openOrCreate(counters(name)), (tree) =>
      tree.upsert(COUNTER, (found) => ({ count: found._tag === "Some" ? found.value.count + 1 : 1, key: COUNTER }))
    ),
    { retry: persistent }
  )

const putInEach = (trees: ReadonlyArray<Tree.Tree<Place, string>>, place: Place) => {
  const [first, ...others] = trees
  return others.length === 0
    ? first!.put(place)
    : Transaction.run(Effect.forEach(trees, (tree) => tree.put(place), { discard: true }))
}

/** As many keys as asked for of those that a tree was filled with, over and over. */
const keysOf = (among: number, times: number): ReadonlyArray<string> => {
  const all = shuffled(makePlaces(among))
  return Array.from({ length: times }, (_, i) => all[i % all.length]!.id)
}

const SECOND_MILLIS = 1_000
/** Writes that a pace has under way at most: more would wait for each other as much as for the network. */
const MAX_UNDER_WAY = 16
const now = () => performance.timeOrigin + performance.now()

/** Puts entries at a pace. One that fails is counted, and not tried again; where too many are under way, none is begun. */
const pace = (tree: Tree.Tree<Place, string>, seed: number, perSecond: number, forMillis: number) =>
  Effect.gen(function* () {
    const acknowledged: Array<number> = []
    let failed = 0
    let underWay = 0
    const put = (place: Place) =>
      Effect.matchCause(tree.put(place), {
        onFailure: () => {
          failed++
        },
        onSuccess: () => {
          acknowledged.push(now())
        }
      }).pipe(Effect.ensuring(Effect.sync(() => underWay--)))
    const begun = now()
    const everyMillis = SECOND_MILLIS / perSecond
    yield* Effect.scoped(
      Effect.gen(function* () {
        const fibers = []
        for (const [i, place] of makePlaces(Math.ceil(forMillis / everyMillis), seed).entries()) {
          yield* Effect.sleep(Duration.millis(Math.max(0, begun + i * everyMillis - now())))
          if (underWay >= MAX_UNDER_WAY) continue
          underWay++
          fibers.push(yield* Effect.forkScoped(put(place)))
        }
        yield* Effect.forEach(fibers, (fiber) => fiber.await, { discard: true })
      })
    )
    return { acknowledged, failed }
  })

const idOf = (name: string) =>
  Collections.list.pipe(
    Stream.filter((found) => found.name === name),
    Stream.runHead,
    told,
    Effect.flatten,
    Effect.catchTag("NoSuchElementException", () => new NodeFailed({ message: `there is no ${name}` }))
  )

const handlers = WorkOnlyRpcs.toLayer({
  Add: ({ times, tree }) =>
    Effect.map(
      Effect.all(Array.from({ length: times }, () => Effect.isSuccess(add(tree)))),
      (added) => added.filter((isAdded) => isAdded).length
    ),
  Create: ({ trees }) => told(Effect.forEach(trees, openPlaces, { discard: true })),
  Entries: ({ tree }) => told(Effect.flatMap(openPlaces(tree), (opened) => opened.count())),
  Fill: ({ count, tree }) =>
    told(
      Effect.flatMap(openPlaces(tree), (opened) =>
        Effect.forEach(slicesOf(makePlaces(count), BATCH), (batch) => opened.putAll(batch), { discard: true })
      )
    ),
  Get: ({ among, times, tree }) =>
    told(Effect.flatMap(openPlaces(tree), (opened) => timedEach(keysOf(among, times), opened.get))),
  GetFromSnapshot: ({ among, times, tree }) =>
    told(
      Effect.gen(function* () {
        const snapshot = yield* Effect.flatMap(openPlaces(tree), (opened) => opened.snapshot)
        const keys = keysOf(among, times)
        // What is not in memory yet is fetched before.
        yield* Effect.forEach(new Set(keys), snapshot.get, { discard: true })
        return yield* timed(Effect.forEach(keys, snapshot.get, { discard: true }))
      })
    ),
  Keepers: ({ tree }) =>
    Effect.gen(function* () {
      const { id } = yield* idOf(tree)
      const members: ReadonlyArray<PeerId> = yield* told(Effect.flatMap(ClusterIndex, ({ locate }) => locate(id)))
      const { known, nearest } = yield* Directory
      const coordinator = nearest(id, known().length).find((peer) => members.includes(peer))
      return coordinator === undefined
        ? yield* new NodeFailed({ message: `no keeper of ${tree} is known` })
        : { coordinator, members }
    }),
  Pace: ({ forMillis, perSecond, seed, tree }) =>
    Effect.flatMap(told(openPlaces(tree)), (opened) => pace(opened, seed, perSecond, forMillis)),
  Put: ({ seed, times, trees }) =>
    told(
      Effect.flatMap(Effect.forEach(trees, openPlaces), (opened) =>
        timedEach(makePlaces(times, seed), (place) => putInEach(opened, place))
      )
    ),
  PutAtOnce: ({ each, seed, trees }) =>
    told(
      Effect.flatMap(Effect.forEach(trees, openPlaces), (opened) =>
        timed(
          Effect.forEach(opened, (tree, i) => Effect.forEach(makePlaces(each, seed + i), tree.put, { discard: true }), {
            concurrency: "unbounded",
            discard: true
          })
        )
      )
    ),
  Sum: ({ tree }) =>
    told(
      Effect.flatMap(Tree.openOrCreate(counters(tree)), (opened) =>
        Effect.map(opened.get(COUNTER), (found) => (found._tag === "Some" ? found.value.count : 0))
      )
    )
})

serve(WorkRpcs, Layer.provide(Layer.merge(nodeHandlers, handlers), nodeOfProcess))
