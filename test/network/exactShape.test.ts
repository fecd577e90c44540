import * as Arbitrary from "effect/Arbitrary"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import { TurnGiven } from "../../schemas/Repo.ts"
import { exactShape } from "../../src/network/exactShape.ts"

const schemas: ReadonlyArray<readonly [name: string, schema: Schema.Schema<unknown, unknown>]> = [
  ["MemberRequest", MemberRequest as unknown as Schema.Schema<unknown>],
  ["MemberAnswer", MemberAnswer as unknown as Schema.Schema<unknown>],
  ["TurnGiven", TurnGiven as unknown as Schema.Schema<unknown>]
]

const RUNS = { numRuns: 40, seed: 20 }

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** A place in a value, chosen by a number: a field of an object, or an item of an array. */
const placesIn = (value: unknown): ReadonlyArray<readonly [parent: Record<string, unknown>, key: string]> => {
  if (typeof value !== "object" || value === null) return []
  const parent = value as Record<string, unknown>
  return Object.keys(parent).flatMap((key) => [[parent, key] as const, ...placesIn(parent[key])])
}

/** What may happen to a place in a message. */
const harms: ReadonlyArray<(parent: Record<string, unknown>, key: string) => void> = [
  (parent, key) => delete parent[key],
  (parent, key) => {
    parent[key] = null
  },
  (parent, key) => {
    parent[key] = [parent[key]]
  },
  (parent, key) => {
    parent[key] = `${JSON.stringify(parent[key])}`
  },
  (parent, key) => {
    parent[`${key}X`] = parent[key]
  },
  (parent, key) => {
    Object.defineProperty(parent, "__proto__", { configurable: true, enumerable: true, value: key, writable: true })
  }
]

describe.each(schemas)("the exact shape of a %s", (_name, schema) => {
  const isExact = exactShape(schema.ast)
  const decode = Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })

  it("is that of every message of the type", () => {
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(schema), (message) => {
        expect(isExact(asJson(message))).toBe(true)
      }),
      RUNS
    )
  })

  it("is that of no value that the schema refuses, or of which it leaves anything out", () => {
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(schema), FastCheck.nat(), FastCheck.nat(), (message, at, how) => {
        const value = asJson(message)
        const places = placesIn(value)
        const [parent, key] = places[at % places.length]!
        harms[how % harms.length]!(parent, key)
        const harmed = asJson(value)
        const decoded = decode(harmed)
        expect(isExact(harmed)).toBe(Either.isRight(decoded))
        if (Either.isRight(decoded)) expect(decoded.right).toEqual(harmed)
      }),
      RUNS
    )
  })
})

describe("the exact shape of a schema that cannot be told", () => {
  it("is that of no value", () => {
    expect(exactShape(Schema.Tuple(Schema.optionalElement(Schema.String)).ast)([])).toBe(false)
    expect(exactShape(Schema.Undefined.ast)(undefined)).toBe(false)
  })
})
