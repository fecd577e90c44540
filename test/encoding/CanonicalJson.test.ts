import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import canonicalize from "canonicalize"
import * as FastCheck from "effect/FastCheck"
import type { Hash } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import * as CanonicalJson from "../../src/encoding/CanonicalJson.ts"

const { canonicalCopy, canonicalText, MAX_DEPTH, MAX_VALUE_DEPTH, NotCanonical, sizeBytes, utf8Length } = CanonicalJson

const text = FastCheck.string({ unit: "binary" })

/** Keys that engines enumerate in an order of their own, that set prototypes, or that differ in UTF-16 and code points. */
const key = FastCheck.oneof(
  text,
  FastCheck.nat({ max: 120 }).map(String),
  FastCheck.constantFrom(
    "__proto__",
    "constructor",
    "toJSON",
    "",
    "-1",
    "01",
    "1e3",
    "4294967295",
    "\uffff",
    "\u{10000}"
  )
)

const number = FastCheck.oneof(
  FastCheck.double({ noDefaultInfinity: true, noNaN: true }),
  FastCheck.integer(),
  FastCheck.maxSafeInteger(),
  FastCheck.constantFrom(-0, 1e21, 999999999999999900000, 1e-7, 0.000001, 5e-324, Number.MAX_VALUE, 0.1 + 0.2)
)

/** Built as JSON.parse builds it: `__proto__` becomes a property like any other. */
const objectOf = (entries: ReadonlyArray<readonly [string, Json]>): Json => {
  const object = {}
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { configurable: true, enumerable: true, value, writable: true })
  }
  return object
}

const json = FastCheck.letrec<{ value: Json }>((tie) => ({
  value: FastCheck.oneof(
    { depthSize: "small", maxDepth: 6, withCrossShrink: true },
    FastCheck.constantFrom(null, true, false),
    number,
    text,
    FastCheck.array(tie("value"), { maxLength: 6 }),
    FastCheck.array(FastCheck.tuple(key, tie("value")), { maxLength: 6 }).map(objectOf)
  )
})).value

const RUNS = { numRuns: 1_000 }

/** An independent implementation. */
const oracle = (value: Json): string | undefined => canonicalize(value)

/** A value that stands inside so many others. */
const nest = (value: Json, levels: number, inside: (value: Json, level: number) => Json): Json => {
  let whole = value
  for (let level = 0; level < levels; level++) whole = inside(whole, level)
  return whole
}

const NESTINGS: ReadonlyArray<readonly [string, (value: Json, level: number) => Json]> = [
  ["arrays", (value) => [value]],
  ["objects", (value) => ({ value })],
  ["arrays and objects", (value, level) => (level % 2 === 0 ? [value] : { value })]
]

describe("canonicalText", () => {
  it("is what an independent implementation of RFC 8785 gives", () => {
    FastCheck.assert(
      FastCheck.property(json, (value) => {
        expect(canonicalText(value)).toBe(oracle(value))
      }),
      RUNS
    )
  })

  it("is the same the second time, and for an equal value built in another order", () => {
    const reversed = (value: Json): Json =>
      Array.isArray(value)
        ? value.map(reversed)
        : typeof value === "object" && value !== null
          ? objectOf(
              Object.entries(value)
                .reverse()
                .map(([name, field]) => [name, reversed(field)])
            )
          : value
    FastCheck.assert(
      FastCheck.property(json, (value) => {
        const first = canonicalText(value)
        expect(canonicalText(value)).toBe(first)
        expect(canonicalText(reversed(value))).toBe(first)
      }),
      RUNS
    )
  })

  it("does not depend on which parts were asked for before, nor on how often a part occurs", () => {
    FastCheck.assert(
      FastCheck.property(json, json, FastCheck.boolean(), (part, other, partFirst) => {
        const whole: Json = [part, { again: part, deeper: [{ other, part }] }, part]
        if (partFirst) for (const value of [part, other, [part], { part }]) canonicalText(value)
        expect(canonicalText(whole)).toBe(oracle(whole))
        expect(canonicalText([{ whole }])).toBe(oracle([{ whole }]))
      }),
      RUNS
    )
  })

  it("parses back to the value, but for the sign of zero", () => {
    const positive = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json
    FastCheck.assert(
      FastCheck.property(json, (value) => {
        expect(isDeepStrictEqual(JSON.parse(canonicalText(value)), positive(value))).toBe(true)
      }),
      RUNS
    )
  })

  it.each([
    ["integer-like keys by code units", { "10": 1, "9": 2 }, '{"10":1,"9":2}'],
    ["a property named __proto__", JSON.parse('{"b":1,"__proto__":{"x":1}}'), '{"__proto__":{"x":1},"b":1}'],
    ["negative zero", [-0], "[0]"],
    ["an exponent where ECMAScript writes one", [1e21, 1e20, 1e-7], "[1e+21,100000000000000000000,1e-7]"],
    ["keys by UTF-16 code units, not code points", { "\uffff": 1, "\u{10000}": 2 }, '{"\u{10000}":2,"\uffff":1}'],
    ["escapes as JSON.stringify writes them", ['\u0001\n"\\/\u2028\u007f'], '["\\u0001\\n\\"\\\\/\u2028\u007f"]']
  ])("writes %s", (_rule, value, expected) => {
    expect(canonicalText(value)).toBe(expected)
  })

  it.each([
    ["a lone high surrogate", "a\ud800"],
    ["a lone low surrogate", "\udc00a"],
    ["surrogates in the wrong order", "\udc00\ud800"],
    ["a key with a lone surrogate", { "\ud800": 1 }],
    ["not a number", Number.NaN],
    ["infinity", [Number.NEGATIVE_INFINITY]],
    ["undefined", undefined],
    ["an undefined property", { a: undefined }],
    ["a hole in an array", new Array(1)],
    ["a bigint", 1n],
    ["a function", { f: () => 1 }],
    ["a symbol", [Symbol.iterator]]
  ])("refuses %s", (_what, value) => {
    expect(() => canonicalText(value)).toThrow(NotCanonical)
  })

  it("refuses a cycle", () => {
    const cycle: { self?: unknown } = {}
    cycle.self = [cycle]
    expect(() => canonicalText(cycle)).toThrow(NotCanonical)
    expect(() => canonicalCopy(cycle)).toThrow(NotCanonical)
  })

  it.each(NESTINGS)("takes %s inside one another down to the limit, and none deeper", (_what, inside) => {
    const deepest = nest([], MAX_DEPTH, inside)
    expect(canonicalText(deepest)).toBe(oracle(deepest))
    expect(() => canonicalText(nest([], MAX_DEPTH + 1, inside))).toThrow(NotCanonical)
  })

  it("gives the text that a value was parsed from, once that is remembered", () => {
    const value = { a: 1 }
    CanonicalJson.rememberText(value, '{"a":1}')
    expect(canonicalText(value)).toBe('{"a":1}')
    expect(sizeBytes(value)).toBe(7)
  })
})

describe("canonicalTextOnce", () => {
  it("is the same text, whatever is remembered", () => {
    FastCheck.assert(
      FastCheck.property(json, FastCheck.boolean(), (value, before) => {
        if (before) canonicalText(value)
        expect(CanonicalJson.canonicalTextOnce(value)).toBe(oracle(value))
      }),
      RUNS
    )
  })
})

describe("canonicalHash", () => {
  it("hashes the canonical text of an object, once", () => {
    const hashed: Array<string> = []
    const hash = (text: string) => {
      hashed.push(text)
      return `hash of ${text}` as Hash
    }
    const value = { b: 1, a: [{ c: "x".repeat(100) }] }
    const expected = `hash of ${oracle(value)}`
    expect(CanonicalJson.canonicalHash(value, hash)).toBe(expected)
    expect(CanonicalJson.canonicalHash(value, hash)).toBe(expected)
    expect(hashed).toEqual([oracle(value)])
  })
})

describe("utf8Length and sizeBytes", () => {
  it("count bytes as Buffer does", () => {
    FastCheck.assert(
      FastCheck.property(text, json, (characters, value) => {
        expect(utf8Length(characters)).toBe(Buffer.byteLength(characters))
        expect(sizeBytes(value)).toBe(Buffer.byteLength(canonicalText(value)))
        expect(sizeBytes(value)).toBe(sizeBytes(value))
      }),
      RUNS
    )
    expect(utf8Length("aé€😀")).toBe(1 + 2 + 3 + 4)
  })
})

describe("canonicalCopy", () => {
  it("is an equal value in canonical order that shares nothing with the original", () => {
    const disjoint = (left: unknown, right: unknown): boolean =>
      typeof left !== "object" ||
      left === null ||
      (left !== right &&
        Object.entries(left).every(([name, field]) => disjoint(field, (right as Record<string, unknown>)[name])))
    FastCheck.assert(
      FastCheck.property(json, (value) => {
        const copied = canonicalCopy(value)
        expect(canonicalText(copied)).toBe(oracle(value))
        expect(disjoint(copied, value)).toBe(true)
      }),
      RUNS
    )
    expect(Object.keys(canonicalCopy({ b: 1, a: { d: 1, c: 2 } }) as object)).toEqual(["a", "b"])
  })

  it("leaves out undefined properties, at any depth, and refuses undefined elsewhere", () => {
    expect(canonicalCopy({ a: undefined, b: [{ c: undefined }] })).toStrictEqual({ b: [{}] })
    expect(() => canonicalCopy(undefined)).toThrow(NotCanonical)
    expect(() => canonicalCopy([undefined])).toThrow(NotCanonical)
    expect(() => canonicalCopy(new Array(1))).toThrow(NotCanonical)
  })

  it("keeps a property named __proto__ as a property, and leaves the prototype alone", () => {
    const copied = canonicalCopy(JSON.parse('{"__proto__":{"polluted":true}}')) as object
    expect(Object.keys(copied)).toEqual(["__proto__"])
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype)
    expect("polluted" in copied).toBe(false)
  })

  it.each([
    ["text with a lone surrogate", { a: "\ud800" }],
    ["a key with a lone surrogate", { "\ud800": 1 }],
    ["a non-finite number", [Number.POSITIVE_INFINITY]],
    ["a bigint", { a: 1n }],
    ["a date", { at: new Date(0) }],
    ["a map", [new Map([["a", 1]])]],
    ["bytes", Uint8Array.of(1)]
  ])("refuses %s", (_what, value) => {
    expect(() => canonicalCopy(value)).toThrow(NotCanonical)
  })

  it.each(NESTINGS)("takes %s only so deep that there is room around them, whatever is remembered", (_what, inside) => {
    const deepest = canonicalCopy(nest([], MAX_VALUE_DEPTH, inside))
    sizeBytes(deepest)
    const room = MAX_DEPTH - MAX_VALUE_DEPTH
    const anew = JSON.parse(JSON.stringify(deepest)) as Json
    expect(canonicalText(nest(anew, room, (value) => [value]))).toBe(oracle(nest(deepest, room, (value) => [value])))
    expect(() => canonicalCopy(nest([], MAX_VALUE_DEPTH + 1, inside))).toThrow(NotCanonical)
  })
})
