/**
 * A copy of a LevelDB store that may be open in another process: made without its lock, by reading alone.
 *
 * The files change while they are copied. What is copied in which order makes the copy one that a crash could have left:
 *
 * 1. LevelDB's logs, then the manifest, then the tables. A log that is missing or was copied too early lacks records at its
 *    end only; those that are in no log any more are in tables that the later manifest knows. With the manifest first, a record
 *    between the two would be missing, and nothing would tell.
 *    Where the manifest ends at least is copied before any of them: it stays true of what the manifest becomes.
 * 2. The journal, after LevelDB: it has every batch that the copied database may lack.
 * 3. The number of the last batch, raised to the last one that stood in the journal before the logs were copied.
 *
 * Opening the copy then does what it does after a crash: it applies the journal, and refuses a store in which a batch is missing.
 * That is the case where a table or a journal file was dropped before it was copied; the copy is begun anew then. Tables never
 * change, so that those copied once are kept: each further attempt has less to do.
 */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import {
  CorruptRecord,
  CorruptStore,
  type OpenError,
  type StorageError,
  StorageUnavailable
} from "../../schemas/Errors.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as JournalScan from "../../src/storage/JournalScan.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import { abortable } from "./Abortable.ts"
import * as Checksum from "./Checksum.ts"
import { copyFile, ifThere } from "./CopyFile.ts"
import * as DurableDirectory from "./DurableDirectory.ts"
import * as Journal from "./journal/Journal.ts"
import { JournalFiles } from "./journal/JournalFiles.ts"
import * as LastSequenceFile from "./LastSequenceFile.ts"
import * as LevelDatabase from "./LevelDatabase.ts"
import * as LevelStorage from "./LevelStorage.ts"
import * as ManifestEnd from "./leveldb/ManifestEnd.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"
import * as StoreKind from "./StoreKind.ts"
import { TableCopies } from "./TableCopies.ts"

/** What is copied, and where to. */
export interface LevelBackupOptions {
  /** The directory of the store, open or not. */
  readonly from: string
  /** The directory of the copy, which must not be there. Beside it tables are gathered meanwhile. */
  readonly to: string
  /** A copy that does not open is begun anew so often, at growing intervals. */
  readonly maxAttempts?: number
}

/** A copy, as it was checked: its records, its size, and how often it was begun. */
export interface LevelBackupResult {
  readonly attempts: number
  readonly records: number
  readonly sizeBytes: number
}

const MAX_ATTEMPTS = 10
const FIRST_PAUSE = Duration.millis(20)
const LONGEST_PAUSE = Duration.seconds(1)

const CURRENT = "CURRENT"
const MANIFEST = /^MANIFEST-[0-9]+$/
const LOG = /^[0-9]+\.log$/

/** The number of the last batch that stands in the journal, 0 where there is none. */
const lastJournaled = Effect.fnUntraced(function* (directory: string) {
  const files = yield* JournalFiles
  const bytes = yield* abortable("read the journal", () => Journal.readFiles(files, Journal.paths(directory)))
  return Math.max(0, ...JournalScan.scan(bytes, Checksum.ofBytes).frames.keys())
})

const torn = (directory: string, reason: string) => new CorruptStore({ directory, reason })

/** Copies LevelDB's logs, and after them the manifest that is current then. */
const copyLogsAndManifest = async (from: string, to: string): Promise<void> => {
  const logs = (await FileSystem.readdir(from)).filter((name) => LOG.test(name))
  for (const name of logs) await ifThere(copyFile(Path.join(from, name), Path.join(to, name)))
  const current = await FileSystem.readFile(Path.join(from, CURRENT), "utf8")
  const manifest = current.trim()
  if (!MANIFEST.test(manifest)) throw new Error(`${CURRENT} names no manifest`)
  await copyFile(Path.join(from, manifest), Path.join(to, manifest))
  await FileSystem.writeFile(Path.join(to, CURRENT), current, { flush: true })
}

/** Copies everything once, in the order that makes a copy whole or makes it refuse to open. */
const copyOnce = Effect.fnUntraced(function* (from: string, to: string, tables: TableCopies) {
  yield* abortable(`copy ${from}`, (signal) => tables.gather(from, signal))
  const journaled = yield* lastJournaled(from)
  const isWhole = yield* abortable(`copy ${from}`, async (signal) => {
    await FileSystem.mkdir(to)
    const manifestEnd = Path.join(from, ManifestEnd.FILE_NAME)
    await ifThere(copyFile(manifestEnd, Path.join(to, ManifestEnd.FILE_NAME)))
    const copied = await ifThere(copyLogsAndManifest(from, to).then(() => true))
    await tables.gather(from, signal)
    await tables.placeIn(to)
    for (const path of Journal.paths(from)) await ifThere(copyFile(path, Path.join(to, Path.basename(path))))
    return copied === true
  })
  if (!isWhole) return yield* torn(from, `its ${CURRENT} or the manifest that this names is not there`)
  const closed = yield* LastSequenceFile.read(from, Checksum.ofText)
  const last = Math.max(journaled, closed ?? 0)
  // Without a number an empty database would be taken for a new store.
  if (last === 0) return yield* torn(from, "no batch of it is known")
  yield* LastSequenceFile.write(to, last, Checksum.ofText)
})

/** Opens and closes the copy: brings in the journal, and checks that no batch is missing. */
const recover = Effect.fnUntraced(function* (directory: string): Effect.fn.Return<void, OpenError> {
  yield* Layer.build(LevelStorage.layer({ directory })).pipe(
    Effect.scoped,
    // That the batch which was being written is dropped is as it should be.
    Logger.withMinimumLogLevel(LogLevel.Error)
  )
  // A store that cannot be closed cleanly says so only in its log, and keeps its journal.
  const files = yield* JournalFiles
  const left = yield* abortable("read the journal", () => Journal.readFiles(files, Journal.paths(directory)))
  if (left.length === 0) return
  const reason = "its journal could not be brought into its database"
  return yield* new StorageUnavailable({ operation: `close ${directory}`, reason })
})

const readFailure =
  (directory: string) =>
  (cause: unknown): StorageError => {
    if (cause instanceof CorruptRecord) return cause
    if (LevelDatabase.isCorruption(cause)) return new CorruptRecord({ key: directory, reason: reasonOf(cause) })
    return unavailable("read the copy")(cause)
  }

/** Reads every record of the copy, and checks it against its checksum. Tells how many there are. */
const checkRecords = (directory: string): Effect.Effect<number, OpenError> =>
  Effect.flatMap(LevelDatabase.open(directory, false, LevelStorage.defaultOptions), (database) =>
    abortable(
      "read the copy",
      async (signal) => {
        let records = 0
        for await (const [key, text] of database.iterator()) {
          signal.throwIfAborted()
          const opened = Envelope.open(key, text, Checksum.ofText)
          if ("corrupt" in opened) {
            throw new CorruptRecord({ key: StorageKeyCodec.describeEncoded(key), reason: opened.corrupt })
          }
          records += 1
        }
        return records
      },
      readFailure(directory)
    )
  ).pipe(Effect.scoped)

const sizeOf = async (directory: string): Promise<number> => {
  const names = await FileSystem.readdir(directory)
  const found = await Promise.all(names.map((name) => FileSystem.stat(Path.join(directory, name))))
  return found.reduce((sum, { size }) => sum + size, 0)
}

const remove = (directory: string): Promise<void> => FileSystem.rm(directory, { force: true, recursive: true })

/** Grows, up to a longest, so that a busy store has a quiet moment in one of the pauses. */
const pauses = (attempts: number) =>
  Schedule.exponential(FIRST_PAUSE).pipe(
    Schedule.union(Schedule.spaced(LONGEST_PAUSE)),
    Schedule.intersect(Schedule.recurs(attempts - 1))
  )

/**
 * Copies a store, and checks the copy: it opens, has every batch that was durable before the copying began, and every record
 * of it passes its checksum. Durable once it is done; where it fails, or is interrupted, there is no copy. `CorruptStore`: no attempt
 * gave a copy that opens; the store is damaged, or written faster than it can be copied.
 */
export const copy = Effect.fn("LevelBackup.copy")(function* ({
  from,
  maxAttempts = MAX_ATTEMPTS,
  to
}: LevelBackupOptions): Effect.fn.Return<LevelBackupResult, OpenError> {
  const gathered = `${to}.tables`
  const tables = new TableCopies(gathered)
  let attempts = 0
  const attempt = Effect.suspend(() => {
    attempts += 1
    return Effect.zipRight(
      abortable(`remove ${to}`, () => remove(to)),
      Effect.zipRight(copyOnce(from, to, tables), recover(to))
    )
  })
  yield* StoreKind.expect(StoreKind.LEVEL, from)
  yield* DurableDirectory.ensure(gathered)
  return yield* Effect.gen(function* () {
    yield* Effect.retry(attempt, { schedule: pauses(maxAttempts), while: ({ _tag }) => _tag === "CorruptStore" })
    const records = yield* checkRecords(to)
    const sizeBytes = yield* abortable(`sync ${to}`, async () => {
      await DurableDirectory.sync(to)
      return sizeOf(to)
    })
    return { attempts, records, sizeBytes }
  }).pipe(
    Effect.mapError((error) =>
      error._tag === "CorruptStore"
        ? torn(from, `of ${attempts} copies none was whole; of the last one: ${error.reason}`)
        : error
    ),
    Effect.onError(() => Effect.promise(() => remove(to).catch(() => undefined))),
    Effect.ensuring(Effect.promise(() => remove(gathered).catch(() => undefined)))
  )
})
