/** Stores that are damaged in one place, and what a reader of them meets. For any storage in a directory. */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { OpenError, StorageError } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey, type StorageWrite } from "../../services/RawStorage.ts"
import type * as Prng from "../../src/random/Prng.ts"
import * as Damage from "./Damage.ts"

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
const NAMES = 24
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

/** Damage, and what came of it. */
export interface Outcome {
  readonly damage: Damage.Damage
  /** `reported`: the last batch is missing, and a warning says so. `typed`: an error, at opening or of a read. */
  readonly met: "right" | "reported" | "typed" | "wrong"
  /** What the error says. */
  readonly reason: string
}

const DROPPED = /batch [0-9]+ is dropped/
const LONGEST = "20 seconds"

const wrong = (reason: string) => ({ met: "wrong", reason }) as const

/** What a reader of the store of a directory meets. A defect is wrong, and so is no end. */
export const meet = (layer: StoreLayer, directory: string, { contents, contentsBefore }: Workload) => {
  const warnings: Array<string> = []
  const recording = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => {
      warnings.push(String(message))
    })
  )
  return session(layer, directory, answersOf).pipe(
    Effect.map((answers): Omit<Outcome, "damage"> => {
      const errors = answers.flatMap((answer) => (Either.isLeft(answer) ? [answer.left.message] : []))
      const isFrom = (expected: ReadonlyArray<string>) =>
        answers.every((answer, index) => Either.isLeft(answer) || answer.right === expected[index])
      if (isFrom(expectedOf(contents))) {
        return { met: errors.length === 0 ? "right" : "typed", reason: errors.join() }
      }
      const isReported = warnings.some((warning) => DROPPED.test(warning))
      return isReported && isFrom(expectedOf(contentsBefore))
        ? { met: "reported", reason: errors.join() }
        : wrong(errors.join())
    }),
    Effect.catchAll(({ message }) => Effect.succeed({ met: "typed", reason: message } as const)),
    Effect.catchAllDefect((defect) => Effect.succeed(wrong(`a defect: ${String(defect)}`))),
    Effect.timeoutTo({ duration: LONGEST, onSuccess: (met) => met, onTimeout: () => wrong("it does not end") }),
    Effect.provide(recording)
  )
}

/** A store that is not open, and what it should hold. */
export interface MadeStore {
  readonly layer: StoreLayer
  readonly directory: string
  readonly workload: Workload
  /** Where copies of it may be. */
  readonly copies: string
}

/** Does damage to a copy of a store, and reads that twice: what is not right at first is not made to look right. */
export const meetDamage = Effect.fnUntraced(function* (store: MadeStore, damage: Damage.Damage) {
  const { layer, workload } = store
  const directory = Path.join(store.copies, "damaged")
  const undo = yield* Effect.promise(async () => {
    await FileSystem.cp(store.directory, directory, { recursive: true })
    return Damage.inflict(directory, damage)
  })
  const first = yield* meet(layer, directory, workload)
  const isShorter = first.met === "reported"
  const second = yield* meet(
    layer,
    directory,
    isShorter ? { ...workload, contents: workload.contentsBefore } : workload
  )
  const isSame = second.met === (isShorter ? "right" : first.met)
  yield* Effect.promise(async () => {
    await undo()
    await FileSystem.rm(directory, { recursive: true })
  })
  return { damage, ...(isSame ? first : wrong(`${first.met}, then ${second.met}: ${second.reason}`)) }
})
