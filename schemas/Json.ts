import type * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"

/** A JSON value as it stands in a block: no `undefined`, no non-finite number. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject

/** A JSON object. Never mutated once it is part of a block. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** Values nest no deeper: whoever walks through one does so on the stack. */
const MAX_DEPTH = 1_000

const isJsonWithin = (depth: number, value: unknown): value is Json => {
  switch (typeof value) {
    case "boolean":
    case "string":
      return true
    case "number":
      return Number.isFinite(value)
    case "object": {
      if (value === null) return true
      if (depth === 0) return false
      const items: ReadonlyArray<unknown> = Array.isArray(value) ? value : Object.values(value)
      return items.every((item) => isJsonWithin(depth - 1, item))
    }
    default:
      return false
  }
}

const isJson = (value: unknown): value is Json => isJsonWithin(MAX_DEPTH, value)

/** Schema of {@link Json}, for values that come from outside. One predicate: a union that calls itself takes ten times as long. */
export const Json: Schema.Schema<Json> = Schema.declare(isJson, {
  arbitrary: () => (fc) => fc.jsonValue() as FastCheck.Arbitrary<Json>,
  identifier: "Json"
})

/** Schema of {@link JsonObject}. */
export const JsonObject: Schema.Schema<JsonObject> = Schema.declare(
  (value: unknown): value is JsonObject =>
    typeof value === "object" && value !== null && !Array.isArray(value) && isJson(value),
  {
    arbitrary: () => (fc) => fc.dictionary(fc.string(), fc.jsonValue()) as FastCheck.Arbitrary<JsonObject>,
    identifier: "JsonObject"
  }
)
