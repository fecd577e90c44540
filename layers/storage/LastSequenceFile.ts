/**
 * A file beside a store's own that holds a lower bound of its last batch number, written when the store is created and
 * when it is closed. A store whose last number is lower has lost batches at its end. As a lower bound it never becomes
 * wrong, so that opening need not remove it.
 */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import { CorruptStore, type StorageUnavailable } from "../../schemas/Errors.ts"
import type { Checksum } from "../../src/storage/Envelope.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as DurableDirectory from "./DurableDirectory.ts"
import { isAbsent, unavailable } from "./StorageFailure.ts"

/** The file's name. */
export const FILE_NAME = "last-sequence.json"
const VALUE = /^[1-9][0-9]{0,15}$/

/** The number in the file, or undefined where there is no file. */
export const read = (
  directory: string,
  crc32: Checksum
): Effect.Effect<number | undefined, StorageUnavailable | CorruptStore> =>
  Effect.tryPromise({
    try: () =>
      FileSystem.readFile(Path.join(directory, FILE_NAME), "utf8").catch((cause: unknown) => {
        if (isAbsent(cause)) return undefined
        throw cause
      }),
    catch: unavailable(`read ${FILE_NAME}`)
  }).pipe(
    Effect.flatMap((text) => {
      if (text === undefined) return Effect.succeed(undefined)
      const opened = Envelope.open(FILE_NAME, text, crc32)
      return "value" in opened && VALUE.test(opened.value)
        ? Effect.succeed(Number(opened.value))
        : Effect.fail(new CorruptStore({ directory, reason: `${FILE_NAME} is corrupt` }))
    })
  )

/** Replaces the file, durably. */
export const write = (directory: string, last: number, crc32: Checksum): Effect.Effect<void, StorageUnavailable> =>
  Effect.tryPromise({
    try: async () => {
      const path = Path.join(directory, FILE_NAME)
      const temporary = `${path}.new`
      await FileSystem.writeFile(temporary, Envelope.seal(FILE_NAME, String(last), crc32), { flush: true })
      await FileSystem.rename(temporary, path)
      await DurableDirectory.sync(directory)
    },
    catch: unavailable(`write ${FILE_NAME}`)
  })
