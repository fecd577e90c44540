/** Damage to the files of a store that is closed: a flipped bit in a file or in a name, a file that is gone, or cut off. */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import type * as Prng from "../../src/random/Prng.ts"

/** What is done to a file, or in the case of names to a folder, too. */
export const KINDS = ["bit", "name", "missing", "cut"] as const
export type DamageKind = (typeof KINDS)[number]

/** What was done, where. */
export interface Damage {
  readonly kind: DamageKind
  /** A path below the directory of the store, as it was before. */
  readonly path: string
  /** Which bit, of the file or of the name, or where it was cut off. */
  readonly at: number
}

/** A file or a folder of a store. */
export interface Entry {
  readonly path: string
  readonly isFile: boolean
  readonly sizeBytes: number
}

/** Everything below a directory. */
export const entriesOf = async (directory: string): Promise<ReadonlyArray<Entry>> => {
  const paths = (await FileSystem.readdir(directory, { recursive: true })).sort()
  return Promise.all(
    paths.map(async (path) => {
      const stat = await FileSystem.stat(Path.join(directory, path))
      return { isFile: stat.isFile(), path, sizeBytes: stat.isFile() ? stat.size : 0 }
    })
  )
}

/** Files that differ in their numbers only are of one kind. */
export const kindOfFile = (path: string): string => path.replace(/[0-9]+/g, "N")

/** One of all, or one of a random kind: what there is only one of is hit as well. */
const pickEntry = (entries: ReadonlyArray<Entry>, random: Prng.Prng): Entry => {
  if (random.nextInt(2) === 0) return random.pick(entries)
  const kind = random.pick([...new Set(entries.map(({ path }) => kindOfFile(path)))])
  return random.pick(entries.filter(({ path }) => kindOfFile(path) === kind))
}

/** Any bit of all files, or of a picked one. */
const pickBit = (files: ReadonlyArray<Entry>, random: Prng.Prng) => {
  if (random.nextInt(2) === 0) {
    const { path, sizeBytes } = pickEntry(files, random)
    return { at: random.nextInt(sizeBytes * 8), path }
  }
  let at = random.nextInt(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) * 8)
  for (const { path, sizeBytes } of files) {
    if (at < sizeBytes * 8) return { at, path }
    at -= sizeBytes * 8
  }
  throw new Error("there is no such bit")
}

const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

/** The name with a flipped bit: as bytes, for it may be no text any more. */
const renamed = (path: string, bit: number): Buffer => {
  const name = flipped(Buffer.from(Path.basename(path)), bit)
  return Buffer.concat([Buffer.from(path.slice(0, path.length - Path.basename(path).length)), name])
}

const SLASH = 0x2f

/** Whether an entry may have this path: no name has these bytes, and of two entries with one name both were damaged. */
const isFree = (entries: ReadonlyArray<Entry>, path: string, other: Buffer): boolean =>
  !other.includes(0) &&
  other.filter((byte) => byte === SLASH).length === path.split("/").length - 1 &&
  !entries.some((entry) => other.equals(Buffer.from(entry.path)))

const pickName = (entries: ReadonlyArray<Entry>, random: Prng.Prng) => {
  for (;;) {
    const { path } = pickEntry(entries, random)
    const at = random.nextInt(Buffer.byteLength(Path.basename(path)) * 8)
    if (isFree(entries, path, renamed(path, at))) return { at, path }
  }
}

/** Picks damage of a kind to a store with these entries. */
export const pick = (entries: ReadonlyArray<Entry>, kind: DamageKind, random: Prng.Prng): Damage => {
  if (kind === "name") return { kind, ...pickName(entries, random) }
  const files = entries.filter(({ isFile, sizeBytes }) => isFile && (sizeBytes > 0 || kind === "missing"))
  if (kind === "bit") return { kind, ...pickBit(files, random) }
  const { path, sizeBytes } = pickEntry(files, random)
  return { at: kind === "cut" ? random.nextInt(sizeBytes) : 0, kind, path }
}

const move = (directory: string, from: string | Buffer, to: string | Buffer): Promise<void> => {
  const below = (path: string | Buffer) => Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path)])
  return FileSystem.rename(below(from), below(to))
}

/** The paths that may be blamed for it: a file by another name may be taken for what that names. */
export const pathsOf = ({ at, kind, path }: Damage): ReadonlyArray<string> =>
  kind === "name" ? [path, renamed(path, at).toString()] : [path]

/** Does it to the store in a directory; gives what undoes it, as far as is needed to remove the directory. */
export const inflict = async (directory: string, { at, kind, path }: Damage): Promise<() => Promise<void>> => {
  const file = Path.join(directory, path)
  switch (kind) {
    case "bit":
      await FileSystem.writeFile(file, flipped(await FileSystem.readFile(file), at))
      break
    case "cut":
      await FileSystem.truncate(file, at)
      break
    case "missing":
      await FileSystem.rm(file)
      break
    case "name":
      await move(directory, path, renamed(path, at))
      // Node does not remove what has a name that is no text.
      return () => move(directory, renamed(path, at), path).catch(() => undefined)
  }
  return async () => undefined
}
