import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import type { Json } from "../../schemas/Json.ts"
import type { Compare } from "../btree/BTree.ts"

/** An order of encoded keys, and the name by which a collection's header keeps it. */
export interface KeyOrder {
  readonly name: string
  readonly compare: Compare
}

/** Texts by UTF-16 code units, numbers by value. */
const compareScalars: Compare = (a, b) => ((a as string | number) < (b as string | number) ? -1 : a === b ? 0 : 1)

const compareTuples =
  (parts: ReadonlyArray<Compare>): Compare =>
  (a, b) => {
    // Total, as foreign blocks may hold any key: what is no tuple has no parts.
    const left = Array.isArray(a) ? (a as ReadonlyArray<Json>) : []
    const right = Array.isArray(b) ? (b as ReadonlyArray<Json>) : []
    for (let i = 0; i < parts.length; i++) {
      const order = parts[i]!(left[i] ?? null, right[i] ?? null)
      if (order !== 0) return order
    }
    return 0
  }

const scalar = (name: "number" | "string"): KeyOrder => ({ compare: compareScalars, name })

const tuple = (parts: ReadonlyArray<KeyOrder>): KeyOrder => ({
  compare: compareTuples(parts.map(({ compare }) => compare)),
  name: `[${parts.map(({ name }) => name).join()}]`
})

const orderOf = (ast: AST.AST): KeyOrder | undefined => {
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
      return scalar("string")
    case "NumberKeyword":
      return scalar("number")
    case "Literal":
      return typeof ast.literal === "string" || typeof ast.literal === "number"
        ? scalar(typeof ast.literal as "number" | "string")
        : undefined
    case "Refinement":
      return orderOf(ast.from)
    case "Union": {
      const orders = ast.types.map(orderOf)
      return orders.every((order) => order !== undefined && order.name === orders[0]!.name) ? orders[0] : undefined
    }
    case "TupleType": {
      const parts = ast.elements.map((element) => (element.isOptional ? undefined : orderOf(element.type)))
      if (ast.rest.length > 0 || parts.length === 0 || parts.includes(undefined)) return undefined
      return tuple(parts as ReadonlyArray<KeyOrder>)
    }
    default:
      return undefined
  }
}

/**
 * The built-in order of keys: of strings, numbers, and tuples of what has an order. Undefined for others, and for keys that
 * are encoded as something else, such as numbers in texts: their order would surprise.
 */
export const builtIn = <A, I>(schema: Schema.Schema<A, I>): KeyOrder | undefined => {
  const encoded = orderOf(Schema.encodedSchema(schema).ast)
  return encoded?.name === orderOf(Schema.typeSchema(schema).ast)?.name ? encoded : undefined
}

/** The longest name that is taken apart: of a tuple of hundreds. */
const MAX_NAME_CHARACTERS = 4_096

/** The built-in order of a name, as a header keeps it; undefined for that of a program's own. */
export const named = (name: string): KeyOrder | undefined => {
  if (name === "number" || name === "string") return scalar(name)
  if (name.length > MAX_NAME_CHARACTERS || !/^\[.+\]$/.test(name)) return undefined
  const parts = partsOf(name.slice(1, -1)).map(named)
  return parts.includes(undefined) ? undefined : tuple(parts as ReadonlyArray<KeyOrder>)
}

/** The names of a tuple's parts, which may be tuples: what stands between the commas that are in no brackets. */
const partsOf = (names: string): ReadonlyArray<string> => {
  const parts: Array<string> = [""]
  let depth = 0
  for (const character of names) {
    if (character === "," && depth === 0) parts.push("")
    else parts[parts.length - 1] += character
    depth += character === "[" ? 1 : character === "]" ? -1 : 0
  }
  return parts
}
