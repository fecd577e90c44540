import * as FileSystem from "node:fs"
import * as Path from "node:path"
import { promisify } from "node:util"
import * as Context from "effect/Context"
import * as DurableDirectory from "../DurableDirectory.ts"
import { isAbsent } from "../StorageFailure.ts"

/** A file whose writes are durable once they are answered. */
export interface JournalFile {
  /** Writes the first `length` bytes at a position. It may write fewer, and says how many. */
  readonly write: (
    bytes: Uint8Array,
    length: number,
    position: number,
    done: (error: Error | null, written: number) => void
  ) => void
  /** Whether the file was removed meanwhile: what is written to it then is kept nowhere. */
  readonly isRemoved: () => boolean
  /** Cuts the file off, durably. */
  readonly truncate: (sizeBytes: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** The edge to the file system of a journal. Everything fails with what the platform throws. */
export interface JournalFilesService {
  /** Makes a file of zeros, durably with its name, and opens it. Leaves nothing where it fails. */
  readonly create: (path: string, sizeBytes: number) => Promise<JournalFile>
  /** Opens a file that is there, and makes durable what is in it: a process that was killed may have left it unsynced. */
  readonly open: (path: string) => Promise<JournalFile>
  /** What is in a file, or undefined where there is none. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>
  /** Removes a file, if it is there, not durably. */
  readonly remove: (path: string) => Promise<void>
}

const ZEROS = Buffer.alloc(1024 * 1024)

/** Where the platform cannot make each write durable by itself, every write is followed by a sync. */
const { O_DSYNC, O_WRONLY } = FileSystem.constants as Partial<typeof FileSystem.constants>
const syncsItself = O_DSYNC !== undefined

const truncate = promisify(FileSystem.ftruncate)
const sync = promisify(FileSystem.fsync)
const close = promisify(FileSystem.close)
const open = promisify(FileSystem.open)

/** Synchronous: it takes a microsecond or two, a turn of the thread pool many. */
const isRemoved = (descriptor: number): boolean => {
  try {
    return FileSystem.fstatSync(descriptor).nlink === 0
  } catch {
    return true // as file systems of other machines say it
  }
}

const journalFile = (descriptor: number): JournalFile => ({
  write: (bytes, length, position, done) =>
    // With a callback: a FileHandle costs as much again as the write.
    FileSystem.write(descriptor, bytes, 0, length, position, (error, written) => {
      if (error !== null || syncsItself) done(error, written)
      else FileSystem.fdatasync(descriptor, (syncError) => done(syncError, written))
    }),
  isRemoved: () => isRemoved(descriptor),
  truncate: async (sizeBytes) => {
    await truncate(descriptor, sizeBytes)
    await sync(descriptor)
  },
  close: () => close(descriptor)
})

const fill = async (path: string, sizeBytes: number): Promise<void> => {
  const handle = await FileSystem.promises.open(path, "w")
  try {
    for (let position = 0; position < sizeBytes; ) {
      const { bytesWritten } = await handle.write(ZEROS, 0, Math.min(ZEROS.length, sizeBytes - position), position)
      position += bytesWritten
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const openForWriting = (path: string): Promise<number> => open(path, (O_WRONLY ?? 1) | (O_DSYNC ?? 0))

const remove = (path: string): Promise<void> => FileSystem.promises.rm(path, { force: true })

const node: JournalFilesService = {
  create: async (path, sizeBytes) => {
    try {
      // Zeros that are on disk: writing over them changes no metadata, which would have to be synced as well.
      await fill(path, sizeBytes)
      await DurableDirectory.sync(Path.dirname(path))
      return journalFile(await openForWriting(path))
    } catch (cause) {
      // What is left would take the room that is missing; that it stays is not worse than the cause.
      await remove(path).catch(() => undefined)
      throw cause
    }
  },
  open: async (path) => {
    const descriptor = await openForWriting(path)
    try {
      await sync(descriptor)
    } catch (cause) {
      await close(descriptor)
      throw cause
    }
    return journalFile(descriptor)
  },
  read: (path) =>
    FileSystem.promises.readFile(path).catch((cause: unknown) => {
      if (isAbsent(cause)) return undefined
      throw cause
    }),
  remove
}

/** The files that journals are written to: those of the platform, unless a test wants others. */
export class JournalFiles extends Context.Reference<JournalFiles>()("optimystic/JournalFiles", {
  defaultValue: (): JournalFilesService => node
}) {}
