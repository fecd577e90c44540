/**
 * A backup of a node's directory, made while another process has it open: a directory that opens as a node of the same key.
 */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import { Invalid, type OpenError } from "../schemas/Errors.ts"
import { IDENTITY_FILE, STORE_DIRECTORY } from "./NodeDirectory.ts"
import { abortable } from "./storage/Abortable.ts"
import { copyFile } from "./storage/CopyFile.ts"
import * as DurableDirectory from "./storage/DurableDirectory.ts"
import * as LevelBackup from "./storage/LevelBackup.ts"

/** What is backed up, and where to. */
export interface NodeBackupOptions {
  /** The directory of the node. It is only read. */
  readonly from: string
  /** A directory that is not there yet. It appears once the backup is complete. */
  readonly to: string
}

const isWithin = (directory: string, other: string): boolean => {
  const way = Path.relative(Path.resolve(directory), Path.resolve(other))
  return !Path.isAbsolute(way) && way.split(Path.sep)[0] !== ".."
}

const exists = (path: string): Promise<boolean> =>
  FileSystem.lstat(path).then(
    () => true,
    () => false
  )

const checkTarget = Effect.fnUntraced(function* ({ from, to }: NodeBackupOptions) {
  if (isWithin(from, to)) return yield* new Invalid({ reason: `${to} is inside of ${from}; a backup lies elsewhere` })
  if (yield* Effect.promise(() => exists(to))) {
    return yield* new Invalid({ reason: `${to} exists already, and a backup overwrites nothing; name a new directory` })
  }
})

const notCopied = (from: string, kind: string) =>
  new Invalid({
    reason: `${from} has storage ${kind}, which cannot be copied in use; copy the directory while no process has it open`
  })

/**
 * Copies a node's directory: its key and, as `LevelBackup.copy` does, its store. Holds all that was acknowledged before it
 * began. Keep it as safe as the original: whoever has the key can sign as the node.
 */
export const make = Effect.fn("NodeBackup.make")(function* (
  options: NodeBackupOptions
): Effect.fn.Return<LevelBackup.LevelBackupResult, OpenError | Invalid> {
  const { from, to } = options
  yield* checkTarget(options)
  const parent = Path.dirname(Path.resolve(to))
  yield* DurableDirectory.ensure(parent)
  return yield* Effect.acquireUseRelease(
    abortable(`create ${to}`, () => FileSystem.mkdtemp(`${Path.resolve(to)}.incomplete-`)),
    Effect.fnUntraced(function* (incomplete) {
      yield* abortable(`copy ${IDENTITY_FILE}`, () =>
        copyFile(Path.join(from, IDENTITY_FILE), Path.join(incomplete, IDENTITY_FILE))
      )
      const result = yield* LevelBackup.copy({
        from: Path.join(from, STORE_DIRECTORY),
        to: Path.join(incomplete, STORE_DIRECTORY)
      }).pipe(Effect.catchTag("StoreMismatch", ({ found }) => notCopied(from, found)))
      yield* Effect.uninterruptible(
        abortable(`create ${to}`, async () => {
          await DurableDirectory.sync(incomplete)
          await FileSystem.rename(incomplete, to)
          await DurableDirectory.sync(parent)
        })
      )
      return result
    }),
    (incomplete) =>
      Effect.promise(() => FileSystem.rm(incomplete, { force: true, recursive: true }).catch(() => undefined))
  )
})
