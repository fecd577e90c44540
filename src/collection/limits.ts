/** Bytes of a key's canonical JSON. */
export const MAX_KEY_BYTES = 4 * 1024
/** Bytes of an entry's canonical JSON. */
export const MAX_ENTRY_BYTES = 128 * 1024
