import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Node, Transaction, Tree } from "effect-optimystic"

const Counts = Tree.define("counts", {
  entry: Schema.Struct({ count: Schema.Int, id: Schema.String }),
  key: Schema.String,
  keyOf: ({ id }) => id
})

/** Nothing is remembered, and of each block only the latest run of revisions is kept. */
const forgetful = Node.layerLocal({
  policy: {
    storage: { cacheBytes: 0, revisions: { keptRevisions: 1, wholeEvery: 2 } },
    transactions: { cacheBytes: 0 }
  }
})

it.live("a transaction whose snapshot was dropped meanwhile is run again on a newer one", () =>
  Effect.gen(function* () {
    const counts = yield* Tree.openOrCreate(Counts)
    const put = (count: number) => counts.putAll(["a", "b"].map((id) => ({ count, id })))
    yield* put(0)
    let runs = 0
    const read = yield* Transaction.run(
      Effect.gen(function* () {
        yield* counts.count()
        runs += 1
        if (runs === 1) {
          for (let count = 1; count <= 9; count++) yield* Transaction.outside(put(count))
        }
        return yield* Stream.runCollect(Stream.map(counts.range(), ({ count }) => count))
      })
    )
    expect([Chunk.toReadonlyArray(read), runs]).toEqual([[9, 9], 2])
  }).pipe(Effect.provide(forgetful))
)
