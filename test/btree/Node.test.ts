import { describe, expect, it } from "@effect/vitest"
import type { Json } from "../../schemas/Json.ts"
import { type Content, contentWeight, divide, join } from "../../src/btree/Node.ts"
import * as Prng from "../../src/random/Prng.ts"

/** Content of a node that is over capacity by one item, with items of all weights. */
const overfull = (prng: Prng.Prng, type: Content["type"]): Content => {
  const keys: Array<Json> = []
  const values: Array<Json> = type === "branch" ? ["first child"] : []
  const content = { keys, type, values }
  const long = 1 + prng.nextInt(4)
  while (contentWeight(content) <= 64) {
    const size = prng.nextInt(long) === 0 ? 1 : prng.nextInt(20_000)
    keys.push(`${keys.length}${"k".repeat(type === "branch" ? size : 1)}`)
    values.push(`${values.length}${"v".repeat(type === "leaf" ? size : 1)}`)
  }
  return content
}

/** Every way to divide a node, by trying. */
const divisions = ({ keys, type, values }: Content) =>
  values.slice(1).map((_, i) => ({
    left: { keys: keys.slice(0, type === "leaf" ? i + 1 : i), type, values: values.slice(0, i + 1) },
    right: { keys: keys.slice(i + 1), type, values: values.slice(i + 1) },
    separator: type === "leaf" ? keys[i + 1]! : keys[i]!
  }))

describe("Node", () => {
  it.each(["leaf", "branch"] as const)("a %s is divided where both sides weigh most nearly the same", (type) => {
    const prng = Prng.make(type)
    for (let n = 0; n < 500; n++) {
      const content = overfull(prng, type)
      const unevenness = ({ left, right }: Pick<ReturnType<typeof divide>, "left" | "right">) =>
        Math.abs(contentWeight(left) - contentWeight(right))
      const division = divide(content)
      const possible = divisions(content)
      expect(possible).toContainEqual(division)
      expect(unevenness(division)).toBe(Math.min(...possible.map(unevenness)))
      expect(contentWeight(division.left)).toBeGreaterThanOrEqual(17)
      expect(contentWeight(division.right)).toBeGreaterThanOrEqual(17)
      expect(contentWeight(division.left)).toBeLessThanOrEqual(64)
      expect(contentWeight(division.right)).toBeLessThanOrEqual(64)
      expect(join(division)).toEqual(content)
    }
  })
})
