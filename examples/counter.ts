/**
 * A counter, as a collection of one's own. Increments of many fibers at once all count, and so do those that were made
 * meanwhile on a local snapshot: what is committed is not a number, but that something is added to it.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Block, Collection, Node } from "effect-optimystic"

const Count = Block.define("count", { value: Schema.Int })

const Visits = Collection.define("visits", {
  actions: {
    add: Collection.action(Schema.Int, (store, root, by) => {
      const { value } = Count.get(store, root)
      Count.set(store, root, { value: value + by })
      return value + by
    })
  },
  create: (store) => Count.insert(store, { value: 0 }),
  kind: "counter"
})

const visit = { data: 1, type: "add" } as const

const seen = ({ read }: Pick<Collection.OpenCollection<typeof Visits.actions>, "read">) =>
  Effect.map(read(Count.get), ({ value }) => value)

const program = Effect.gen(function* () {
  const visits = yield* Collection.openOrCreate(Visits)
  const offline = yield* visits.snapshot

  yield* Effect.replicateEffect(offline.act(visit), 10)
  yield* Effect.replicateEffect(visits.act(visit), 100, { concurrency: 10 })
  yield* Console.log(`  10 visits offline: ${yield* seen(offline)} are seen there`)
  yield* Console.log(`  100 visits online, 10 at a time: ${yield* seen(visits)} are seen by all`)

  yield* offline.updateAndSync
  yield* Console.log(`  both together: ${yield* seen(visits)} are seen by all`)
})

program.pipe(Effect.provide(Node.layerLocal()), NodeRuntime.runMain)
