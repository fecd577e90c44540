/**
 * A process of its own that fills a tree on disk and prints what memory it takes then: `node memory.js folder entries`.
 */
import * as Effect from "effect/Effect"
import { Transaction, Tree } from "effect-optimystic"
import { makePlaces, Places } from "./entries.ts"
import { slicesOf } from "./harness.ts"
import { levelIn, nodeOver } from "./nodes.ts"

const [folder, entries] = process.argv.slice(2)
const BATCH = 100
/** Entries that are made at once: what they take must not count. */
const PORTION = 1_000

const program = Effect.gen(function* () {
  const tree = yield* Tree.openOrCreate(Places)
  const portions = Number(entries) / PORTION
  for (let portion = 1; portion <= portions; portion++) {
    yield* Effect.forEach(
      slicesOf(makePlaces(PORTION, portion), BATCH),
      (batch) => Transaction.run(tree.putAll(batch)),
      {
        discard: true
      }
    )
  }
  const count = yield* tree.count()
  console.log(JSON.stringify({ count, rssBytes: process.memoryUsage.rss() }))
}).pipe(Effect.provide(nodeOver(levelIn(folder!))))

await Effect.runPromise(program)
