/**
 * The order-preserving codec between storage keys and text.
 *
 * The text is ASCII only, so that comparing it by UTF-16 unit (JavaScript) and by UTF-8 byte (LevelDB) gives one order:
 *
 *     text    = space block "!" kind "!" name      space: one letter, "a" for the first of SPACES
 *     name    = "#" 16 decimal digits  |  "$" part
 *     part    = { "#".."}"  |  '"' 2 hex digits, a code point below "#"  |  "~" 6 hex digits, a code point above "}" }
 *
 * The separator is below everything in a part, and each character's code starts in the order of the code points; texts
 * are therefore ordered by code point, a part before its extensions, numbers before texts.
 */
import { SPACES, type Space, type StorageKey, type StorageRange } from "../../services/RawStorage.ts"

const SEPARATOR = "!"
const LOW_ESCAPE = '"'
const HIGH_ESCAPE = "~"
const NUMBER_TAG = "#"
const TEXT_TAG = "$"
/** Above every name of a group, below the next group. */
const ABOVE_NAMES = "%"

const FIRST_PLAIN = 0x23
const LAST_PLAIN = 0x7d
const NOT_PLAIN = /[^#-}]/
const ESCAPED_CHARACTER = /"([0-9a-f]{2})|~([0-9a-f]{6})/g
const LAST_CODE_POINT = 0x10ffff

/** Digits of the largest whole number below 2^53. */
const NUMBER_DIGITS = 16
const NUMBER_NAME = /^#[0-9]{16}$/

// Stored keys depend on the position of a space: SPACES may only be appended to.
const FIRST_SPACE = "a".charCodeAt(0)
const LETTERS: ReadonlyMap<string, string> = new Map(
  SPACES.map((space, index) => [space, String.fromCharCode(FIRST_SPACE + index)])
)

const hex = (codePoint: number, digits: number): string => codePoint.toString(16).padStart(digits, "0")

const escapeCharacter = (character: string): string => {
  const codePoint = character.codePointAt(0)!
  if (codePoint < FIRST_PLAIN) return LOW_ESCAPE + hex(codePoint, 2)
  return codePoint > LAST_PLAIN ? HIGH_ESCAPE + hex(codePoint, 6) : character
}

const encodePart = (part: string): string => (NOT_PLAIN.test(part) ? Array.from(part, escapeCharacter).join("") : part)

const decodePart = (text: string): string | undefined => {
  if (!NOT_PLAIN.test(text)) return text
  const part = text.replace(ESCAPED_CHARACTER, (escaped, low: string | undefined, high: string | undefined) => {
    const codePoint = Number.parseInt(low ?? high ?? "", 16)
    return codePoint > LAST_CODE_POINT ? escaped : String.fromCodePoint(codePoint)
  })
  // Only one text stands for a part: what does not come back as it was, was not written by this codec.
  return encodePart(part) === text ? part : undefined
}

const encodeName = (name: string | number): string => {
  if (typeof name === "string") return TEXT_TAG + encodePart(name)
  if (!Number.isSafeInteger(name) || name < 0) {
    throw new RangeError(`A storage key cannot hold ${name}: numbers are whole, 0 ≤ n < 2^53`)
  }
  return NUMBER_TAG + String(name).padStart(NUMBER_DIGITS, "0")
}

const decodeName = (text: string): string | number | undefined => {
  if (text.startsWith(TEXT_TAG)) return decodePart(text.slice(TEXT_TAG.length))
  if (!NUMBER_NAME.test(text)) return undefined
  const number = Number(text.slice(NUMBER_TAG.length))
  return Number.isSafeInteger(number) ? number : undefined
}

/** The part of an encoded key up to and with its block, ordered as the blocks of a space are. */
export const encodeBlock = (space: Space, block: string): string => LETTERS.get(space)! + encodePart(block) + SEPARATOR

const encodeKind = (kind: string): string => encodePart(kind) + SEPARATOR

/** The part of an encoded key that follows its block, ordered as the keys of one block are. Throws as {@link encode} does. */
export const encodeWithinBlock = (kind: string, name: string | number): string => encodeKind(kind) + encodeName(name)

/** The text of a key. Throws a RangeError for a number that is not whole, 0 ≤ n < 2^53. */
export const encode = ([space, block, kind, name]: StorageKey): string =>
  encodeBlock(space, block) + encodeWithinBlock(kind, name)

/** The key of a text, or undefined where the text is not one that {@link encode} makes. */
export const decode = (text: string): StorageKey | undefined => {
  const space = SPACES[text.charCodeAt(0) - FIRST_SPACE]
  const [block, kind, name, ...rest] = text.slice(1).split(SEPARATOR)
  if (space === undefined || block === undefined || kind === undefined || name === undefined || rest.length > 0) {
    return undefined
  }
  const blockPart = decodePart(block)
  const kindPart = decodePart(kind)
  const namePart = decodeName(name)
  if (blockPart === undefined || kindPart === undefined || namePart === undefined) return undefined
  return [space, blockPart, kindPart, namePart]
}

/** The part of an encoded key that all keys of its space, block and kind share; an end of an interval of these has it, too. */
export const groupOf = (text: string): string => text.slice(0, text.lastIndexOf(SEPARATOR) + 1)

/** The space and the block of what {@link groupOf} gives for an encoded key, or undefined where it was none. */
export const decodeGroup = (group: string): { readonly space: Space; readonly block: string } | undefined => {
  const space = SPACES[group.charCodeAt(0) - FIRST_SPACE]
  const block = decodePart(group.slice(1, group.indexOf(SEPARATOR)))
  return space === undefined || block === undefined ? undefined : { block, space }
}

/** The block of a text that {@link encodeBlock} makes, or undefined where it is none. */
export const decodeBlock = (text: string): string | undefined =>
  text.endsWith(SEPARATOR) ? decodePart(text.slice(1, -SEPARATOR.length)) : undefined

/** An interval of encoded keys, bounds included. */
export interface KeyInterval {
  readonly lowest: string
  readonly highest: string
}

/** What {@link encodeWithinBlock} makes of the keys that a range covers. */
export const intervalWithinBlock = ({ from, kind, to }: StorageRange): KeyInterval => {
  const group = encodeKind(kind)
  return {
    lowest: from === undefined ? group : group + encodeName(from),
    highest: group + (to === undefined ? ABOVE_NAMES : encodeName(to))
  }
}

/** The encoded keys that a range covers. */
export const rangeInterval = (range: StorageRange): KeyInterval => {
  const block = encodeBlock(range.space, range.block)
  const { highest, lowest } = intervalWithinBlock(range)
  return { lowest: block + lowest, highest: block + highest }
}

/** The encoded keys of a space, from its first key, or from the first that comes after the block `after`. */
export const spaceInterval = (space: Space, after?: string): KeyInterval => {
  const letter = LETTERS.get(space)!
  return {
    // What extends a block's text sorts after all keys of the block, for every part character is above the separator.
    lowest: after === undefined ? letter : letter + encodePart(after) + LOW_ESCAPE,
    highest: letter + HIGH_ESCAPE + HIGH_ESCAPE
  }
}

/** A key for people to read: `["block","abc","rev",7]`. */
export const describe = (key: StorageKey): string => JSON.stringify(key)

/** The same for an encoded key, which is shown as it is where it is none. */
export const describeEncoded = (text: string): string => {
  const key = decode(text)
  return key === undefined ? JSON.stringify(text) : describe(key)
}
