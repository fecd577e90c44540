/**
 * Looks at the files of a LevelDB database before LevelDB does. `classic-level` does not let LevelDB compare its checksums as it
 * reads: a damaged table hides records, which then read as older ones or as none, and the next compaction buries that for ever.
 */
import * as FileSystem from "node:fs"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import { CorruptStore, type OpenError, StorageLocked } from "../../../schemas/Errors.ts"
import * as LevelDatabase from "../LevelDatabase.ts"
import { isAbsent, unavailable } from "../StorageFailure.ts"
import { Malformed } from "./ByteReader.ts"
import * as CurrentFile from "./CurrentFile.ts"
import * as Manifest from "./Manifest.ts"
import * as ManifestEnd from "./ManifestEnd.ts"
import * as RecordFile from "./RecordFile.ts"
import * as TableFile from "./TableFile.ts"

/** Tables that are read at the same time: one from the disk, while the other is checked. */
const CONCURRENCY = 2

/** Files that only a database has that had a CURRENT once. */
const LEFT_BEHIND = /^(?:[0-9]+\.ldb|journal-[ab])$/

/** Says of what is not as it should be which file that is. */
const naming =
  (directory: string, name: string, absence = `${name} is missing`) =>
  (cause: unknown): OpenError => {
    if (cause instanceof Malformed)
      return new CorruptStore({ directory, reason: `${name} is damaged: ${cause.message}` })
    return isAbsent(cause) ? new CorruptStore({ directory, reason: absence }) : unavailable(`read ${name}`)(cause)
  }

/** The tables that a MANIFEST names, if it is all there, and whether a record at its end is not. */
const readManifest = (path: string, sizeBytes: number) => {
  const { end, records, rest } = RecordFile.scan(FileSystem.readFileSync(path))
  // What was being written when the power failed named nothing that was relied upon.
  if (rest === "damaged" || end < sizeBytes) throw new Malformed(`its record at byte ${end} is not what was written`)
  return { isCut: rest === "unfinished", tables: Manifest.tablesOf(records) }
}

const checkTable = async (path: string, { sizeBytes }: Manifest.TableEntry, content: boolean): Promise<void> => {
  const file = await FileSystem.promises.open(path, "r")
  try {
    const { size } = await file.stat()
    if (size !== sizeBytes) throw new Malformed(`it has ${size} bytes instead of ${sizeBytes}`)
    if (content) await TableFile.check(file, sizeBytes)
  } finally {
    await file.close()
  }
}

/** Works on a file, by its name. */
const onFile = <A>(
  directory: string,
  name: string,
  use: (path: string) => A,
  absence?: string
): Effect.Effect<A, OpenError> =>
  Effect.try({ try: () => use(Path.join(directory, name)), catch: naming(directory, name, absence) })

/** Without a CURRENT there is no database: then nothing else may say that there was one. */
const checkAbsence = (directory: string): Effect.Effect<void, OpenError> =>
  Effect.flatMap(
    onFile(directory, ".", (path) => FileSystem.readdirSync(path)),
    (names) => {
      const left = names.find((name) => LEFT_BEHIND.test(name))
      if (left === undefined) return Effect.void
      const reason = `${CurrentFile.FILE_NAME} is missing, though ${left} is there`
      return Effect.fail(new CorruptStore({ directory, reason }))
    }
  )

const checkOnce = Effect.fnUntraced(function* (directory: string, content: boolean): Effect.fn.Return<void, OpenError> {
  const current = yield* onFile(directory, CurrentFile.FILE_NAME, () => CurrentFile.read(directory))
  if (current === undefined) return yield* checkAbsence(directory)
  const least = yield* onFile(directory, ManifestEnd.FILE_NAME, () => ManifestEnd.read(directory))
  const name = CurrentFile.manifestName(current)
  if (current < least.manifest) {
    const reason = `${CurrentFile.FILE_NAME} names ${name}, which ${CurrentFile.manifestName(least.manifest)} replaced`
    return yield* new CorruptStore({ directory, reason })
  }
  const { isCut, tables } = yield* onFile(
    directory,
    name,
    (path) => readManifest(path, current === least.manifest ? least.sizeBytes : 0),
    `${CurrentFile.FILE_NAME} names ${name}, which is missing`
  )
  yield* Effect.forEach(
    tables,
    (table) => {
      const tableName = `${CurrentFile.numbered(table.number)}.ldb`
      const absence = `${tableName} is missing${isCut ? `, and so is the end of ${name}` : ""}`
      return Effect.tryPromise({
        try: () => checkTable(Path.join(directory, tableName), table, content),
        catch: naming(directory, tableName, absence)
      })
    },
    { concurrency: CONCURRENCY, discard: true }
  )
})

/**
 * Fails with `CorruptStore`, which names the file, where a database that is not open lacks a file or has a damaged one; says
 * nothing of its log. Only with `content` is what is in its tables looked at. Changes nothing.
 */
export const check = Effect.fn("DatabaseCheck.check")(
  (directory: string, content: boolean): Effect.Effect<void, OpenError> =>
    Effect.catchTag(checkOnce(directory, content), "CorruptStore", () =>
      // Files that another process is changing look like that, too. It may have closed them by now.
      Effect.flatMap(LevelDatabase.isLocked(directory), (isLocked) =>
        isLocked ? Effect.fail(new StorageLocked({ directory })) : checkOnce(directory, content)
      )
    )
)
