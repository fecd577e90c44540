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
export const decode = (text: string): Uint8Array | undefined => {
  const bytes = decodeLoosely(text)
  // One value, one text: the library also reads padding and upper case.
  return bytes !== undefined && encode(bytes) === text ? bytes : undefined
}

const decodeLoosely = (text: string): Uint8Array | undefined => {
  try {
    return fromBase32(text)
  } catch {
    return undefined
  }
}
