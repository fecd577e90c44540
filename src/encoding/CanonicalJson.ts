/**
 * Canonical JSON (RFC 8785): object keys sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them.
 *
 * Values are immutable, so the text of an object is made once and remembered beside it. A block that changes in one entry
 * is a new object that shares the others: its text is put together from theirs.
 */
import type { Json } from "../../schemas/Json.ts"

/** A value that has no canonical JSON: a lone surrogate, a non-finite number, a cycle, or no JSON at all. */
export class NotCanonical extends Error {
  override readonly name = "NotCanonical"
}

/** Deeper nesting is refused, so that hostile input cannot exhaust the stack. */
export const MAX_DEPTH = 64

const remembered = new WeakMap<object, string>()
const sizes = new WeakMap<object, number>()

/** Below this length, remembering a text costs more than making it again. */
const WORTH_REMEMBERING = 24

const quoted = (text: string): string => {
  if (!text.isWellFormed()) throw new NotCanonical("text with a lone surrogate")
  return JSON.stringify(text)
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
      const known = remembered.get(value)
      if (known !== undefined) return known
      if (depth > MAX_DEPTH) throw new NotCanonical(`nesting deeper than ${MAX_DEPTH}`)
      const text = Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1)
      if (text.length >= WORTH_REMEMBERING && !Array.isArray(value)) remembered.set(value, text)
      return text
    }
    default:
      throw new NotCanonical(`a ${typeof value}`)
  }
}

const writeArray = (items: ReadonlyArray<unknown>, depth: number): string => {
  let text = "["
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += ","
    text += write(items[i], depth)
  }
  return `${text}]`
}

const writeObject = (object: object, depth: number): string => {
  const fields = object as { readonly [key: string]: unknown }
  const keys = Object.keys(fields)
  // Built in canonical order as a rule. Integer-like keys never are: engines enumerate "9" before "10".
  for (let i = 1; i < keys.length; i++) {
    if (keys[i - 1]! > keys[i]!) {
      keys.sort()
      break
    }
  }
  let text = "{"
  for (let i = 0; i < keys.length; i++) {
    if (i > 0) text += ","
    const key = keys[i]!
    text += `${quoted(key)}:${write(fields[key], depth)}`
  }
  return `${text}}`
}

/** The canonical JSON of an immutable value. Throws {@link NotCanonical}. */
export const canonicalText = (value: unknown): string => write(value, 0)

/** The size of a text in UTF-8 bytes. */
export const utf8Length = (text: string): number => {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}

/** The size of a value's canonical JSON in UTF-8 bytes. */
export const sizeBytes = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return utf8Length(canonicalText(value))
  const known = sizes.get(value)
  if (known !== undefined) return known
  const size = utf8Length(canonicalText(value))
  sizes.set(value, size)
  return size
}

/**
 * A copy of a value that came from outside, as it may become part of a block: keys in canonical order, nothing shared
 * with the original. Throws {@link NotCanonical}.
 */
export const canonicalCopy = (value: unknown): Json => copy(value, 0)

const copy = (value: unknown, depth: number): Json => {
  if (typeof value !== "object" || value === null) {
    write(value, depth)
    return value as Json
  }
  if (depth > MAX_DEPTH) throw new NotCanonical(`nesting deeper than ${MAX_DEPTH}`)
  if (Array.isArray(value)) return Array.from(value, (item) => copy(item, depth + 1))
  const fields = value as { readonly [key: string]: unknown }
  const result: { [key: string]: Json } = {}
  for (const key of Object.keys(fields).sort()) {
    quoted(key)
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

/** Remembers the text that a value was parsed from, which is known to be its canonical JSON. */
export const rememberText = (value: object, text: string): void => {
  remembered.set(value, text)
}
