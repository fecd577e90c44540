/**
 * The envelope in which a value lies on disk: `{"sum":"0123abcd","value":…}`. The sum is the CRC-32 of the encoded key and
 * the value, so that neither a changed text nor a value under another key passes for the real one.
 */

/** CRC-32 of the UTF-8 of a text, or of a text that follows others with the CRC `before`: 0 ≤ n < 2^32. */
export type Checksum = (text: string, before?: number) => number

const BEFORE_SUM = '{"sum":"'
const SUM_LENGTH = 8
const BEFORE_VALUE = '","value":'
const AFTER_VALUE = "}"
const VALUE_START = BEFORE_SUM.length + SUM_LENGTH + BEFORE_VALUE.length

/** What an envelope held, or why it cannot be trusted. */
export type Opened = { readonly value: string } | { readonly corrupt: string }

const sumOf = (encodedKey: string, value: string, crc32: Checksum): string =>
  // A line feed is in no encoded key: nothing can move between key and value.
  crc32(value, crc32(`${encodedKey}\n`))
    .toString(16)
    .padStart(SUM_LENGTH, "0")

/** The envelope of a value, which is JSON text. */
export const seal = (encodedKey: string, value: string, crc32: Checksum): string =>
  BEFORE_SUM + sumOf(encodedKey, value, crc32) + BEFORE_VALUE + value + AFTER_VALUE

/** The value of an envelope. Parses no JSON: the places are fixed. */
export const open = (encodedKey: string, text: string, crc32: Checksum): Opened => {
  const framed =
    text.length > VALUE_START &&
    text.startsWith(BEFORE_SUM) &&
    text.startsWith(BEFORE_VALUE, BEFORE_SUM.length + SUM_LENGTH) &&
    text.endsWith(AFTER_VALUE)
  if (!framed) return { corrupt: "not an envelope" }
  const value = text.slice(VALUE_START, -AFTER_VALUE.length)
  return text.startsWith(sumOf(encodedKey, value, crc32), BEFORE_SUM.length)
    ? { value }
    : { corrupt: "its checksum does not match its key and value" }
}
