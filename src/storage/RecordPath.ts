/**
 * Where a record lies as a file of its own: a path below the directory of a store, and back.
 *
 *     block/{block}/meta.json              the head of a block
 *     block/{block}/{kind}.json            other records of a block without a name
 *     block/{block}/revs/{rev}.json        its revisions; likewise trx (changes), blocks (whole copies), pend
 *     {space}/{block}.{kind}.{name}.json   all other spaces; empty parts at the end are left out
 *
 * A part keeps a-z, 0-9, "_" and "-"; any other character is "%" and two hex digits, or "%u" and six above U+00FF. So paths
 * differ in more than case, and no file system reads anything into them. Numbers are their digits. A text that is
 * all digits, or the name of a device, has its first character escaped.
 */
import { SPACES, type Space, type StorageKey } from "../../services/RawStorage.ts"

/** What a path below the directory of a store leads to: a record, or a folder with records of a block or a space. */
export type RecordPlace =
  | { readonly _tag: "Record"; readonly key: StorageKey }
  | { readonly _tag: "Folder"; readonly space: Space; readonly block?: string }

/** The records of one block and kind. */
export interface RecordGroup {
  readonly space: Space
  readonly block: string
  readonly kind: string
}

/** The longest name that a file may have in common file systems, in bytes. */
export const MAX_FILE_NAME_BYTES = 255

const EXTENSION = ".json"
const SEPARATOR = "."
/** Stands for an empty text where there must be something. */
const EMPTY = "%"
/** The space whose blocks have folders of their own. */
const FOLDER_SPACE: Space = "block"

/** Kinds of a block's records, and how their files or folders are called. */
const FOLDER_NAMES: ReadonlyMap<string, string> = new Map([
  ["head", "meta"],
  ["rev", "revs"],
  ["change", "trx"],
  ["whole", "blocks"]
])
const KINDS: ReadonlyMap<string, string> = new Map(Array.from(FOLDER_NAMES, ([kind, name]) => [name, kind]))

const NOT_PLAIN = /[^a-z0-9_-]/
const PLAIN_CHARACTER = /[a-z0-9_-]/
const ESCAPED_CHARACTER = /%([0-9a-f]{2})|%u([0-9a-f]{6})/g
const LAST_SHORT_CODE_POINT = 0xff
const LAST_CODE_POINT = 0x10ffff
const DIGITS = /^[0-9]+$/
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/

const escaped = (character: string): string => {
  const codePoint = character.codePointAt(0)!
  return codePoint <= LAST_SHORT_CODE_POINT
    ? `%${codePoint.toString(16).padStart(2, "0")}`
    : `%u${codePoint.toString(16).padStart(6, "0")}`
}

const escapedFirst = (plain: string): string => escaped(plain[0]!) + plain.slice(1)

const encodePart = (part: string): string => {
  if (DIGITS.test(part) || DEVICE.test(part)) return escapedFirst(part)
  if (!NOT_PLAIN.test(part)) return part
  return Array.from(part, (character) => (PLAIN_CHARACTER.test(character) ? character : escaped(character))).join("")
}

/** The text of a part, where it is one; what is made of it again tells whether it was well made. */
const decodePart = (text: string): string =>
  text.replace(ESCAPED_CHARACTER, (all, short: string | undefined, long: string | undefined) => {
    const codePoint = Number.parseInt(short ?? long ?? "", 16)
    return codePoint > LAST_CODE_POINT ? all : String.fromCodePoint(codePoint)
  })

const orEmpty = (part: string): string => (part === "" ? EMPTY : part)
const unlessEmpty = (text: string): string => (text === EMPTY ? "" : decodePart(text))

const encodeName = (name: string | number): string => (typeof name === "number" ? String(name) : encodePart(name))

const decodeName = (text: string): string | number => (DIGITS.test(text) ? Number(text) : decodePart(text))

const isName = (name: string | number): boolean => typeof name === "string" || Number.isSafeInteger(name)

const encodeKind = (kind: string): string => {
  const plain = encodePart(kind)
  return FOLDER_NAMES.get(kind) ?? (KINDS.has(plain) ? escapedFirst(plain) : orEmpty(plain))
}

const decodeKind = (text: string): string => KINDS.get(text) ?? unlessEmpty(text)

const blockFolder = (block: string): string => `${FOLDER_SPACE}/${orEmpty(encodePart(block))}`

/** The path of a record's file. */
export const encode = ([space, block, kind, name]: StorageKey): string => {
  if (space === FOLDER_SPACE) {
    const folder = `${blockFolder(block)}/${encodeKind(kind)}`
    return (name === "" ? folder : `${folder}/${encodeName(name)}`) + EXTENSION
  }
  const parts = [encodePart(block), encodePart(kind), encodeName(name)]
  while (parts.at(-1) === "") parts.pop()
  return `${space}/${parts.join(SEPARATOR)}${EXTENSION}`
}

const isSpace = (text: string | undefined): text is Space => SPACES.some((space) => space === text)

const keyOf = (space: Space, [first = "", second, ...rest]: ReadonlyArray<string>): StorageKey | undefined => {
  if (space === FOLDER_SPACE) {
    const block = unlessEmpty(first)
    if (second === undefined || rest.length > 1) return undefined
    return [space, block, decodeKind(second), rest[0] === undefined ? "" : decodeName(rest[0])]
  }
  const [block = "", kind = "", name = "", ...more] = first.split(SEPARATOR)
  if (second !== undefined || more.length > 0) return undefined
  return [space, decodePart(block), decodePart(kind), decodeName(name)]
}

const folderOf = (space: Space, [block, kind, ...rest]: ReadonlyArray<string>): RecordPlace | undefined => {
  if (block === undefined) return { _tag: "Folder", space }
  if (space !== FOLDER_SPACE || rest.length > 0) return undefined
  const folder: RecordPlace = { _tag: "Folder", block: unlessEmpty(block), space }
  const isWellMade =
    orEmpty(encodePart(folder.block!)) === block && (kind === undefined || encodeKind(decodeKind(kind)) === kind)
  return isWellMade ? folder : undefined
}

/** What a path leads to, or undefined where it is none that {@link encode} makes or passes through. */
export const decode = (path: string): RecordPlace | undefined => {
  const [space, ...parts] = path.split("/")
  if (!isSpace(space)) return undefined
  if (!path.endsWith(EXTENSION)) return folderOf(space, parts)
  const last = parts.pop()!.slice(0, -EXTENSION.length)
  const key = keyOf(space, [...parts, last])
  // What does not come back as it was, such as a number with zeros in front, was not made here.
  const isWellMade = key !== undefined && isName(key[3]) && encode(key) === path
  return isWellMade ? { _tag: "Record", key } : undefined
}

/** The folders that hold the files of a group, among others. */
export const foldersOf = ({ block, kind, space }: RecordGroup): ReadonlyArray<string> =>
  space === FOLDER_SPACE ? [blockFolder(block), `${blockFolder(block)}/${encodeKind(kind)}`] : [space]

/** Whether a file system may have no room for one of the names in a path. */
export const isTooLong = (path: string): boolean => path.split("/").some((name) => name.length > MAX_FILE_NAME_BYTES)
