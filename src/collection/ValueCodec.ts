import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { Json } from "../../schemas/Json.ts"
import { canonicalCopy, NotCanonical } from "../encoding/CanonicalJson.ts"
import * as Slot from "../encoding/Slot.ts"

/** Values of a program as JSON, and back. What fails is a text that says why. */
export interface ValueCodec<A> {
  readonly encode: (value: A) => Either.Either<Json, string>
  readonly decode: (json: Json) => Either.Either<A, string>
}

type Constructor<A> = new (fields: A) => A

/** Whether a schema is a `Schema.Class`: its values are instances of itself. */
const isClass = <A, I>(schema: Schema.Schema<A, I>): boolean => {
  const { ast } = schema
  return typeof schema === "function" && "fields" in schema && AST.isTransformation(ast) && AST.isDeclaration(ast.to)
}

const MAX_TYPE_NODES = 1_000

/** Whether the values of a type are read-only all the way down, so that one of them may be given to many. */
const isImmutable = (ast: AST.AST, seen = new Set<AST.AST>()): boolean => {
  // What was seen is either above, or was found to be.
  if (seen.has(ast)) return true
  // A recursive type may be made anew at each level, without end: then it is not known to be.
  if (seen.size === MAX_TYPE_NODES) return false
  seen.add(ast)
  const all = (parts: ReadonlyArray<AST.AST>) => parts.every((part) => isImmutable(part, seen))
  switch (ast._tag) {
    case "StringKeyword":
    case "NumberKeyword":
    case "BooleanKeyword":
    case "BigIntKeyword":
    case "SymbolKeyword":
    case "UniqueSymbol":
    case "UndefinedKeyword":
    case "VoidKeyword":
    case "NeverKeyword":
    case "Literal":
    case "TemplateLiteral":
    case "Enums":
      return true
    case "Refinement":
      return all([ast.from])
    case "Transformation":
      return all([ast.to])
    case "Suspend":
      return all([ast.f()])
    case "Union":
      return all(ast.types)
    case "TupleType":
      return ast.isReadonly && all([...ast.elements, ...ast.rest].map(({ type }) => type))
    case "TypeLiteral": {
      const parts = [...ast.propertySignatures, ...ast.indexSignatures]
      return parts.every(({ isReadonly }) => isReadonly) && all(parts.map(({ type }) => type))
    }
    // A class of ours says what its fields are; other types with an inside of their own may change it.
    case "Declaration":
      return AST.SurrogateAnnotationId in ast.annotations && all(ast.typeParameters)
    default:
      return false
  }
}

/**
 * The codec of a schema. A value of a class may be given as its plain fields: it is constructed, and so validated. What a
 * stored JSON object decodes to is made once and shared, if its type is read-only; else each reader has its own.
 */
export const make = <A, I>(schema: Schema.Schema<A, I>): ValueCodec<A> => {
  const encodeEither = Schema.encodeEither(schema)
  const decodeEither = Schema.decodeUnknownEither(schema)
  const Class = isClass(schema) ? (schema as unknown as Constructor<A>) : undefined
  const decoded = Slot.make<object, Either.Either<A, string>>()

  const encode = (value: A): Either.Either<Json, string> => {
    try {
      const whole = Class !== undefined && !(value instanceof Class) ? new Class(value) : value
      return Either.match(encodeEither(whole), {
        onLeft: (error) => Either.left(error.message),
        onRight: (encoded) => Either.right(canonicalCopy(encoded))
      })
    } catch (thrown) {
      // A class constructor throws what its fields do not satisfy.
      if (thrown instanceof NotCanonical || (thrown as { _tag?: unknown })?._tag === "ParseError") {
        return Either.left((thrown as Error).message)
      }
      throw thrown
    }
  }

  const decodeAnew = (json: Json): Either.Either<A, string> =>
    Either.mapLeft(decodeEither(json), (error) => error.message)

  const isShared = isImmutable(schema.ast)

  const decode = (json: Json): Either.Either<A, string> => {
    // What a schema passes on as it is, such as `Schema.Unknown`, must not be the stored value itself.
    if (!isShared) return decodeAnew(canonicalCopy(json))
    if (typeof json !== "object" || json === null) return decodeAnew(json)
    const known = decoded.get(json)
    if (known !== undefined) return known
    const value = decodeAnew(json)
    decoded.set(json, value)
    return value
  }

  return { decode, encode }
}
