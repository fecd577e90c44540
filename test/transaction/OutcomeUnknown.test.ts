/** A commit whose write failed: either it certainly left nothing, or its fate is unknown until the store is opened again. */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { type Database, Node, Transaction, Tree } from "effect-optimystic"
import { JournalFiles } from "../../layers/storage/journal/JournalFiles.ts"
import type { TransactionRef } from "../../schemas/Manifest.ts"
import { MemoryJournalFiles } from "../storage/MemoryJournalFiles.ts"
import { quietDirectory } from "../storage/quietDirectory.ts"
import { temporaryDirectory } from "../storage/temporaryDirectory.ts"

const Entry = Schema.Struct({ id: Schema.Int, text: Schema.String })
const treeOf = (name: string) => Tree.define(name, { entry: Entry, key: Schema.Int, keyOf: ({ id }) => id })
const [Left, Right] = [treeOf("left"), treeOf("right")]

const onNode = <A, E>(directory: string, files: MemoryJournalFiles, use: Effect.Effect<A, E, Database>) =>
  use.pipe(Effect.provide(Layer.provide(Node.layerLocal({ directory }), Layer.succeed(JournalFiles, files))))

const putPair = (id: number) =>
  Transaction.run(
    Effect.gen(function* () {
      yield* (yield* Tree.openOrCreate(Left)).put({ id, text: "left" })
      yield* (yield* Tree.openOrCreate(Right)).put({ id, text: "right" })
    })
  )

const hasPair = (id: number) =>
  Effect.gen(function* () {
    const left = yield* (yield* Tree.open(Left)).get(id)
    const right = yield* (yield* Tree.open(Right)).get(id)
    return [Option.isSome(left), Option.isSome(right)]
  })

const WHOLE_FRAME = Number.MAX_SAFE_INTEGER

/** What a node leaves in another directory that is killed now. */
const killed = Effect.fnUntraced(function* (directory: string, files: MemoryJournalFiles, left: string) {
  yield* quietDirectory(Path.join(directory, "store"))
  yield* Effect.promise(() => FileSystem.cp(directory, left, { recursive: true }))
  return new MemoryJournalFiles(
    new Map(Array.from(files.contents, ([path, bytes]) => [path.replace(directory, left), bytes]))
  )
})

/** A commit of pair 2 of which so many bytes land, and whose undoing fails as well; and what is left where it is killed. */
const undecided = (directory: string, files: MemoryJournalFiles, landed: number, left: string) =>
  onNode(
    directory,
    files,
    Effect.gen(function* () {
      yield* putPair(1)
      files.faults.push({ landed, outcome: "error" }, { landed: 0, outcome: "error" })
      const error = yield* Effect.flip(putPair(2))
      expect(error._tag).toBe("OutcomeUnknown")
      if (error._tag !== "OutcomeUnknown") return yield* Effect.die(error)
      expect(error.reason).toContain("EIO")
      // As long as the store is open nobody can know, and nothing may be put behind it.
      const still = yield* Effect.flip(Transaction.outcome(error.ref))
      expect(still._tag).toBe("OutcomeUnknown")
      const next = yield* Effect.flip(putPair(3))
      expect(next._tag === "StorageUnavailable" && !next.mayHaveLanded).toBe(true)
      expect(yield* hasPair(1)).toEqual([true, true])
      return { files: yield* killed(directory, files, left), ref: error.ref }
    })
  )

/** That all of it is there, or nothing, as its status says; and that the node goes on. */
const expectOutcome = (ref: TransactionRef, status: "Committed" | "Unknown") =>
  Effect.gen(function* () {
    expect((yield* Transaction.outcome(ref))._tag).toBe(status)
    const isCommitted = status === "Committed"
    expect(yield* hasPair(2)).toEqual([isCommitted, isCommitted])
    expect(yield* hasPair(1)).toEqual([true, true])
    yield* putPair(3)
    expect(yield* hasPair(3)).toEqual([true, true])
  })

describe("A commit that could neither be written nor be undone", () => {
  for (const { landed, status, what } of [
    { landed: WHOLE_FRAME, status: "Committed", what: "committed where it landed" },
    { landed: 200, status: "Unknown", what: "none where it did not" }
  ] as const) {
    it.scopedLive(`is an unknown outcome, and once the node is started again ${what}`, () =>
      Effect.gen(function* () {
        const parent = yield* temporaryDirectory
        const [directory, left] = [Path.join(parent, "node"), Path.join(parent, "left")]
        const files = new MemoryJournalFiles()
        const { files: filesLeft, ref } = yield* undecided(directory, files, landed, left)
        yield* onNode(left, filesLeft, expectOutcome(ref, status))
        // Closing the store dropped it, whatever had landed.
        yield* onNode(directory, files, expectOutcome(ref, "Unknown"))
      })
    )
  }
})

describe("A commit whose write was undone", () => {
  it.scopedLive("certainly did not happen, and may be tried again at once", () =>
    Effect.gen(function* () {
      const files = new MemoryJournalFiles()
      yield* onNode(
        Path.join(yield* temporaryDirectory, "node"),
        files,
        Effect.gen(function* () {
          yield* putPair(1)
          files.faults.push({ landed: 200, outcome: "error" })
          const error = yield* Effect.flip(putPair(2))
          expect(error._tag === "StorageUnavailable" && !error.mayHaveLanded).toBe(true)
          expect(yield* hasPair(2)).toEqual([false, false])
          yield* putPair(2)
          expect(yield* hasPair(2)).toEqual([true, true])
        })
      )
    })
  )
})
