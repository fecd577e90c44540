import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { StorageError } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { onDisk } from "./stores.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const SEED = 20
const BATCHES_PER_SESSION = 60
const SESSIONS = 2

type Kind = keyof typeof onDisk

const session = <A, E>(kind: Kind, directory: string, use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
  Effect.flatMap(RawStorage, use).pipe(Effect.provide(onDisk[kind](directory)))

const indexes = Array.from({ length: BATCHES_PER_SESSION * SESSIONS }, (_, index) => index)
const keyOf = (index: number): StorageKey => ["block", `b${index % 7}`, "rev", index]
const valueOf = (index: number): string => JSON.stringify({ index, text: Prng.make(index).bytes(60).join(" ") })

/** A closed store: closing brings everything to where it is looked up. */
const makeStore = (kind: Kind, directory: string) =>
  Effect.forEach(
    Array.from({ length: SESSIONS }, (_, turn) =>
      indexes.slice(turn * BATCHES_PER_SESSION).slice(0, BATCHES_PER_SESSION)
    ),
    (turn) =>
      session(kind, directory, (storage) =>
        Effect.forEach(turn, (index) => storage.write([{ type: "put", key: keyOf(index), value: valueOf(index) }]))
      )
  )

const flipBit = async (path: string, random: Prng.Prng) => {
  const bytes = await FileSystem.readFile(path)
  const bit = random.nextInt(bytes.length * 8)
  bytes[bit >> 3]! ^= 1 << (bit & 7)
  await FileSystem.writeFile(path, bytes)
}

/** What reading a key gave: an error is as good as the value. */
const read = (storage: RawStorageService, index: number) =>
  storage.get(keyOf(index)).pipe(
    Effect.map((value) => (value === undefined ? "missing" : value === valueOf(index) ? "right" : "wrong")),
    Effect.catchAll((_: StorageError) => Effect.succeed("error" as const))
  )

/** What a reader of a damaged store meets: the worst of all keys, or that it does not open. */
const meet = (kind: Kind, directory: string) =>
  session(kind, directory, (storage) => Effect.forEach(indexes, (index) => read(storage, index))).pipe(
    Effect.map((met) => (["wrong", "missing", "error"] as const).find((outcome) => met.includes(outcome)) ?? "right"),
    Effect.catchAll(() => Effect.succeed("refused" as const))
  )

/** Files of a closed store, and what may come of a flipped bit in one of them. */
const DAMAGES = [
  // What is in a file of its own cannot hide.
  { allowed: ["error"], flips: 16, kind: "FilesStorage", name: /^block\/.*\.json$/, what: "a record" },
  { allowed: ["refused"], flips: 3, kind: "FilesStorage", name: /^format\.json$/, what: "the format" },
  { allowed: ["refused"], flips: 3, kind: "FilesStorage", name: /^checkpoint\.json$/, what: "the checkpoint" },
  {
    allowed: ["refused"],
    flips: 3,
    kind: "FilesStorage",
    name: /^last-sequence\.json$/,
    what: "the last batch number"
  },
  { allowed: ["right"], flips: 6, kind: "FilesStorage", name: /^in-use\/(?:CURRENT|MANIFEST-\d+)$/, what: "the lock" }
] as const

describe("one flipped bit", () => {
  for (const { allowed, flips, kind, name, what } of DAMAGES) {
    it.scoped(`in ${what} of ${kind} gives no wrong value: ${allowed.join(", ")}`, () =>
      Effect.gen(function* () {
        const random = Prng.make(`${SEED}/${what}`)
        const [whole, damaged] = [yield* temporaryDirectory, yield* temporaryDirectory]
        yield* makeStore(kind, whole)
        const met = new Set<string>()
        for (let flip = 0; flip < flips; flip++) {
          const directory = Path.join(damaged, String(flip))
          yield* Effect.promise(async () => {
            await FileSystem.cp(whole, directory, { recursive: true })
            const found = await FileSystem.readdir(directory, { recursive: true, withFileTypes: true })
            const files = found
              .filter((entry) => entry.isFile())
              .map((entry) => Path.relative(directory, Path.join(entry.parentPath, entry.name)))
            await flipBit(Path.join(directory, random.pick(files.filter((file) => name.test(file)).sort())), random)
          })
          met.add(yield* meet(kind, directory))
        }
        expect([...met].filter((outcome) => !(allowed as ReadonlyArray<string>).includes(outcome))).toEqual([])
      })
    )
  }
})
