/** A file system over another one, that fails where a test wants it, and knows what was not synced. */
import * as Path from "node:path"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

const failure = (method: string, path: string, description: string): Effect.Effect<never, PlatformError> =>
  Effect.fail(new SystemError({ description, method, module: "FileSystem", pathOrDescriptor: path, reason: "Unknown" }))

/** What is in it need not be durable. */
const TEMPORARY = "tmp"

const CHECKPOINT = "checkpoint.json"

const parentOf = (path: string): string => (path.includes("/") ? Path.dirname(path) : "")

export class FaultyFileSystem {
  /** While true, nothing is written. */
  isFull = false
  /** Which changes of files fail, by their places in the order of all of them, and their paths. */
  fails: (place: number, path: string) => boolean = () => false
  /** Whether a change that fails is made all the same. */
  failsLate = false
  /** How many changes there were. */
  changes = 0
  /** While true, nothing is read. */
  isUnreadable = false
  /** What happens before the next reads of files, one after another. */
  readonly beforeReads: Array<Effect.Effect<void>> = []
  /** Files that were put in place, and folders whose names changed, with when that was; by paths below the directory. */
  readonly changed = new Map<string, number>()
  /** What was not synced when a checkpoint was last put in place. */
  unsyncedAtCheckpoint: ReadonlyArray<string> = []
  readonly #synced = new Map<string, number>()
  readonly #directory: string
  #now = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  /** What was changed after it was last synced. */
  get unsynced(): ReadonlyArray<string> {
    return [...this.changed].filter(([path, at]) => (this.#synced.get(path) ?? 0) < at).map(([path]) => path)
  }

  over(context: Context.Context<FileSystem.FileSystem>): Context.Context<FileSystem.FileSystem> {
    const below = Context.get(context, FileSystem.FileSystem)
    const reading = <A>(path: string, read: Effect.Effect<A, PlatformError>) =>
      Effect.suspend(() => (this.isUnreadable ? failure("read", path, "EIO: i/o error") : read))
    const changing = <A>(method: string, path: string, change: Effect.Effect<A, PlatformError>) =>
      Effect.suspend(() => {
        if (!this.fails(this.changes++, path)) return change
        const failed = failure(method, path, "EIO: i/o error")
        return this.failsLate ? Effect.zipRight(change, failed) : failed
      })
    return Context.make(FileSystem.FileSystem, {
      ...below,
      makeDirectory: (path, options) =>
        Effect.tap(changing("makeDirectory", path, below.makeDirectory(path, options)), () => {
          for (let made = this.#below(path); made !== ""; made = parentOf(made)) this.#change(parentOf(made))
        }),
      open: (path, options) =>
        Effect.map(below.open(path, options), (file) => ({
          ...file,
          sync: Effect.tap(changing("sync", path, file.sync), () => {
            this.#synced.set(this.#below(path), ++this.#now)
          })
        })),
      readDirectory: (path) => reading(path, below.readDirectory(path)),
      readFileString: (path) =>
        Effect.suspend(() =>
          Effect.zipRight(this.beforeReads.shift() ?? Effect.void, reading(path, below.readFileString(path)))
        ),
      remove: (path, options) =>
        Effect.tap(changing("remove", path, below.remove(path, options)), () => {
          this.changed.delete(this.#below(path))
          this.#change(parentOf(this.#below(path)))
        }),
      rename: (from, to) =>
        Effect.tap(changing("rename", to, below.rename(from, to)), () => {
          const target = this.#below(to)
          if (target === CHECKPOINT) this.unsyncedAtCheckpoint = this.unsynced
          this.#change(target)
          // It takes with it what was synced under its old name.
          if (this.#synced.delete(this.#below(from))) this.#synced.set(target, ++this.#now)
          this.#change(parentOf(target))
        }),
      writeFileString: (path, text) =>
        Effect.suspend(() =>
          this.isFull
            ? failure("write", path, "ENOSPC: no space left on device")
            : changing("write", path, below.writeFileString(path, text))
        )
    })
  }

  #below(path: string): string {
    return Path.relative(this.#directory, path)
  }

  #change(path: string): void {
    if (path !== TEMPORARY) this.changed.set(path, ++this.#now)
  }
}
