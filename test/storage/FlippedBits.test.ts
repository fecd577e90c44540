import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import type { StorageError } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const SEED = 20
const BATCHES_PER_SESSION = 60
const SESSIONS = 2

const session = <A, E>(directory: string, use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
  Effect.flatMap(RawStorage, use).pipe(Effect.provide(LevelStorage.layer({ directory })))

const indexes = Array.from({ length: BATCHES_PER_SESSION * SESSIONS }, (_, index) => index)
const keyOf = (index: number): StorageKey => ["block", `b${index % 7}`, "rev", index]
const valueOf = (index: number): string => JSON.stringify({ index, text: Prng.make(index).bytes(60).join(" ") })

/** A closed store: closing puts everything into a table, and leaves nothing in the log of the database. */
const makeStore = (directory: string) =>
  Effect.forEach(
    Array.from({ length: SESSIONS }, (_, turn) =>
      indexes.slice(turn * BATCHES_PER_SESSION).slice(0, BATCHES_PER_SESSION)
    ),
    (turn) =>
      session(directory, (storage) =>
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
const meet = (directory: string) =>
  session(directory, (storage) => Effect.forEach(indexes, (index) => read(storage, index))).pipe(
    Effect.map((met) => (["wrong", "missing", "error"] as const).find((outcome) => met.includes(outcome)) ?? "right"),
    Effect.catchAll(() => Effect.succeed("refused" as const))
  )

const FILES = [
  { what: "the table", name: /\.ldb$/, flips: 16, allowed: ["refused", "error", "missing", "right"] },
  { what: "the manifest", name: /^MANIFEST-/, flips: 6, allowed: ["refused", "error", "missing", "right"] },
  { what: "the name of the manifest", name: /^CURRENT$/, flips: 3, allowed: ["refused"] },
  { what: "the last batch number", name: /^last-sequence\.json$/, flips: 3, allowed: ["refused"] }
] as const

describe("LevelStorage with one flipped bit", () => {
  for (const { allowed, flips, name, what } of FILES) {
    it.scoped(`in ${what}: never a wrong value`, () =>
      Effect.gen(function* () {
        const random = Prng.make(`${SEED}/${what}`)
        const [whole, damaged] = [yield* temporaryDirectory, yield* temporaryDirectory]
        yield* makeStore(whole)
        const counts: Record<string, number> = {}
        for (let flip = 0; flip < flips; flip++) {
          const directory = Path.join(damaged, String(flip))
          yield* Effect.promise(async () => {
            await FileSystem.cp(whole, directory, { recursive: true })
            const files = (await FileSystem.readdir(directory)).filter((file) => name.test(file))
            await flipBit(Path.join(directory, random.pick(files)), random)
          })
          const outcome = yield* meet(directory)
          counts[outcome] = (counts[outcome] ?? 0) + 1
        }
        expect(Object.keys(counts).filter((outcome) => !(allowed as ReadonlyArray<string>).includes(outcome))).toEqual(
          []
        )
      })
    )
  }
})
