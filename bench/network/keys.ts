import type { BlockId } from "effect-optimystic/schemas"
import type { HasherService } from "effect-optimystic/services"

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
/** Characters of an id that hold whole groups of bits; the last holds what is left over. */
const WHOLE_CHARACTERS = 51

/** An id of a block, of the bits of a hash. */
const keyOf = (digest: Uint8Array): BlockId =>
  `${Array.from({ length: WHOLE_CHARACTERS }, (_, i) => BASE32[(digest[i % digest.length]! + i) % BASE32.length]).join("")}a` as BlockId

/** Keys that are the same in every process. */
export const keysOf = (hasher: HasherService, count: number): ReadonlyArray<BlockId> =>
  Array.from({ length: count }, (_, i) => keyOf(hasher.sha256(`key ${i}`)))
