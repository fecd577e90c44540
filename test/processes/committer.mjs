// A process that commits pairs until it is killed. Every transaction puts one number into two trees; once it is
// acknowledged, the number is printed. At start, what is on disk is checked: each pair whole, nothing acknowledged missing.
//
// node committer.mjs DIRECTORY STORAGE ACKNOWLEDGED…   (the last acknowledged number of each worker)
import { writeSync } from "node:fs"
import { Cause, Chunk, Effect, Exit, Schema, Stream } from "effect"
import { Node, Transaction, Tree } from "effect-optimystic"

const [directory, storage, ...acknowledged] = process.argv.slice(2)

const Entry = Schema.Struct({ id: Schema.Int, text: Schema.String })
const treeOf = (worker, side) =>
  Tree.define(`worker-${worker}-${side}`, { entry: Entry, key: Schema.Int, keyOf: ({ id }) => id })

const say = (line) => writeSync(1, `${line}\n`)

const idsOf = (tree) =>
  Stream.runCollect(Stream.map(tree.range(), ({ id }) => id)).pipe(Effect.map(Chunk.toReadonlyArray))

const worker = (index, last) =>
  Effect.gen(function* () {
    const left = yield* Tree.openOrCreate(treeOf(index, "left"))
    const right = yield* Tree.openOrCreate(treeOf(index, "right"))
    const lefts = yield* idsOf(left)
    const rights = yield* idsOf(right)
    if (lefts.join() !== rights.join())
      return yield* Effect.die(`worker ${index}: ${lefts.length} left, ${rights.length} right`)
    if (lefts.some((id, i) => id !== i + 1)) return yield* Effect.die(`worker ${index}: a gap`)
    // What was under way when the process was killed may have been committed: one transaction at most.
    if (lefts.length < last || lefts.length > last + 1) {
      return yield* Effect.die(`worker ${index}: ${lefts.length} on disk, ${last} acknowledged`)
    }
    say(`found ${index} ${lefts.length}`)
    for (let id = lefts.length + 1; ; id++) {
      const entry = { id, text: `number ${id}` }
      yield* Transaction.run(Effect.zipRight(left.put(entry), right.put(entry)))
      say(`acknowledged ${index} ${id}`)
    }
  })

const program = Effect.forEach(acknowledged, (last, index) => worker(index, Number(last)), { concurrency: "unbounded" })

const exit = await Effect.runPromiseExit(program.pipe(Effect.provide(Node.layerLocal({ directory, storage }))))
if (Exit.isFailure(exit)) {
  process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
  process.exitCode = 1
}
