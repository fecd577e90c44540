import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Json } from "../schemas/Json.ts"
import type { Database } from "../src/transaction/Database.ts"
import { type AnyFailure, CommandFailed, describe, NotFound } from "./failure.ts"
import { type Place, type PlaceOptions, placeOf } from "./place.ts"

/** A module that a command is loaded with, once it runs. */
export type Module<A> = () => Promise<A>

/** How a command speaks. */
export interface Speech {
  readonly json: boolean
}

/** What every command on a database knows. */
export interface Common extends PlaceOptions, Speech {}

/** One of these files is in the store of any database, in the directory of its node, and another where it is lost. */
const STORE_FILES = ["store/CURRENT", "store/format.json", "store/last-sequence.json"]

/** Reading from a place without a database must not make one there. */
const expectDatabase = (directory: string): Effect.Effect<void, NotFound, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    Effect.filterOrFail(
      // What may not be looked at may be there: opening it will tell.
      Effect.exists(STORE_FILES, (name) => Effect.orElseSucceed(files.exists(`${directory}/${name}`), () => true)),
      (exists) => exists,
      () => new NotFound({ message: `${directory} holds no database; a command that writes makes one` })
    )
  )

const report = (failure: AnyFailure, json: boolean) => {
  const { exitCode, line } = describe(failure, json)
  return Effect.zipRight(
    Effect.sync(() => process.stderr.write(`${line}\n`)),
    new CommandFailed({ exitCode })
  )
}

/** Runs a command; a failure is reported, and decides what the process ends with. */
export const running = <E extends AnyFailure, R>(
  { json }: Speech,
  command: Effect.Effect<void, E, R>
): Effect.Effect<void, CommandFailed, R> => Effect.catchAll(command, (failure: AnyFailure) => report(failure, json))

/** As {@link running}, on a directory that must hold a database. */
export const runningOn = <E extends AnyFailure, R>(
  { data, json }: Speech & { readonly data: string },
  command: Effect.Effect<void, E, R>
): Effect.Effect<void, CommandFailed, R | FileSystem.FileSystem> =>
  running<AnyFailure, R | FileSystem.FileSystem>({ json }, Effect.zipRight(expectDatabase(data), command))

const onDatabase = <A, E extends AnyFailure>(
  place: Place,
  module: Module<A>,
  use: (loaded: A) => Effect.Effect<void, E, Database>
) =>
  Effect.flatMap(
    Effect.promise(() => Promise.all([import("./database.ts"), module()])),
    ([{ layer }, loaded]) => Effect.provide(use(loaded), layer(place))
  )

/**
 * Runs a command that changes a database, which is made where a directory has none; but not before the command's input is found, where it
 * has one.
 */
export const writing = <A, E extends AnyFailure, R = never>(
  common: Common,
  module: Module<A>,
  use: (loaded: A) => Effect.Effect<void, E, Database>,
  input: Effect.Effect<void, NotFound, R> = Effect.void
) =>
  running<AnyFailure, R>(
    common,
    Effect.flatMap(placeOf(common), (place) => Effect.zipRight(input, onDatabase(place, module, use)))
  )

/** Fails where a command's input is not there. */
export const expectFile = (file: Option.Option<string>): Effect.Effect<void, NotFound, FileSystem.FileSystem> =>
  Option.match(file, {
    onNone: () => Effect.void,
    onSome: (path) =>
      Effect.flatMap(FileSystem.FileSystem, (files) =>
        Effect.filterOrFail(
          Effect.orElseSucceed(files.exists(path), () => true),
          (exists) => exists,
          () => new NotFound({ message: `There is no file ${path}` })
        )
      )
  })

/** Runs a command on a database, which must be there. */
export const reading = <A, E extends AnyFailure>(
  common: Common,
  module: Module<A>,
  use: (loaded: A) => Effect.Effect<void, E, Database>
) =>
  running<AnyFailure, FileSystem.FileSystem>(
    common,
    Effect.flatMap(placeOf(common), (place) => Effect.zipRight(expectThere(place), onDatabase(place, module, use)))
  )

/** Fails where a directory holds no database. Whether a network is there shows when it is dialled. */
export const expectThere = (place: Place): Effect.Effect<void, NotFound, FileSystem.FileSystem> =>
  place._tag === "Directory" ? expectDatabase(place.directory) : Effect.void

/** One result: as an object for machines, and as a text for people. */
export interface Result {
  readonly object: { readonly [name: string]: Json }
  readonly text: string
}

/** Writes a text to standard output, and waits until it is taken. */
export const write = (text: string): Effect.Effect<void> =>
  text === ""
    ? Effect.void
    : Effect.async((resume) => {
        // An error is raised by the stream, too, where it ends the process.
        process.stdout.write(text, () => resume(Effect.void))
      })

/** Prints results, each on a line. */
export const print = ({ json }: Speech, results: Iterable<Result>): Effect.Effect<void> =>
  Effect.suspend(() => {
    let lines = ""
    for (const { object, text } of results) lines += `${json ? JSON.stringify(object) : text}\n`
    return write(lines)
  })
