/**
 * A file beside LevelDB's own that holds a lower bound of where its MANIFEST ends. LevelDB takes a last record whose length is
 * damaged for one that was being written, and goes on without it, and without its tables. As a lower bound it never
 * becomes wrong: a newer MANIFEST has a higher number.
 */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Envelope from "../../../src/storage/Envelope.ts"
import * as Checksum from "../Checksum.ts"
import * as DurableDirectory from "../DurableDirectory.ts"
import { Malformed } from "./ByteReader.ts"
import * as CurrentFile from "./CurrentFile.ts"
import * as RecordFile from "./RecordFile.ts"
import * as SmallFile from "./SmallFile.ts"

/** The file's name. */
export const FILE_NAME = "manifest-end.json"

const VALUE = /^\{"manifest":([1-9][0-9]{0,14}),"sizeBytes":([1-9][0-9]{0,14})\}$/

/** A MANIFEST by its number, and how long it is at least. */
export interface ManifestEnd {
  readonly manifest: number
  readonly sizeBytes: number
}

/** Below every other. */
const NOTHING: ManifestEnd = { manifest: 0, sizeBytes: 0 }

/** The bound in the file, or one below all where there is no file. Throws `Malformed`, or what the platform throws. */
export const read = (directory: string): ManifestEnd => {
  const bytes = SmallFile.read(Path.join(directory, FILE_NAME))
  if (bytes === undefined) return NOTHING
  const opened = Envelope.open(FILE_NAME, bytes.toString(), Checksum.ofText)
  const found = "value" in opened ? VALUE.exec(opened.value) : null
  if (found === null) throw new Malformed("it is not what was written")
  return { manifest: Number(found[1]), sizeBytes: Number(found[2]) }
}

const write = async (directory: string, end: ManifestEnd): Promise<void> => {
  const path = Path.join(directory, FILE_NAME)
  const temporary = `${path}.new`
  const sealed = Envelope.seal(FILE_NAME, JSON.stringify(end), Checksum.ofText)
  await FileSystem.writeFile(temporary, sealed, { flush: true })
  await FileSystem.rename(temporary, path)
  await DurableDirectory.sync(directory)
}

/** Where the whole records of a MANIFEST end, up to which it is durable from now on. A record begins at `from`. */
const syncedEnd = async (path: string, from: number): Promise<number> => {
  const file = await FileSystem.open(path, "r")
  try {
    const { size } = await file.stat()
    const bytes = new Uint8Array(Math.max(0, size - from))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
    // A change that LevelDB makes at this moment may be there already, but not durably.
    await file.datasync()
    return RecordFile.scan(bytes.subarray(0, bytesRead), from).end
  } finally {
    await file.close()
  }
}

/**
 * Remembers, durably, what an open database has written into its MANIFEST so far, each time it is called. The names of the
 * files in the directory are durable then, too.
 */
export const keeper = (directory: string): (() => Promise<void>) => {
  let last = NOTHING
  return async () => {
    const manifest = CurrentFile.read(directory)
    if (manifest === undefined) throw new Error(`${CurrentFile.FILE_NAME} is gone`)
    const path = Path.join(directory, CurrentFile.manifestName(manifest))
    const sizeBytes = await syncedEnd(path, manifest === last.manifest ? last.sizeBytes : 0)
    last = { manifest, sizeBytes }
    await write(directory, last)
  }
}
