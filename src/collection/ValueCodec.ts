import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { Json } from "../../schemas/Json.ts"
import { canonicalCopy, NotCanonical } from "../encoding/CanonicalJson.ts"

/** Values of a program as JSON, and back. What fails is a text that says why. */
export interface ValueCodec<A> {
  readonly encode: (value: A) => Either.Either<Json, string>
  readonly decode: (json: Json) => Either.Either<A, string>
}

type Constructor<A> = new (fields: A) => A

/** Whether a schema is a `Schema.Class`: its values are instances of itself. A struct is a function, too. */
const isClass = ({ ast }: { readonly ast: AST.AST }): boolean => AST.isTransformation(ast) && AST.isDeclaration(ast.to)

/**
 * The codec of a schema. A value of a class may be given as its plain fields: it is constructed, and so validated. What an
 * immutable JSON object decodes to is made once and remembered beside it.
 */
export const make = <A, I>(schema: Schema.Schema<A, I>): ValueCodec<A> => {
  const encodeEither = Schema.encodeEither(schema)
  const decodeEither = Schema.decodeUnknownEither(schema)
  const Class = typeof schema === "function" && isClass(schema) ? (schema as unknown as Constructor<A>) : undefined
  const decoded = new WeakMap<object, Either.Either<A, string>>()

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

  const decode = (json: Json): Either.Either<A, string> => {
    if (typeof json !== "object" || json === null) return decodeAnew(json)
    const known = decoded.get(json)
    if (known !== undefined) return known
    const value = decodeAnew(json)
    decoded.set(json, value)
    return value
  }

  return { decode, encode }
}
