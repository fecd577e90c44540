import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Node, Tree } from "effect-optimystic"
import { NodeBackup } from "effect-optimystic/layers"
import { temporaryDirectory } from "../storage/temporaryDirectory.ts"

const COMMITTER = fileURLToPath(new URL("./committer.mjs", import.meta.url))
const WORKERS = 2
const BACKUPS = 4
/** Transactions that each worker has acknowledged between one backup and the next, at least. */
const BETWEEN = 50

/** A process that puts numbers into two trees per worker, a number into both in one transaction; and what it acknowledged. */
const committer = (directory: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const zeros = Array.from({ length: WORKERS }, () => "0")
      const child: ChildProcess = spawn(process.execPath, [COMMITTER, directory, "level", ...zeros])
      const acknowledged = zeros.map(Number)
      let rest = ""
      child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n")
        rest = lines.pop()!
        for (const line of lines) {
          const [word, worker, number] = line.split(" ")
          if (word === "acknowledged") acknowledged[Number(worker)] = Number(number)
        }
      })
      await once(child.stdout!, "data")
      return { acknowledged, child }
    }),
    ({ child }) =>
      Effect.promise(async () => {
        child.kill("SIGKILL")
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
      })
  )

const Entry = Schema.Struct({ id: Schema.Int, text: Schema.String })
const numbersIn = (name: string) =>
  Effect.gen(function* () {
    const tree = yield* Tree.open(Tree.define(name, { entry: Entry, key: Schema.Int, keyOf: ({ id }) => id }))
    return Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.map(tree.range(), ({ id }) => id)))
  })

describe("NodeBackup", () => {
  it.scopedLive(
    "a backup of a database that another process writes holds every acknowledged transaction, and none by half",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const from = Path.join(directory, "node")
        const backups = yield* Effect.scoped(
          Effect.gen(function* () {
            const { acknowledged } = yield* committer(from)
            const backups = []
            for (let i = 0; i < BACKUPS; i++) {
              const least = Math.min(...acknowledged) + BETWEEN
              yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => Math.min(...acknowledged) >= least })
              const before = [...acknowledged]
              const to = Path.join(directory, `backup-${i}`)
              yield* NodeBackup.make({ from, to })
              backups.push({ before, to })
            }
            return backups
          })
        )
        for (const { before, to } of backups) {
          expect(Math.min(...before)).toBeGreaterThan(0)
          yield* Effect.gen(function* () {
            for (const [worker, least] of before.entries()) {
              const left = yield* numbersIn(`worker-${worker}-left`)
              expect(left).toEqual(Array.from({ length: left.length }, (_, n) => n + 1))
              expect(left.length).toBeGreaterThanOrEqual(least)
              expect(yield* numbersIn(`worker-${worker}-right`)).toEqual(left)
            }
            // It is the same node: it may go on where the other one was.
            const tree = yield* Tree.open(
              Tree.define("worker-0-left", { entry: Entry, key: Schema.Int, keyOf: ({ id }) => id })
            )
            yield* tree.put({ id: 0, text: "written after the restore" })
          }).pipe(Effect.provide(Node.layerLocal({ directory: to })))
        }
        const names = yield* Effect.promise(() => FileSystem.readdir(directory))
        expect(names.sort()).toEqual([...backups.map(({ to }) => Path.basename(to)), "node"].sort())
      })
  )

  it.scoped("a backup overwrites nothing, and does not lie inside of what it backs up", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const from = Path.join(directory, "node")
      yield* Effect.provide(Effect.void, Node.layerLocal({ directory: from }))
      const refused = (to: string) =>
        Effect.map(Effect.flip(NodeBackup.make({ from, to })), ({ _tag, message }) => [_tag, message])
      expect(yield* refused(directory)).toEqual([
        "Invalid",
        `${directory} exists already, and a backup overwrites nothing; name a new directory`
      ])
      const inside = Path.join(from, "backup")
      expect(yield* refused(inside)).toEqual(["Invalid", `${inside} is inside of ${from}; a backup lies elsewhere`])
      const { mode } = yield* Effect.promise(async () => {
        await Effect.runPromise(NodeBackup.make({ from, to: Path.join(directory, "new") }))
        return FileSystem.stat(Path.join(directory, "new", "identity.json"))
      })
      expect(mode & 0o077).toBe(0)
    })
  )
})
