/** How questions and answers are written: JSON, checked against the protocol's schemas on both sides. */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { LimitExceeded } from "../../schemas/Errors.ts"
import type { PeerProtocol } from "../../services/PeerNetwork.ts"
import { utf8Length } from "../encoding/CanonicalJson.ts"
import * as Slot from "../encoding/Slot.ts"
import { exactShape } from "./exactShape.ts"

/** The two ways of one kind of message. */
export interface MessageCodec<A> {
  /**
   * The text of a message, unless it is too long; made once per message, whoever it is sent to. It fits its type: whether that is
   * true is checked by whoever reads it.
   */
  readonly encode: (message: A) => Either.Either<string, LimitExceeded>
  /** What a text from outside says, or what is wrong with it. */
  readonly decode: (text: string) => Either.Either<A, string>
}

/** Of what is wrong with a message, so much is told: it is somebody else's text. */
const MAX_REASON = 200

/** Whether values of a schema are written otherwise than they are. */
const isTransformed = (ast: SchemaAST.AST, seen: Set<SchemaAST.AST> = new Set()): boolean => {
  if (seen.has(ast)) return false
  seen.add(ast)
  const isAny = (all: ReadonlyArray<SchemaAST.AST>): boolean => all.some((inner) => isTransformed(inner, seen))
  switch (ast._tag) {
    case "Transformation":
      return true
    case "Declaration":
      return isAny(ast.typeParameters)
    case "Refinement":
      return isTransformed(ast.from, seen)
    case "Suspend":
      return isTransformed(ast.f(), seen)
    case "Union":
      return isAny(ast.types)
    case "TupleType":
      return isAny([...ast.elements, ...ast.rest].map(({ type }) => type))
    case "TypeLiteral":
      return isAny([...ast.propertySignatures, ...ast.indexSignatures].map(({ type }) => type))
    default:
      return false
  }
}

const codecOf = <A>(what: string, schema: Schema.Schema<A, unknown>, maxBytes: number): MessageCodec<A> => {
  const isAsWritten = !isTransformed(schema.ast)
  const encodeSync: (message: A) => unknown = isAsWritten ? (message) => message : Schema.encodeSync(schema)
  const isExact = exactShape(schema.ast) as (parsed: unknown) => parsed is A
  const decodeEither = Schema.decodeUnknownEither(schema)
  const texts = Slot.make<A & object, string>()
  const textOf = (message: A): string => {
    if (typeof message !== "object" || message === null) return JSON.stringify(encodeSync(message))
    const known = texts.get(message)
    if (known !== undefined) return known
    const text = JSON.stringify(encodeSync(message))
    texts.set(message, text)
    return text
  }
  return {
    decode: (text) => {
      if (text.length > maxBytes) return Either.left(`its ${what} is longer than ${maxBytes} bytes`)
      let parsed: unknown
      try {
        parsed = JSON.parse(text)
      } catch {
        return Either.left(`its ${what} is no JSON`)
      }
      try {
        if (isExact(parsed)) return Either.right(parsed)
        return Either.mapLeft(decodeEither(parsed), (error) => reasonOf(what, error))
      } catch {
        // It nests too deep to be walked through on the stack.
        return Either.left(`its ${what} is malformed`)
      }
    },
    encode: (message) => {
      const text = textOf(message)
      const actual = utf8Length(text)
      return actual > maxBytes
        ? Either.left(new LimitExceeded({ actual, limit: maxBytes, what: `a ${what}, in bytes,` }))
        : Either.right(text)
    }
  }
}

const reasonOf = (what: string, error: ParseResult.ParseError): string =>
  `its ${what} is malformed: ${ParseResult.TreeFormatter.formatErrorSync(error)}`.slice(0, MAX_REASON)

/** The codecs of a protocol. */
export interface PeerCodec<Question, Answer> {
  readonly question: MessageCodec<Question>
  readonly answer: MessageCodec<Answer>
}

const made = Slot.make<PeerProtocol<never, never>, PeerCodec<never, never>>()

/** The codecs of a protocol, made once. */
export const codecsOf = <Question, Answer>(protocol: PeerProtocol<Question, Answer>): PeerCodec<Question, Answer> => {
  const key = protocol as unknown as PeerProtocol<never, never>
  const known = made.get(key)
  if (known !== undefined) return known as unknown as PeerCodec<Question, Answer>
  const { answer, maxAnswerBytes, maxQuestionBytes, name, question } = protocol
  const codecs: PeerCodec<Question, Answer> = {
    answer: codecOf(`${name} answer`, answer, maxAnswerBytes),
    question: codecOf(`${name} question`, question, maxQuestionBytes)
  }
  made.set(key, codecs as unknown as PeerCodec<never, never>)
  return codecs
}
