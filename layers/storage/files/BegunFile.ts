/**
 * A file that says, before a step changes any other, which batch is the last in it. A batch that has begun to enter the files
 * was durable in the journal: should it be damaged there it cannot be taken for one that was still being written, and
 * dropped, for parts of it may be in files. As a lower bound it never becomes wrong.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import { CorruptStore, type OpenError } from "../../../schemas/Errors.ts"
import * as Envelope from "../../../src/storage/Envelope.ts"
import * as Checksum from "../Checksum.ts"
import { unavailable } from "../StorageFailure.ts"
import type { StoreFiles } from "./StoreFiles.ts"

/** The file's name. */
export const FILE_NAME = "begun.json"

const VALUE = /^[1-9][0-9]{0,15}$/

/** Replaces the file, durably. */
export const write = (files: StoreFiles, last: number): Effect.Effect<void, PlatformError> =>
  files.replaceDurably(FILE_NAME, Envelope.seal(FILE_NAME, String(last), Checksum.ofText))

/** The number in the file, 0 where there is no file. */
export const read = (files: StoreFiles, directory: string): Effect.Effect<number, OpenError> =>
  Effect.flatMap(Effect.mapError(files.read(FILE_NAME), unavailable(`read ${FILE_NAME}`)), (text) => {
    if (text === undefined) return Effect.succeed(0)
    const opened = Envelope.open(FILE_NAME, text, Checksum.ofText)
    return "value" in opened && VALUE.test(opened.value)
      ? Effect.succeed(Number(opened.value))
      : Effect.fail(new CorruptStore({ directory, reason: `${FILE_NAME} is corrupt` }))
  })
