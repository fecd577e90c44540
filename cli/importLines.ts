/** The import of JSON lines: batch by batch, each one transaction together with the position after it. */
import { createReadStream } from "node:fs"
import * as Files from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Json } from "../schemas/Json.ts"
import type { CollectionError, OpenCollectionError } from "../src/collection/Collection.ts"
import type { Diary, DiaryDefinition } from "../src/collection/Diary.ts"
import { MAX_ENTRY_BYTES } from "../src/collection/limits.ts"
import type { Tree, TreeDefinition } from "../src/collection/Tree.ts"
import { encodeEntry, encodeKey } from "../src/collection/TreeView.ts"
import { sizeBytes } from "../src/encoding/CanonicalJson.ts"
import type { Database } from "../src/transaction/Database.ts"
import * as Transaction from "../src/transaction/Transaction.ts"
import type { EntryForm } from "./EntryForm.ts"
import { MalformedLine, Refused } from "./failure.ts"
import { LinesTaken, openPositions, type Position, resumeAt } from "./ImportPosition.ts"
import { type Line, linesOf, parseLine } from "./JsonLines.ts"
import * as Progress from "./Progress.ts"
import { print, type Speech } from "./run.ts"

/** Where entries are imported to. */
export interface ImportTarget {
  readonly open: Effect.Effect<
    { readonly add: (entries: ReadonlyArray<Json>) => Effect.Effect<void, CollectionError> },
    OpenCollectionError,
    Database
  >
  /** Why a value is no entry here, at a glance. */
  readonly problem: (entry: Json) => string | undefined
  /** Why an entry was refused: asked of each entry of a batch that was. */
  readonly refusal: (entry: Json) => string | undefined
}

const leftOf = <A, E>(either: Either.Either<A, E>): E | undefined => Option.getOrUndefined(Either.getLeft(either))

/** Imports into a tree. */
export const treeTarget = (
  form: EntryForm,
  definition: TreeDefinition<Json, string>,
  open: Effect.Effect<Tree<Json, string>, OpenCollectionError, Database>
): ImportTarget => ({
  open: Effect.map(open, (tree) => ({ add: tree.putAll })),
  problem: form.problem,
  refusal: (entry) =>
    leftOf(Either.flatMap(encodeKey(definition, form.keyOf(entry)), (key) => encodeEntry(definition, key, entry)))
      ?.message
})

/** Imports into a diary. */
export const diaryTarget = (
  definition: DiaryDefinition<Json>,
  open: Effect.Effect<Diary<Json>, OpenCollectionError, Database>
): ImportTarget => ({
  open: Effect.map(open, (diary) => ({ add: diary.appendAll })),
  problem: () => undefined,
  refusal: (entry) => {
    const encoded = definition.entry.encode(entry)
    if (Either.isLeft(encoded)) return encoded.left
    const bytes = sizeBytes(encoded.right)
    return bytes > MAX_ENTRY_BYTES ? `its size in bytes is ${bytes}; the limit is ${MAX_ENTRY_BYTES}` : undefined
  }
})

/** How an import is asked for. */
export interface ImportOptions extends Speech {
  readonly batch: number
  readonly collection: string
  readonly file: Option.Option<string>
  readonly restart: boolean
  readonly resume: boolean
}

/** Bytes after which a batch is full, whatever its number of entries: well below what a transaction may change. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024

/** Entries that are imported in one transaction, with the numbers of their lines. */
interface Batch {
  readonly entries: ReadonlyArray<{ readonly entry: Json; readonly line: number }>
  readonly isLast: boolean
}

const readBatch = async (
  lines: AsyncIterator<Line, void>,
  taken: LinesTaken,
  size: number,
  problem: ImportTarget["problem"]
): Promise<Batch> => {
  const entries: Array<{ readonly entry: Json; readonly line: number }> = []
  const start = taken.bytes
  while (entries.length < size && taken.bytes - start < MAX_BATCH_BYTES) {
    const next = await lines.next()
    if (next.done === true) return { entries, isLast: true }
    const entry = parseLine(next.value)
    taken.take(next.value)
    if (entry === undefined) continue
    const reason = problem(entry)
    if (reason !== undefined) throw new MalformedLine({ line: next.value.number, reason })
    entries.push({ entry, line: next.value.number })
  }
  return { entries, isLast: false }
}

/** Passes over the lines that were imported before. */
const skip = async (lines: AsyncIterator<Line, void>, taken: LinesTaken, to: Position): Promise<boolean> => {
  for (let n = 0; n < to.lines; n++) {
    const next = await lines.next()
    if (next.done === true) return false
    taken.take(next.value)
  }
  return taken.position(to.done).sha256 === to.sha256
}

const inputOf = (file: Option.Option<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => (Option.isSome(file) ? createReadStream(file.value) : process.stdin)),
    (input) => Effect.sync(() => input.destroy())
  )

const sizeOf = (file: Option.Option<string>): Effect.Effect<number | undefined> =>
  Option.match(file, {
    onNone: () => Effect.succeed(undefined),
    // What cannot be looked at says so when it is read.
    onSome: (path) =>
      Effect.promise(() =>
        Files.stat(path).then(
          ({ size }) => size,
          () => undefined
        )
      )
  })

const reasonOf = (cause: unknown): unknown =>
  cause instanceof Error && "code" in cause && cause.code === "EISDIR"
    ? "it is a directory; name a file of JSON lines"
    : cause instanceof Error
      ? cause.message
      : cause

const reading = <A>(name: string, read: () => Promise<A>): Effect.Effect<A, MalformedLine | Refused> =>
  Effect.tryPromise({
    catch: (cause) =>
      cause instanceof MalformedLine ? cause : new Refused({ message: `${name} cannot be read: ${reasonOf(cause)}` }),
    try: read
  })

/** Says of an error at which line it is, where a single entry is to blame. */
const blame = <E>(error: E, { entries }: Batch, refusal: ImportTarget["refusal"]): E | MalformedLine => {
  for (const { entry, line } of entries) {
    const reason = refusal(entry)
    if (reason !== undefined) return new MalformedLine({ line, reason })
  }
  return error
}

const howToGoOn = (lines: number): string =>
  lines === 0 ? "nothing is imported" : `lines 1 to ${lines} are imported, --resume goes on after them`

/** Imports JSON lines from a file or standard input. What is imported when it ends, however that is, is whole batches from the first. */
export const importLines = Effect.fnUntraced(function* (options: ImportOptions, target: ImportTarget) {
  const { collection, file } = options
  const name = Option.getOrElse(file, () => "standard input")
  const sizeBytes = yield* sizeOf(file)
  const positions = yield* openPositions
  const from = yield* resumeAt(options, yield* positions.get(collection))
  const opened = yield* Effect.cached(target.open)
  const lines = linesOf(yield* inputOf(file))
  const taken = new LinesTaken()
  if (from !== undefined && !(yield* reading(name, () => skip(lines, taken, from)))) {
    return yield* new Refused({
      message: `The first ${from.lines} lines of ${name} are not those that were imported into ${JSON.stringify(collection)}; give the same input, or begin anew with --restart`
    })
  }

  const progress = Progress.make(process.stderr)
  const done = { imported: 0, lines: from?.lines ?? 0, skipped: from?.lines ?? 0, transactions: 0 }
  const importBatch = Effect.gen(function* () {
    const batch = yield* reading(name, () => readBatch(lines, taken, options.batch, target.problem))
    const { add } = yield* opened
    const position = taken.position(batch.isLast)
    const isKnown = from?.done === true && batch.isLast && position.lines === from.lines
    if (isKnown) return true
    const entries = batch.entries.map(({ entry }) => entry)
    yield* Transaction.run(Effect.zipRight(add(entries), positions.put(collection, position))).pipe(
      Effect.mapError((error) => blame(error, batch, target.refusal))
    )
    done.imported += entries.length
    done.lines = position.lines
    done.transactions += 1
    progress.advance(`imported ${done.imported}`, Progress.shareOf(taken.bytes, sizeBytes))
    return batch.isLast
  })
  yield* Effect.repeat(importBatch, { until: (isLast) => isLast }).pipe(
    Effect.mapError((error) =>
      error instanceof MalformedLine
        ? new MalformedLine({
            line: error.line,
            reason: `${error.reason}; nothing of its batch is written, ${howToGoOn(done.lines)}`
          })
        : error
    ),
    Effect.ensuring(Effect.sync(progress.end)),
    Effect.onInterrupt(() =>
      Effect.sync(() => process.stderr.write(`optimystic: interrupted; ${howToGoOn(done.lines)}\n`))
    )
  )
  yield* print(options, [
    {
      object: done,
      text: `imported ${done.imported} in ${done.transactions} transactions, skipped ${done.skipped} lines`
    }
  ])
}, Effect.scoped)
