import * as Data from "effect/Data"

/** What the command ends with: what a caller can do about it, as in `schemas/Errors.ts`. */
export const EXIT = {
  /** A mistake of this program. */
  unexpected: 1,
  /** The command line is not understood. */
  usage: 2,
  /** No such database, collection, entry or file. */
  notFound: 3,
  /** The same again may succeed: a conflict, a database in use, a full disk. */
  retry: 4,
  /** It is not known whether it happened. */
  unknown: 5,
  /** The request itself must change. */
  refused: 6,
  /** What is stored is not what was written. */
  corrupt: 7,
  /** A line of the input cannot be taken; those of the batches before it are imported. */
  malformed: 8,
  interrupted: 130
} as const

/** The codes as the help shows them. */
export const EXIT_HELP =
  "Ends with 0 when done, 1 after an unexpected error, 2 where the command line is wrong, 3 where a database, collection, " +
  "entry or file is not found, 4 where the same again may succeed, 5 where the outcome is unknown, 6 where the request must " +
  "change, 7 where stored data is corrupt, 8 where a line of the input is malformed, 130 when interrupted."

/** A command that did not do what it should, reported already. */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{ readonly exitCode: number }> {}

/** There is nothing at the place that the command names. */
export class NotFound extends Data.TaggedError("NotFound")<{ readonly message: string }> {}

/** A request that must change. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** A line of the input that cannot be taken; it counts from 1. */
export class MalformedLine extends Data.TaggedError("MalformedLine")<{
  readonly line: number
  readonly reason: string
}> {
  override get message() {
    return `line ${this.line}: ${this.reason}`
  }
}

/** Stored data has problems, which are reported already. */
export class NotSound extends Data.TaggedError("NotSound")<{ readonly message: string }> {}

/** A process of this command's own ended by itself. */
export class NodeEnded extends Data.TaggedError("NodeEnded")<{ readonly message: string }> {}

/** Any error that a command may fail with. */
export interface AnyFailure {
  readonly _tag: string
  readonly message: string
  /** What to do about it, where that shows. */
  readonly fix?: string
  /** Of the input, where it is to blame. */
  readonly line?: number
}

const EXIT_OF: Readonly<Record<string, number>> = {
  BlockUnavailable: EXIT.retry,
  Busy: EXIT.retry,
  CollectionNotFound: EXIT.notFound,
  Conflict: EXIT.retry,
  CorruptBlock: EXIT.corrupt,
  CorruptRecord: EXIT.corrupt,
  CorruptStore: EXIT.corrupt,
  MalformedLine: EXIT.malformed,
  NodeEnded: EXIT.retry,
  NotEnoughPeers: EXIT.retry,
  NotFound: EXIT.notFound,
  NotSound: EXIT.corrupt,
  OutcomeUnknown: EXIT.unknown,
  PeerUnreachable: EXIT.retry,
  QuorumUnavailable: EXIT.retry,
  StorageLocked: EXIT.retry,
  StorageUnavailable: EXIT.retry,
  Usage: EXIT.usage
}

/** What to do about an error whose own words are those of a program's author. */
const FIX_OF: Readonly<Record<string, string>> = {
  CollectionMismatch:
    "`optimystic collections --json` tells what each is; trees by other keys than texts are for programs alone",
  CollectionNotFound:
    "`optimystic collections` lists those there are; `tree put`, `diary append` and imports make them",
  DecodeError:
    "entries that a program wrote bear their key themselves: name the property that holds it, as in --key id",
  NotEnoughPeers: "wait until as many nodes of the network are up, or name its --cluster-size where that is not 4",
  PeerUnreachable: "name in --bootstrap, and --network, a node that runs; it prints its address as it starts",
  StoreMismatch: "leave --storage out"
}

/** What the same errors say to the authors of programs. */
const PROGRAMMERS_FIX = /; (?:openOrCreate makes it|open it as what it is)$/

/** What the platform says where the same again will not succeed, and what to do about it. */
const PLATFORM_FIXES: ReadonlyArray<readonly [said: RegExp, fix: string]> = [
  [/\b(?:EACCES|EPERM|EROFS|permission denied)\b/i, "ask who owns the directory for permission, or name another"],
  [/\b(?:ENOTDIR|EEXIST|AlreadyExists)\b/, "there is a file of this name; name another directory"]
]

/** The errors that may have the platform's words: in others such a word is one of the user's, as a key or a name. */
const OF_PLATFORM: ReadonlySet<string> = new Set([
  "IdentityError",
  "Refused",
  "StorageLocked",
  "StorageUnavailable",
  "SystemError"
])

const platformFixOf = ({ _tag, message }: AnyFailure): string | undefined =>
  OF_PLATFORM.has(_tag) ? PLATFORM_FIXES.find(([said]) => said.test(message))?.[1] : undefined

/** A failure as one line for people, or one JSON object for machines, and the code to end with. */
export const describe = (failure: AnyFailure, json: boolean): { readonly line: string; readonly exitCode: number } => {
  const { _tag, fix: ownFix, line: inputLine, message } = failure
  const platformFix = platformFixOf(failure)
  const fix = platformFix ?? ownFix ?? FIX_OF[_tag]
  const words = message.replace(/\s*\n\s*/g, " ").replace(PROGRAMMERS_FIX, "")
  const exitCode = platformFix !== undefined ? EXIT.refused : (EXIT_OF[_tag] ?? EXIT.refused)
  const line = json
    ? JSON.stringify({
        error: _tag,
        message: words,
        ...(inputLine !== undefined && { line: inputLine }),
        ...(fix !== undefined && { fix }),
        exitCode
      })
    : `optimystic: ${words}${fix === undefined ? "" : `; ${fix}`}`
  return { exitCode, line }
}
