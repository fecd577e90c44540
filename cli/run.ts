import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { Json } from "../schemas/Json.ts"
import type { Database } from "../src/transaction/Database.ts"
import { type AnyFailure, CommandFailed, describe, NotFound } from "./failure.ts"

/** The database and its collections, as a module that is loaded late. */
type Loaded = typeof import("./database.ts")

/** What every command knows. */
export interface Common {
  readonly data: string
  readonly json: boolean
}

/** Where a node keeps its store, in its directory. */
const STORE = "store"

/** Reading from a place without a database must not make one there. */
const expectDatabase = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    Effect.filterOrFail(
      Effect.orElseSucceed(files.exists(`${directory}/${STORE}`), () => false),
      (exists) => exists,
      () => new NotFound({ message: `${directory} holds no database; a command that writes makes one` })
    )
  )

const onDatabase = <E extends AnyFailure>(
  { data, json }: Common,
  use: (loaded: Loaded) => Effect.Effect<void, E, Database>
): Effect.Effect<void, CommandFailed> =>
  Effect.promise(() => import("./database.ts")).pipe(
    Effect.flatMap((loaded) => Effect.provide(use(loaded), loaded.layer(data))),
    Effect.catchAll((failure: AnyFailure) => report(failure, json))
  )

const report = (failure: AnyFailure, json: boolean) => {
  const { exitCode, line } = describe(failure, json)
  return Effect.zipRight(
    Effect.sync(() => process.stderr.write(`${line}\n`)),
    new CommandFailed({ exitCode })
  )
}

/** Runs a command that changes the database of a directory, which is made where there is none. */
export const writing = onDatabase

/** Runs a command that only reads the database of a directory. */
export const reading = <E extends AnyFailure>(
  common: Common,
  use: (loaded: Loaded) => Effect.Effect<void, E, Database>
): Effect.Effect<void, CommandFailed, FileSystem.FileSystem> =>
  Effect.zipRight(
    Effect.catchAll(expectDatabase(common.data), (failure) => report(failure, common.json)),
    onDatabase(common, use)
  )

/** One result: as an object for machines, and as a text for people. */
export interface Result {
  readonly object: { readonly [name: string]: Json }
  readonly text: string
}

/** Prints results, each on a line. */
export const print = ({ json }: Common, results: Iterable<Result>): Effect.Effect<void> =>
  Effect.sync(() => {
    let lines = ""
    for (const { object, text } of results) lines += `${json ? JSON.stringify(object) : text}\n`
    process.stdout.write(lines)
  })
