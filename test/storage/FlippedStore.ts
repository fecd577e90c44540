/** Stores with one flipped bit, and what a reader of them meets. For any storage in a directory. */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { OpenError, StorageError } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey, type StorageWrite } from "../../services/RawStorage.ts"
import type * as Prng from "../../src/random/Prng.ts"

/** What opens the store of a directory. */
export type StoreLayer = (directory: string) => Layer.Layer<RawStorage, OpenError>

/** Records by their name in their block, by block: what a store should hold. */
export type Contents = ReadonlyMap<string, ReadonlyMap<number, string>>

/** Batches to write, and what a store holds after all of them, and after all but the last. */
export interface Workload {
  readonly batches: ReadonlyArray<ReadonlyArray<StorageWrite>>
  readonly contents: Contents
  readonly contentsBefore: Contents
}

const BLOCKS = 6
const NAMES = 40
const MAX_WRITES = 4
const MAX_VALUE_BYTES = 150

const keyOf = (block: string, name: number): StorageKey => ["block", block, "rev", name]

const apply = (contents: Map<string, Map<number, string>>, batch: ReadonlyArray<StorageWrite>) => {
  for (const write of batch) {
    const [, block, , name] = write.key as readonly [string, string, string, number]
    const records = contents.get(block) ?? new Map<number, string>()
    if (write.type === "put") records.set(name, write.value)
    else records.delete(name)
    if (records.size > 0) contents.set(block, records)
    else contents.delete(block)
  }
}

/** Random batches that write the same few keys again and again, and delete some. */
export const workload = (random: Prng.Prng, count: number): Workload => {
  const batches = Array.from({ length: count }, (_, index) =>
    Array.from({ length: 1 + random.nextInt(MAX_WRITES) }, (): StorageWrite => {
      const key = keyOf(`block ${random.nextInt(BLOCKS)}`, random.nextInt(NAMES))
      if (random.nextInt(8) === 0) return { key, type: "delete" }
      const text = Buffer.from(random.bytes(random.nextInt(MAX_VALUE_BYTES))).toString("base64")
      return { key, type: "put", value: JSON.stringify({ index, text }) }
    })
  )
  const [contents, contentsBefore] = [new Map<string, Map<number, string>>(), new Map<string, Map<number, string>>()]
  for (const batch of batches) apply(contents, batch)
  for (const batch of batches.slice(0, -1)) apply(contentsBefore, batch)
  return { batches, contents, contentsBefore }
}

/** Opens the store of a directory, uses it, and closes it. */
export const session = <A, E>(
  layer: StoreLayer,
  directory: string,
  use: (storage: RawStorageService) => Effect.Effect<A, E>
): Effect.Effect<A, E | OpenError> => Effect.flatMap(RawStorage, use).pipe(Effect.provide(layer(directory)))

const blockNames = Array.from({ length: BLOCKS }, (_, block) => `block ${block}`)
const recordNames = Array.from({ length: NAMES }, (_, name) => name)

const textOf = (answer: unknown): string => JSON.stringify(answer)

/** Everything that a store can be asked for, and what it answers, or fails with. */
const answersOf = (storage: RawStorageService) => {
  const questions: Array<Effect.Effect<unknown, StorageError>> = [storage.blocks("block", { limit: 2 * BLOCKS })]
  for (const block of blockNames) {
    const range = storage.range({ block, kind: "rev", limit: 2 * NAMES, space: "block" })
    questions.push(Effect.map(range, (records) => records.map(({ key, value }) => [key[3], value])))
    questions.push(storage.getMany(recordNames.map((name) => keyOf(block, name))))
    for (const name of recordNames) questions.push(Effect.map(storage.get(keyOf(block, name)), (value) => [value]))
  }
  return Effect.forEach(questions, (question) => Effect.either(Effect.map(question, textOf)))
}

/** What is to be answered by a store that holds this. */
const expectedOf = (contents: Contents): ReadonlyArray<string> => {
  const expected = [textOf([...contents.keys()].sort())]
  for (const block of blockNames) {
    const records = contents.get(block) ?? new Map<number, string>()
    const values = recordNames.map((name) => records.get(name))
    expected.push(textOf([...records].sort(([a], [b]) => a - b)), textOf(values))
    for (const value of values) expected.push(textOf([value]))
  }
  return expected
}

/** A flip, and what came of it. */
export interface Outcome {
  readonly file: string
  readonly bit: number
  /** `reported`: the last batch is missing, and a warning says so. `typed`: an error, at opening or of a read. */
  readonly met: "right" | "reported" | "typed" | "wrong"
  /** What the error says. */
  readonly reason: string
}

/** Files that hold something, with their sizes in bytes. */
const filesOf = async (directory: string): Promise<ReadonlyArray<readonly [name: string, sizeBytes: number]>> => {
  const names = await FileSystem.readdir(directory, { recursive: true })
  const stats = await Promise.all(names.map((name) => FileSystem.stat(Path.join(directory, name))))
  return names.flatMap((name, index) => {
    const stat = stats[index]!
    return stat.isFile() && stat.size > 0 ? [[name, stat.size] as const] : []
  })
}

/** Any bit of all files, or, every other time, of any file: small ones are hit as well. */
const pickBit = (files: ReadonlyArray<readonly [string, number]>, random: Prng.Prng, byFile: boolean) => {
  if (byFile) {
    const [file, sizeBytes] = random.pick(files)
    return { bit: random.nextInt(sizeBytes * 8), file }
  }
  let bit = random.nextInt(files.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0) * 8)
  for (const [file, sizeBytes] of files) {
    if (bit < sizeBytes * 8) return { bit, file }
    bit -= sizeBytes * 8
  }
  throw new Error("there is no such bit")
}

const flipBit = async (path: string, bit: number) => {
  const bytes = await FileSystem.readFile(path)
  bytes[bit >> 3]! ^= 1 << (bit & 7)
  await FileSystem.writeFile(path, bytes)
}

const DROPPED = /batch [0-9]+ is dropped/

/** What a reader of the store of a directory meets. */
export const meet = (layer: StoreLayer, directory: string, { contents, contentsBefore }: Workload) => {
  const warnings: Array<string> = []
  const recording = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => {
      warnings.push(String(message))
    })
  )
  return session(layer, directory, answersOf).pipe(
    Effect.map((answers): Pick<Outcome, "met" | "reason"> => {
      const errors = answers.flatMap((answer) => (Either.isLeft(answer) ? [answer.left.message] : []))
      const isFrom = (expected: ReadonlyArray<string>) =>
        answers.every((answer, index) => Either.isLeft(answer) || answer.right === expected[index])
      if (isFrom(expectedOf(contents))) {
        return { met: errors.length === 0 ? "right" : "typed", reason: errors.join() }
      }
      const isReported = warnings.some((warning) => DROPPED.test(warning))
      return { met: isReported && isFrom(expectedOf(contentsBefore)) ? "reported" : "wrong", reason: errors.join() }
    }),
    Effect.catchAll(({ message }) => Effect.succeed({ met: "typed", reason: message } as const)),
    Effect.provide(recording)
  )
}

/** Flips one bit each in copies of a store, and reads each copy twice: what is not right at first is not made to look right. */
export const flips = Effect.fnUntraced(function* (
  layer: StoreLayer,
  store: { readonly directory: string; readonly workload: Workload; readonly copies: string },
  random: Prng.Prng,
  count: number
) {
  const { workload } = store
  const files = yield* Effect.promise(() => filesOf(store.directory))
  const outcomes: Array<Outcome> = []
  for (let flip = 0; flip < count; flip++) {
    const { bit, file } = pickBit(files, random, flip % 2 === 1)
    const directory = Path.join(store.copies, String(flip))
    yield* Effect.promise(async () => {
      await FileSystem.cp(store.directory, directory, { recursive: true })
      await flipBit(Path.join(directory, file), bit)
    })
    const first = yield* meet(layer, directory, workload)
    const isShorter = first.met === "reported"
    const second = yield* meet(
      layer,
      directory,
      isShorter ? { ...workload, contents: workload.contentsBefore } : workload
    )
    const isSame = second.met === (isShorter ? "right" : first.met)
    outcomes.push({ bit, file, ...(isSame ? first : { met: "wrong", reason: `${first.met}, then ${second.met}` }) })
    yield* Effect.promise(() => FileSystem.rm(directory, { recursive: true }))
  }
  return outcomes
})
