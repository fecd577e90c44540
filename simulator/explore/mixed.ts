/** A number that looks random, for each number. Source: the finalizer of MurmurHash3, by Austin Appleby, twice. */
export const mixed = (number: number): number => {
  let hash = Math.imul(number + 1, 0x9e3779b1)
  for (let round = 0; round < 2; round++) {
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return hash
}
