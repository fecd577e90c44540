/**
 * The names of a store's files, kept beside them: an absent file is that of an absent record only where no name says
 * otherwise, and a file without a name here was put there by somebody else.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { CorruptStore, type OpenError } from "../../../schemas/Errors.ts"
import { SPACES, type Space } from "../../../services/RawStorage.ts"
import * as Envelope from "../../../src/storage/Envelope.ts"
import * as RecordPath from "../../../src/storage/RecordPath.ts"
import * as Checksum from "../Checksum.ts"
import { unavailable } from "../StorageFailure.ts"
import type { StoreFiles } from "./StoreFiles.ts"

/** The file's name. */
export const FILE_NAME = "names.json"

const Content = Schema.parseJson(Schema.Struct({ paths: Schema.Array(Schema.String), sequence: Schema.Int }))
const decodeContent = Schema.decodeUnknownOption(Content)

const split = (path: string): readonly [folder: string, name: string] => {
  const end = path.lastIndexOf("/")
  return [path.slice(0, end), path.slice(end + 1)]
}

/** The paths of all records, by their folders. */
export class RecordNames {
  readonly #folders = new Map<string, Set<string>>()

  has(path: string): boolean {
    const [folder, name] = split(path)
    return this.#folders.get(folder)?.has(name) === true
  }

  add(path: string): void {
    const [folder, name] = split(path)
    const names = this.#folders.get(folder)
    if (names === undefined) this.#folders.set(folder, new Set([name]))
    else names.add(name)
  }

  delete(path: string): void {
    const [folder, name] = split(path)
    const names = this.#folders.get(folder)
    names?.delete(name)
    if (names?.size === 0) this.#folders.delete(folder)
  }

  /** The paths of the records right in a folder. */
  in(folder: string): ReadonlyArray<string> {
    return Array.from(this.#folders.get(folder) ?? [], (name) => `${folder}/${name}`)
  }

  /** The blocks of a space, in no order, that have a record at any other path than these. */
  blocks(space: Space, without: ReadonlySet<string> = new Set()): ReadonlySet<string> {
    const blocks = new Set<string>()
    for (const path of this.in(space)) {
      const place = without.has(path) ? undefined : RecordPath.decode(path)
      if (place?._tag === "Record") blocks.add(place.key[1])
    }
    for (const folder of this.#folders.keys()) {
      const [first, block] = folder.split("/")
      if (first !== space || block === undefined) continue
      if (without.size > 0 && this.in(folder).every((path) => without.has(path))) continue
      const place = RecordPath.decode(`${space}/${block}`)
      if (place?._tag === "Folder" && place.block !== undefined) blocks.add(place.block)
    }
    return blocks
  }

  get paths(): ReadonlyArray<string> {
    return Array.from(this.#folders.keys(), (folder) => this.in(folder)).flat()
  }
}

/** Writes the names as they are once the batches up to this one are in files, durably. Later ones may be in it, too. */
export const save = (files: StoreFiles, names: RecordNames, sequence: number): Effect.Effect<void, PlatformError> =>
  Effect.suspend(() => {
    const value = JSON.stringify({ paths: names.paths, sequence })
    return files.replaceDurably(FILE_NAME, Envelope.seal(FILE_NAME, value, Checksum.ofText))
  })

/** The records that are there, by the names of their files. */
const pathsBelow = (files: StoreFiles, folder: string): Effect.Effect<ReadonlyArray<string>, PlatformError> =>
  Effect.flatMap(files.list(folder), (names) =>
    Effect.map(
      Effect.forEach(names, (name) => {
        const path = `${folder}/${name}`
        const place = RecordPath.decode(path)
        // What is foreign is named when its folder is listed.
        if (place === undefined) return Effect.succeed([])
        return place._tag === "Record" ? Effect.succeed([path]) : pathsBelow(files, path)
      }),
      (found) => found.flat()
    )
  )

const contentOf = (text: string): Schema.Schema.Type<typeof Content> | undefined => {
  const opened = Envelope.open(FILE_NAME, text, Checksum.ofText)
  return "value" in opened ? Option.getOrUndefined(decodeContent(opened.value)) : undefined
}

/** Reads the names of a store whose batches up to this one are in files, durably. Those of later ones are still to be applied. */
export const load = Effect.fn("RecordNames.load")(function* (
  files: StoreFiles,
  directory: string,
  sequence: number
): Effect.fn.Return<ReadonlyArray<string>, OpenError> {
  const reading = Effect.mapError(unavailable(`read ${FILE_NAME}`))
  const text = yield* reading(files.read(FILE_NAME))
  if (text === undefined) {
    yield* Effect.logWarning(`${directory}: ${FILE_NAME} is missing; its records are those that are there`)
    return (yield* reading(Effect.forEach(SPACES, (space) => pathsBelow(files, space)))).flat()
  }
  const content = contentOf(text)
  if (content === undefined) return yield* new CorruptStore({ directory, reason: `${FILE_NAME} is corrupt` })
  if (content.sequence >= sequence) return content.paths
  const reason = `${FILE_NAME} is of batch ${content.sequence}, before the checkpoint at ${sequence}`
  return yield* new CorruptStore({ directory, reason })
})
