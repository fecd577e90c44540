/**
 * Base32 as ids, keys and signatures are written: RFC 4648 §6, lower case, without padding.
 */
import { fromBase32, toBase32 } from "@exodus/bytes/base32.js"

/** The text of some bytes: 8 characters for every 5 bytes, the last group cut short. About 0.3 µs for 32 bytes. */
export const encode = (bytes: Uint8Array): string => toBase32(bytes).toLowerCase()

/**
 * The bytes of a text, or undefined where the text is not the one that {@link encode} writes for any bytes: other
 * characters, upper case, padding, an impossible length, or bits set beyond the last byte.
 */
export const decode = (text: string): Uint8Array | undefined =>
  // One value, one text: the library also reads padding and upper case.
  ALPHABET.test(text) && ENDS[text.length % 8]?.test(text) === true ? decodeLoosely(text) : undefined

const ALPHABET = /^[a-z2-7]*$/

/** How a text of so many characters, modulo 8, ends: with a character whose bits beyond the last byte are 0. */
const ENDS: ReadonlyArray<RegExp | undefined> = [
  /$/,
  undefined,
  /[aeimquy4]$/,
  undefined,
  /[aq]$/,
  /[acegikmoqsuwy246]$/,
  undefined,
  /[aiqy]$/
]

const decodeLoosely = (text: string): Uint8Array | undefined => {
  try {
    return fromBase32(text)
  } catch {
    return undefined
  }
}
