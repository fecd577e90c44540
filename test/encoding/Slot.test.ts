import { describe, expect, it } from "@effect/vitest"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import * as Slot from "../../src/encoding/Slot.ts"

const objects: ReadonlyArray<readonly [name: string, make: () => object]> = [
  ["an object", () => ({ a: 1 })],
  ["an array", () => [1, 2]],
  ["an object without a prototype", () => Object.create(null)],
  ["a frozen object", () => Object.freeze({ a: 1 })],
  ["a frozen array", () => Object.freeze([1])]
]

describe("Slot", () => {
  it.each(objects)("keeps the last value of %s, each slot its own", (_name, make) => {
    const one = Slot.make<object, number>()
    const other = Slot.make<object, string>()
    const object = make()
    expect(one.get(object)).toBeUndefined()
    one.set(object, 1)
    expect(other.get(object)).toBeUndefined()
    other.set(object, "x")
    one.set(object, 2)
    expect([one.get(object), other.get(object), one.get(make())]).toEqual([2, "x", undefined])
  })

  it("shows nowhere: not in copies, keys, equality or JSON", () => {
    const slot = Slot.make<object, number>()
    const object = { a: [1] }
    slot.set(object, 1)
    slot.set(object.a, 1)
    expect(slot.get({ ...object })).toBeUndefined()
    expect(slot.get([...object.a])).toBeUndefined()
    expect(Reflect.ownKeys(object)).toEqual(["a"])
    expect(object).toStrictEqual({ a: [1] })
    expect([JSON.stringify(object), canonicalText(object)]).toEqual(['{"a":[1]}', '{"a":[1]}'])
  })
})
