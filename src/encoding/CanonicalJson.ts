/**
 * Canonical JSON (RFC 8785): object keys sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them.
 *
 * Values are immutable, so the text of an object is made once and remembered beside it. A block that changes in one entry
 * is a new object that shares the others: its text is put together from theirs.
 */
import type { Hash } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import * as Slot from "./Slot.ts"

/** A value that has no canonical JSON: a lone surrogate, a non-finite number, a cycle, or no JSON at all. */
export class NotCanonical extends Error {
  override readonly name = "NotCanonical"
}

/** Deeper nesting is refused, so that hostile input cannot exhaust the stack. What is known already is not measured again. */
export const MAX_DEPTH = 64
/** The same for a value from outside: leaves room for the operations, entries and blocks that it comes to stand in. */
export const MAX_VALUE_DEPTH = 48

/** What is known of an immutable object. */
interface Memo {
  /** Undefined where it is too long to keep: it is put together again from those of the items. */
  readonly text: string | undefined
  /** UTF-16 code units of the text. */
  readonly length: number
  /** UTF-8 bytes of the text; -1: not counted yet. */
  bytes: number
  hash: Hash | undefined
}

/** A memo, or of a short text that nothing more is known of, the text itself: entries are many, and most never change. */
const memos = Slot.make<object, Memo | string>()

/** Texts up to this long are measured again each time. */
const SHORT = 256

/**
 * Longer texts are not kept. A block lives for many commits, in which its text would be copied from one generation of the
 * heap to the next; most are never asked for again once they were hashed.
 */
const MAX_REMEMBERED = 2_048

const remember = (value: object, text: string): void => {
  memos.set(value, text.length <= SHORT ? text : memoOf(text))
}

const memoOf = (text: string): Memo => ({
  bytes: -1,
  hash: undefined,
  length: text.length,
  text: text.length <= MAX_REMEMBERED ? text : undefined
})

/** The memo of a value, whose text this is. */
const memoFor = (value: object, text: string): Memo => {
  const known = memos.get(value)
  if (typeof known === "object") return known
  const memo = memoOf(text)
  memos.set(value, memo)
  return memo
}

/**
 * Objects down to this depth are remembered by themselves: the items of a block's arrays, which its next revision shares.
 * What is deeper is part of their texts.
 */
const REMEMBERED_DEPTH = 2

/** How `JSON.stringify` begins to write a lone surrogate, or a text that holds just these characters. */
const SUSPECT = "\\ud"

/** Printable ASCII without quotation mark and backslash, which is written as it is: ids, most keys and names. */
const PLAIN = /^[ !#-[\]-~]*$/

const quoted = (text: string): string => {
  if (PLAIN.test(text)) return `"${text}"`
  const written = JSON.stringify(text)
  if (written.includes(SUSPECT) && !text.isWellFormed()) throw new NotCanonical("text with a lone surrogate")
  return written
}

const write = (value: unknown, depth: number): string => {
  switch (typeof value) {
    case "string":
      return quoted(value)
    case "number":
      if (!Number.isFinite(value)) throw new NotCanonical(`the number ${value}`)
      return JSON.stringify(value)
    case "boolean":
      return value ? "true" : "false"
    case "object": {
      if (value === null) return "null"
      if (Array.isArray(value)) {
        const written = writeArray(value, depth)
        return typeof written === "string" ? written : written.join()
      }
      if (depth > MAX_DEPTH) throw new NotCanonical(`nesting deeper than ${MAX_DEPTH}`)
      const known = memos.get(value)
      if (typeof known === "string") return known
      if (known?.text !== undefined) return known.text
      const text = writeObject(value, depth + 1)
      if (known === undefined && depth <= REMEMBERED_DEPTH && (depth !== 1 || text.length <= MAX_REMEMBERED))
        remember(value, text)
      return text
    }
    default:
      throw new NotCanonical(`a ${typeof value}`)
  }
}

/** Whether a value is written the same way by `JSON.stringify`: but for lone surrogates, which show in the result. */
const isScalar = (value: unknown): boolean => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true
    case "number":
      return Number.isFinite(value)
    default:
      return value === null
  }
}

/** Not `every`, which passes over the holes of an array. */
const areScalars = (items: ReadonlyArray<unknown>): boolean => {
  for (const item of items) if (!isScalar(item)) return false
  return true
}

/** The engine's own text of scalars, an order of magnitude faster; undefined where it cannot be relied on. */
const native = (value: object): string | undefined => {
  const text = JSON.stringify(value)
  return text.includes(SUSPECT) ? undefined : text
}

/** The text of an array, or pieces of it that commas join. */
const writeArray = (items: ReadonlyArray<unknown>, depth: number): string | Array<string> => {
  if (depth > MAX_DEPTH) throw new NotCanonical(`nesting deeper than ${MAX_DEPTH}`)
  const fast = areScalars(items) ? native(items) : undefined
  if (fast !== undefined) return fast
  const texts = new Array<string>(items.length)
  for (let i = 0; i < items.length; i++) texts[i] = write(items[i], depth + 1)
  texts[0] = `[${texts[0]}`
  texts[texts.length - 1] += "]"
  return texts
}

const writeObject = (object: object, depth: number): string => {
  const fields = object as { readonly [key: string]: unknown }
  const keys = Object.keys(fields)
  let scalars = true
  let sorted = true
  for (let i = 0; i < keys.length; i++) {
    if (i > 0 && keys[i - 1]! > keys[i]!) sorted = false
    if (scalars && !isScalar(fields[keys[i]!])) scalars = false
  }
  if (scalars && sorted) {
    const fast = native(object)
    if (fast !== undefined) return fast
  }
  // Built in canonical order as a rule. Integer-like keys never are: engines enumerate "9" before "10".
  if (!sorted) keys.sort()
  let text = "{"
  /** The first array of objects, most of a block, with what stands before it: all is joined in one go, not copied twice. */
  let joined: Array<string> | undefined
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    const field = fields[key]
    text += i > 0 ? `,${quoted(key)}:` : `${quoted(key)}:`
    const written = Array.isArray(field) ? writeArray(field, depth) : write(field, depth)
    if (typeof written === "string") text += written
    else if (joined !== undefined) text += written.join()
    else {
      joined = written
      joined[0] = text + joined[0]
      text = ""
    }
  }
  text += "}"
  if (joined === undefined) return text
  joined[joined.length - 1] += text
  return joined.join()
}

/** The canonical JSON of an immutable value, remembered beside it. Throws {@link NotCanonical}. */
export const canonicalText = (value: unknown): string => write(value, 0)

/** As {@link canonicalText}, for a value that nobody will ask about again: nothing of it is remembered. */
export const canonicalTextOnce = (value: unknown): string => write(value, REMEMBERED_DEPTH + 1)

/** The hash of an immutable object's canonical JSON, made once with `hash`, and remembered beside it. */
export const canonicalHash = (value: object, hash: (text: string) => Hash): Hash => {
  const known = memos.get(value)
  if (typeof known === "object" && known.hash !== undefined) return known.hash
  const text = write(value, 0)
  const memo = memoFor(value, text)
  memo.hash = hash(text)
  return memo.hash
}

/** The length of an immutable object's canonical JSON in UTF-16 code units: what it costs in memory, roughly. */
export const textLength = (value: object): number => memos.get(value)?.length ?? write(value, 0).length

const utf8 = new TextEncoder()
/** Where texts are encoded, piece by piece, only to be measured: the engine does that ten times as fast as a loop. */
const measured = new Uint8Array(16 * 1_024)
/** Shorter texts are counted unit by unit. */
const WORTH_ENCODING = 64

/** The size of a text in UTF-8 bytes. */
export const utf8Length = (text: string): number => {
  let bytes = 0
  if (text.length >= WORTH_ENCODING) {
    for (let read = 0; read < text.length; ) {
      const piece = utf8.encodeInto(read === 0 ? text : text.slice(read), measured)
      read += piece.read
      bytes += piece.written
    }
    return bytes
  }
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes += unit <= 0x7f ? 1 : unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 3 : 2
  }
  return bytes
}

/** The size of a value's canonical JSON in UTF-8 bytes. */
export const sizeBytes = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return utf8Length(canonicalText(value))
  const known = memos.get(value)
  if (typeof known === "string") return utf8Length(known)
  if (known !== undefined && known.bytes >= 0) return known.bytes
  const text = write(value, 0)
  const bytes = utf8Length(text)
  if (text.length > SHORT) memoFor(value, text).bytes = bytes
  return bytes
}

/**
 * A copy of a value that came from outside, as it may become part of a block: keys in canonical order, nothing shared
 * with the original. Throws {@link NotCanonical}.
 */
export const canonicalCopy = (value: unknown): Json => {
  const copied = copy(value, 0)
  // Finds what has no canonical JSON; the text is asked for again.
  canonicalText(copied)
  return copied
}

const PLAIN_OBJECT = "[object Object]"

const copy = (value: unknown, depth: number): Json => {
  // Negative zero is written as zero, so it is zero.
  if (typeof value !== "object" || value === null) return value === 0 ? 0 : (value as Json)
  if (depth > MAX_VALUE_DEPTH) throw new NotCanonical(`nesting deeper than ${MAX_VALUE_DEPTH}`)
  if (Array.isArray(value)) return Array.from(value, (item) => copy(item, depth + 1))
  // Of a Date or a Map nothing would be left.
  const kind = Object.prototype.toString.call(value)
  if (kind !== PLAIN_OBJECT) throw new NotCanonical(`an ${kind}`)
  const fields = value as { readonly [key: string]: unknown }
  const result: { [key: string]: Json } = {}
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key]
    // What JSON.stringify would leave out.
    if (field === undefined) continue
    // Assignment to __proto__ would set the prototype.
    if (key === "__proto__")
      Object.defineProperty(result, key, {
        configurable: true,
        enumerable: true,
        value: copy(field, depth + 1),
        writable: true
      })
    else result[key] = copy(field, depth + 1)
  }
  return result
}

/** Remembers the text that an object was parsed from, which is known to be its canonical JSON. */
export const rememberText = (value: object, text: string): void => {
  remember(value, text)
}

/** As {@link rememberText}, however long the text is: for an object that does not outlive its request. */
export const keepText = (value: object, text: string): void => {
  memos.set(value, { bytes: -1, hash: undefined, length: text.length, text })
}
