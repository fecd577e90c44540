import { describe, expect, it } from "vitest"
import { Allowance } from "../../../layers/network/libp2p/Allowance.ts"
import { signerOf } from "../../storage/TestServices.ts"

const [one, other] = [signerOf(1).peer, signerOf(2).peer]

describe("Allowance", () => {
  it("no peer has more than its share, nor all of them more than there is", () => {
    const allowance = new Allowance(15, 10)
    expect(allowance.take(one, 11)).toBe(false)
    expect(allowance.take(one, 10)).toBe(true)
    expect(allowance.take(one, 1)).toBe(false)
    expect(allowance.take(other, 6)).toBe(false)
    expect(allowance.take(other, 5)).toBe(true)
    expect(allowance.total).toBe(15)
  })

  it("what is given back can be taken again", () => {
    const allowance = new Allowance(10, 10)
    allowance.take(one, 10)
    allowance.giveBack(one, 4)
    expect(allowance.take(other, 5)).toBe(false)
    expect(allowance.take(other, 4)).toBe(true)
    allowance.giveBack(one, 6)
    allowance.giveBack(other, 4)
    expect(allowance.total).toBe(0)
  })
})
