import { ed25519 } from "@noble/curves/ed25519.js"
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { makeKeyCache } from "../../layers/crypto/KeyCache.ts"
import type { PublicKey } from "../../schemas/Ids.ts"
import { publicKeyOf } from "../../src/encoding/PeerIdentity.ts"
import { fromHex, SMALL_ORDER_KEYS } from "../conformance/cryptoVectors.ts"

const goodKeys = Array.from({ length: 6 }, (_, index) =>
  publicKeyOf(ed25519.getPublicKey(new Uint8Array(32).fill(index)))
)
const badKeys = SMALL_ORDER_KEYS.map((key) => publicKeyOf(fromHex(key)))

/** A cache, and the keys that it prepared, in order. */
const recording = (limits: { accepted: number; rejected: number }) => {
  const prepared: Array<PublicKey> = []
  const lookUp = makeKeyCache(limits, (raw) => {
    prepared.push(publicKeyOf(raw))
    return { raw }
  })
  return { lookUp, prepared }
}

describe("KeyCache", () => {
  it("prepares a key once, and gives the same object from then on", () => {
    const { lookUp, prepared } = recording({ accepted: 2, rejected: 2 })
    const first = lookUp(goodKeys[0]!)
    expect(first).toBeDefined()
    expect(lookUp(goodKeys[0]!)).toBe(first)
    expect(prepared).toEqual([goodKeys[0]])
  })

  it("drops the key unused for longest once it is full", () => {
    const { lookUp, prepared } = recording({ accepted: 2, rejected: 2 })
    const [a, b, c] = [goodKeys[0]!, goodKeys[1]!, goodKeys[2]!]
    for (const key of [a, b, a, c, a, b]) lookUp(key)
    expect(prepared).toEqual([a, b, c, b])
  })

  it("keeps good keys through a flood of bad ones, and prepares no bad one", () => {
    const { lookUp, prepared } = recording({ accepted: 2, rejected: 2 })
    lookUp(goodKeys[0]!)
    for (const key of [...badKeys, ...badKeys]) expect(lookUp(key)).toBeUndefined()
    expect(lookUp("ed25519:malformed" as PublicKey)).toBeUndefined()
    lookUp(goodKeys[0]!)
    expect(prepared).toEqual([goodKeys[0]])
  })

  it("gives the same verdicts whatever its limits, down to remembering nothing", () => {
    const limits = FastCheck.record({ accepted: FastCheck.nat(3), rejected: FastCheck.nat(3) })
    const keys = FastCheck.array(FastCheck.constantFrom(...goodKeys, ...badKeys), { maxLength: 20 })
    FastCheck.assert(
      FastCheck.property(limits, keys, (limits, keys) => {
        const { lookUp } = recording(limits)
        for (const key of keys) expect(lookUp(key) !== undefined).toBe(goodKeys.includes(key))
      }),
      { numRuns: 30 }
    )
  })
})
