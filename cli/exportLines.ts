/** The export to JSON lines: to standard output, or to a file that appears once it is complete. */
import * as Files from "node:fs/promises"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Json } from "../schemas/Json.ts"
import { Refused } from "./failure.ts"
import * as Progress from "./Progress.ts"
import { print, type Speech, write } from "./run.ts"

/** How an export is asked for. */
export interface ExportOptions extends Speech {
  readonly file: Option.Option<string>
}

/** Why a file cannot be written, where the platform's own words are none of a user's. */
const REASONS: Readonly<Record<string, string>> = {
  EEXIST: "it exists already; name a new file",
  ENOENT: "the directory that it would be in is not there; make it first"
}

const writing = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, Refused> =>
  Effect.tryPromise({
    catch: (cause) => {
      const code = cause instanceof Error && "code" in cause ? `${cause.code}` : ""
      const reason = REASONS[code] ?? (cause instanceof Error ? cause.message : cause)
      return new Refused({ message: `${path} cannot be written: ${reason}` })
    },
    try: run
  })

/** A file under another name until it is complete: an export that was interrupted is not taken for one that was not. */
const incomplete = Effect.fnUntraced(function* (path: string) {
  const temporary = `${path}.incomplete-${process.pid}`
  yield* writing(path, async () => {
    if (await Files.stat(path).catch(() => undefined)) throw Object.assign(new Error("exists"), { code: "EEXIST" })
  })
  const handle = yield* Effect.acquireRelease(
    writing(path, () => Files.open(temporary, "w")),
    (handle) => Effect.promise(() => handle.close().then(() => Files.rm(temporary, { force: true })))
  )
  return {
    complete: writing(path, async () => {
      await handle.sync()
      // A link, unlike a rename, never replaces a file.
      await Files.link(temporary, path)
    }),
    write: (text: string) => writing(path, () => handle.writeFile(text))
  }
})

/** Exports entries, of which there are so many where that is known. */
export const exportLines = Effect.fnUntraced(function* <E, R>(
  options: ExportOptions,
  entries: Stream.Stream<Json, E, R>,
  total?: number
) {
  const file = Option.isSome(options.file) ? yield* incomplete(options.file.value) : undefined
  const progress = Progress.make(file === undefined && process.stdout.isTTY ? { write } : process.stderr)
  let exported = 0
  yield* Stream.runForEachChunk(entries, (chunk) => {
    const text = Chunk.join(
      Chunk.map(chunk, (entry) => `${JSON.stringify(entry)}\n`),
      ""
    )
    exported += chunk.length
    progress.advance(`exported ${exported}`, Progress.shareOf(exported, total))
    return file === undefined ? write(text) : file.write(text)
  }).pipe(Effect.ensuring(Effect.sync(progress.end)))
  if (file === undefined) return
  yield* file.complete
  yield* print(options, [{ object: { exported }, text: `exported ${exported}` }])
}, Effect.scoped)
