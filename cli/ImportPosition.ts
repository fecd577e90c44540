/**
 * How far an import has come: kept in the database, written in the same transaction as what was imported, and so exact whatever
 * happens. An input is recognised by the hash of the lines that were taken from it.
 */
import { createHash, type Hash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { formOf } from "./EntryForm.ts"
import { Refused } from "./failure.ts"
import type { Line } from "./JsonLines.ts"
import { makeTree } from "./trees.ts"

/** The tree that holds a position per collection. */
export const IMPORTS = "optimystic/imports"

/** Where an import is: after so many lines, whose hash this is; `done` where the input ended there. */
const Position = Schema.Struct({ done: Schema.Boolean, lines: Schema.Int, sha256: Schema.String })
export type Position = typeof Position.Type

const PAIRS = formOf(Option.none())
const decode = Schema.decodeUnknownOption(Position)

/** The positions of a database. */
export const openPositions = Effect.map(makeTree(IMPORTS, PAIRS), (tree) => ({
  get: (collection: string) =>
    Effect.map(tree.get(collection), (found) => Option.flatMap(found, (entry) => decode(PAIRS.valueOf(entry)))),
  put: (collection: string, position: Position) => tree.put(PAIRS.entryOf(collection, { ...position }))
}))

/** The lines that were taken from an input so far. */
export class LinesTaken {
  readonly #hash: Hash = createHash("sha256")
  #lines = 0
  #bytes = 0

  take({ bytes, number }: Line): void {
    this.#hash.update(bytes).update("\n")
    this.#lines = number
    this.#bytes += bytes.length + 1
  }

  get bytes(): number {
    return this.#bytes
  }

  position(done: boolean): Position {
    return { done, lines: this.#lines, sha256: this.#hash.copy().digest("hex") }
  }
}

/** What the options make of a known position: where to go on, if not at the beginning. */
export const resumeAt = (
  { collection, restart, resume }: { readonly collection: string; readonly restart: boolean; readonly resume: boolean },
  known: Option.Option<Position>
): Effect.Effect<Position | undefined, Refused> => {
  if (restart && resume) return new Refused({ message: "--resume and --restart exclude each other" })
  const position = Option.getOrUndefined(known)
  if (position === undefined || restart) return Effect.succeed(undefined)
  if (resume) return Effect.succeed(position)
  return position.done
    ? Effect.succeed(undefined)
    : new Refused({
        message: `An import into ${JSON.stringify(collection)} stopped after line ${position.lines}; --resume goes on with the same input, --restart begins anew`
      })
}
