import { describe, expect, it } from "@effect/vitest"
import * as Prng from "../../src/random/Prng.ts"

const draws = (seed: number | string, count: number) => {
  const prng = Prng.make(seed)
  return Array.from({ length: count }, () => prng.nextUint32())
}

describe("Prng", () => {
  // Computed by an independent implementation. If these change, every saved seed is worthless.
  it.each([
    [0, [2998230287, 28514552, 2806726055, 1806272038, 3516321498, 2741993372]],
    [42, [3499294607, 35927522, 394650257, 743319544, 1810629436, 2019241604]],
    ["cluster/node-3", [3757131699, 3420932621, 543320585, 1285109841, 4226972247, 2117947620]],
    ["", [3971049765, 1765865803, 3513659972, 1032153989, 640475419, 2461371735]]
  ])("seed %j gives the same numbers for ever", (seed, expected) => {
    expect(draws(seed, expected.length)).toEqual(expected)
  })

  it("every method gives the same results for ever", () => {
    const floats = Prng.make(42)
    expect([floats.nextFloat(), floats.nextFloat(), floats.nextFloat()]).toEqual([
      0.5936961213898793, 0.1839071145379867, 0.3753950453478443
    ])
    expect(Buffer.from(Prng.make(42).bytes(7)).toString("hex")).toBe("8fff92d0e23524")
    const mixed = Prng.make(42)
    expect(Array.from({ length: 8 }, () => mixed.nextInt(100))).toEqual([7, 22, 57, 44, 36, 4, 21, 92])
    expect(mixed.nextInt(Number.MAX_SAFE_INTEGER)).toBe(7966429505768424)
    expect(
      Prng.make(42)
        .shuffle([..."abcdefgh"])
        .join("")
    ).toBe("dgcaefbh")
    expect(Prng.make(42).pick([..."abcdefgh"])).toBe("h")
    expect(Prng.make(42).fork("x").nextUint32()).toBe(3508070114)
  })

  it("a number is the same seed as its text", () => {
    expect(draws(42, 4)).toEqual(draws("42", 4))
  })

  it("a fork depends on seed and label only, and leaves its parent where it was", () => {
    const parent = Prng.make("seed")
    const early = parent.fork("network").nextUint32()
    const next = parent.nextUint32()
    expect(parent.fork("network").nextUint32()).toBe(early)
    expect(Prng.make("seed").nextUint32()).toBe(next)
    expect(Prng.make(parent.fork("network").seed).nextUint32()).toBe(early)
    expect(parent.fork("disk").nextUint32()).not.toBe(early)
  })

  it("whole numbers are spread evenly, also below a bound that does not divide 2^32 or 2^53", () => {
    const prng = Prng.make("even")
    const samples = 60_000
    // Without rejection a third of these would fall on the wrong side: 3 × 2^30 leaves 2^30 numbers over.
    for (const bound of [3, 7, 3 * 2 ** 30, 3 * 2 ** 51]) {
      const thirds = [0, 0, 0]
      for (let i = 0; i < samples; i++) thirds[Math.floor((prng.nextInt(bound) / bound) * 3)]! += 1
      const expected = bound === 7 ? [3 / 7, 2 / 7, 2 / 7] : [1 / 3, 1 / 3, 1 / 3]
      for (const [third, share] of expected.entries()) expect(thirds[third]! / samples).toBeCloseTo(share, 1.5)
    }
  })

  it("floats lie in [0, 1) and have bits below 2^-32", () => {
    const prng = Prng.make("floats")
    const floats = Array.from({ length: 10_000 }, () => prng.nextFloat())
    expect(Math.min(...floats)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...floats)).toBeLessThan(1)
    expect(floats.some((float) => (float * 2 ** 32) % 1 !== 0)).toBe(true)
    expect(floats.reduce((sum, float) => sum + float, 0) / floats.length).toBeCloseTo(0.5, 1)
  })

  it("a shuffle is a new array with the same elements, and reaches every order", () => {
    const prng = Prng.make("shuffle")
    const original = ["a", "b", "c", "d"]
    const orders = new Map<string, number>()
    for (let i = 0; i < 24_000; i++) {
      const order = prng.shuffle(original).join("")
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    expect(original).toEqual(["a", "b", "c", "d"])
    expect(orders.size).toBe(24)
    expect(Math.min(...orders.values())).toBeGreaterThan(850)
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])("refuses the bound %d", (bound) => {
    expect(() => Prng.make(1).nextInt(bound)).toThrow(RangeError)
  })

  it("refuses to pick from nothing", () => {
    expect(() => Prng.make(1).pick([])).toThrow(RangeError)
  })
})
