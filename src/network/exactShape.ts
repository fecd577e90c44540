import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as SchemaAST from "effect/SchemaAST"

/** Whether a value has just the shape of a schema. False may also mean that it could not be told. */
export type ShapeCheck = (value: unknown) => boolean

const OPTIONS: SchemaAST.ParseOptions = {}

const never: ShapeCheck = () => false

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const tuple = ({ elements, rest }: SchemaAST.TupleType): ShapeCheck => {
  const items = elements.map(({ type }) => exactShape(type))
  const others = rest.map(({ type }) => exactShape(type))
  const [other] = others
  if (others.length > 1 || elements.some(({ isOptional }) => isOptional)) return never
  return (value) => {
    if (!Array.isArray(value) || value.length < items.length) return false
    if (other === undefined && value.length > items.length) return false
    for (let i = 0; i < value.length; i++) if (!(items[i] ?? other!)(value[i])) return false
    return true
  }
}

const struct = ({ indexSignatures, propertySignatures }: SchemaAST.TypeLiteral): ShapeCheck => {
  const known = new Map(propertySignatures.map(({ name, type }) => [name, exactShape(type)] as const))
  const required = propertySignatures.filter(({ isOptional }) => !isOptional).map(({ name }) => name)
  const [index] = indexSignatures
  if (indexSignatures.length > 1) return never
  const key = index === undefined ? never : exactShape(index.parameter)
  const item = index === undefined ? never : exactShape(index.type)
  return (value) => {
    if (!isPlainObject(value)) return false
    for (const name of required) if (!Object.hasOwn(value, name)) return false
    for (const name of Object.keys(value)) {
      const check = known.get(name)
      if (check !== undefined ? !check(value[name]) : !(key(name) && item(value[name]))) return false
    }
    return true
  }
}

/** The tag that all members of a union tell themselves apart by, with the check of each. */
const tagged = (types: ReadonlyArray<SchemaAST.AST>): ReadonlyMap<unknown, ShapeCheck> | undefined => {
  const byTag = new Map<unknown, ShapeCheck>()
  for (const type of types) {
    const tag = type._tag === "TypeLiteral" ? type.propertySignatures.find(({ name }) => name === "_tag") : undefined
    if (tag?.type._tag !== "Literal" || tag.isOptional || byTag.has(tag.type.literal)) return undefined
    byTag.set(tag.type.literal, exactShape(type))
  }
  return byTag
}

const union = ({ types }: SchemaAST.Union): ShapeCheck => {
  const byTag = tagged(types)
  if (byTag !== undefined) return (value) => isPlainObject(value) && (byTag.get(value._tag) ?? never)(value)
  const checks = types.map((type) => exactShape(type))
  return (value) => checks.some((check) => check(value))
}

/** Declarations and refinements say themselves what they take; an answer that has to be waited for is none. */
const isTaken = (result: Effectful): boolean => Either.isEither(result) && Either.isRight(result)
type Effectful = ReturnType<ReturnType<SchemaAST.Declaration["decodeUnknown"]>>

/**
 * A check that a parsed JSON value is what a schema without transformations would decode it to, in place: nothing of it is copied,
 * and nothing is left out. Whatever fails it is for the schema itself, which says why, or leaves out what nobody asked for.
 */
export const exactShape = (ast: SchemaAST.AST): ShapeCheck => {
  switch (ast._tag) {
    case "StringKeyword":
      return (value) => typeof value === "string"
    case "NumberKeyword":
      return (value) => typeof value === "number"
    case "BooleanKeyword":
      return (value) => typeof value === "boolean"
    case "Literal":
      return (value) => value === ast.literal
    case "Refinement": {
      const from = exactShape(ast.from)
      return (value) => from(value) && Option.isNone(ast.filter(value, OPTIONS, ast))
    }
    case "Declaration": {
      const decode = ast.decodeUnknown(...ast.typeParameters)
      return (value) => isTaken(decode(value, OPTIONS, ast))
    }
    case "TupleType":
      return tuple(ast)
    case "TypeLiteral":
      return struct(ast)
    case "Union":
      return union(ast)
    default:
      return never
  }
}
