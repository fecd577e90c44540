import { describe, expect, it } from "@effect/vitest"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import { collectionId, placeOf } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher, signerOf } from "../storage/TestServices.ts"

const PEERS = Array.from({ length: 20 }, (_, i) => signerOf(i + 1).peer)

/** The distance as a number of 128 bits. */
const distance = (peer: PeerId, block: BlockId): bigint => {
  const key = hasher.sha256(peer)
  return placeOf(block).reduce((sum, byte, i) => sum * 256n + BigInt(byte ^ key[i]!), 0n)
}

describe("The closest peers", () => {
  it("are those of the least XOR of the place and the hash of the peer's id", () => {
    const neighbourhood = new Neighbourhood(hasher, PEERS)
    for (let i = 0; i < 50; i++) {
      const block = collectionId(hasher, `collection ${i}`)
      const expected = PEERS.toSorted((a, b) => (distance(a, block) < distance(b, block) ? -1 : 1)).slice(0, 4)
      expect(neighbourhood.nearest(block, 4)).toEqual(expected)
      expect(neighbourhood.closest(block, 4)).toEqual(expected.toSorted())
    }
  })

  it("are the same whatever the order in which peers are known, each counted once", () => {
    const block = collectionId(hasher, "any")
    const known = new Neighbourhood(hasher, [...PEERS.toReversed(), ...PEERS])
    expect(known.closest(block, 7)).toEqual(new Neighbourhood(hasher, PEERS).closest(block, 7))
  })

  it("are fewer where not as many are known", () => {
    expect(new Neighbourhood(hasher, PEERS.slice(0, 2)).closest(collectionId(hasher, "any"), 4)).toHaveLength(2)
  })
})
