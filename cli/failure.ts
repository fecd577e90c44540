import * as Data from "effect/Data"

/** What the command ends with: what a caller can do about it, as in `schemas/Errors.ts`. */
export const EXIT = {
  /** A mistake of this program. */
  unexpected: 1,
  /** The command line is not understood. */
  usage: 2,
  /** No such database, collection or entry. */
  notFound: 3,
  /** The same again may succeed: a conflict, a database in use, a full disk. */
  retry: 4,
  /** It is not known whether it happened. */
  unknown: 5,
  /** The request itself must change. */
  refused: 6,
  /** What is stored is not what was written. */
  corrupt: 7,
  interrupted: 130
} as const

/** The codes as the help shows them. */
export const EXIT_HELP =
  "Ends with 0 when done, 1 after an unexpected error, 2 where the command line is wrong, 3 where a database, collection " +
  "or entry is not found, 4 where the same again may succeed, 5 where the outcome is unknown, 6 where the request must " +
  "change, 7 where stored data is corrupt."

/** A command that did not do what it should, reported already. */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{ readonly exitCode: number }> {}

/** There is nothing at the place that the command names. */
export class NotFound extends Data.TaggedError("NotFound")<{ readonly message: string }> {}

/** Any error that a command may fail with. */
export interface AnyFailure {
  readonly _tag: string
  readonly message: string
}

const EXIT_OF: Readonly<Record<string, number>> = {
  BlockUnavailable: EXIT.retry,
  Busy: EXIT.retry,
  CollectionNotFound: EXIT.notFound,
  Conflict: EXIT.retry,
  CorruptBlock: EXIT.corrupt,
  CorruptRecord: EXIT.corrupt,
  CorruptStore: EXIT.corrupt,
  NotFound: EXIT.notFound,
  OutcomeUnknown: EXIT.unknown,
  StorageLocked: EXIT.retry,
  StorageUnavailable: EXIT.retry
}

/** What to do about an error whose own words are those of a program's author. */
const FIX_OF: Readonly<Record<string, string>> = {
  CollectionNotFound: "`optimystic tree put` or `optimystic diary append` makes it",
  DecodeError: "the command line reads only what it wrote; a program of yours wrote this with a schema of its own"
}

/** A failure as one line for people, or one JSON object for machines, and the code to end with. */
export const describe = (
  { _tag, message }: AnyFailure,
  json: boolean
): { readonly line: string; readonly exitCode: number } => {
  const fix = FIX_OF[_tag]
  const words = message.replace(/\s*\n\s*/g, " ").replace(/; openOrCreate makes it$/, "")
  const exitCode = EXIT_OF[_tag] ?? EXIT.refused
  const line = json
    ? JSON.stringify({ error: _tag, message: words, ...(fix !== undefined && { fix }), exitCode })
    : `optimystic: ${words}${fix === undefined ? "" : `; ${fix}`}`
  return { exitCode, line }
}
