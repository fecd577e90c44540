/** LevelDB's CURRENT: the name of the MANIFEST that counts. */
import * as Path from "node:path"
import { Malformed } from "./ByteReader.ts"
import * as SmallFile from "./SmallFile.ts"

/** The file's name. */
export const FILE_NAME = "CURRENT"

const CONTENT = /^MANIFEST-([0-9]{6,15})\n$/

/** The digits of a number in the name of a file. */
export const numbered = (number: number): string => String(number).padStart(6, "0")

/** The name of a MANIFEST. */
export const manifestName = (manifest: number): string => `MANIFEST-${numbered(manifest)}`

/** The number of the MANIFEST that counts, or undefined where there is no database. Throws `Malformed`. */
export const read = (directory: string): number | undefined => {
  const bytes = SmallFile.read(Path.join(directory, FILE_NAME))
  if (bytes === undefined) return undefined
  const content = CONTENT.exec(bytes.toString("latin1"))
  if (content === null) throw new Malformed("it names no MANIFEST")
  return Number(content[1])
}
