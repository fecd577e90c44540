/**
 * What heads say: the messages of `@effect/rpc` that may go in each direction, and of those what is needed here. Everything else is
 * malformed: other kinds, other errors, ids that are no numbers. What is not named is not passed on.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { AskError } from "./AskRpc.ts"

/** The number of a question on its stream, as whoever asks gave it. */
const Id = Schema.String.pipe(Schema.pattern(/^(?:0|[1-9][0-9]{0,18})$/))

const FromAsker = Schema.parseJson(
  Schema.Union(
    Schema.Struct({ _tag: Schema.Literal("Request"), id: Id }),
    Schema.Struct({ _tag: Schema.Literal("Interrupt"), requestId: Id })
  )
)

const FromAnswerer = Schema.parseJson(
  Schema.Struct({
    _tag: Schema.Literal("Exit"),
    exit: Schema.Union(
      Schema.Struct({ _tag: Schema.Literal("Success") }),
      Schema.Struct({
        _tag: Schema.Literal("Failure"),
        cause: Schema.Struct({ _tag: Schema.Literal("Fail"), error: AskError })
      })
    ),
    requestId: Id
  })
)

/** What whoever asks may say: a question, whose text is the body of the frame, or that it gives one up. */
export type FromAsker = typeof FromAsker.Type
/** What whoever answers may say: an answer, whose text is the body of the frame, or why there is none. */
export type FromAnswerer = typeof FromAnswerer.Type

/** A reader that throws nothing: a tag that is an object with a `toString` of its own makes even the decoder throw. */
const reader = <A, I>(schema: Schema.Schema<A, I>): ((head: string) => A | undefined) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (head: string): A | undefined => {
    try {
      return Either.getOrUndefined(decode(head))
    } catch {
      return undefined
    }
  }
}

/** Reads what whoever asks says; nothing where it is malformed. */
export const readFromAsker: (head: string) => FromAsker | undefined = reader(FromAsker)

/** Reads what whoever answers says; nothing where it is malformed. */
export const readFromAnswerer: (head: string) => FromAnswerer | undefined = reader(FromAnswerer)

/** The head of a question. */
export const questionHead = (id: string): string => `{"_tag":"Request","id":"${id}"}`

/** Says that an answer is not wanted any more. */
export const interruptHead = (id: string): string => `{"_tag":"Interrupt","requestId":"${id}"}`

/** The head of an answer. */
export const answerHead = (id: string): string => `{"_tag":"Exit","requestId":"${id}","exit":{"_tag":"Success"}}`

/** Says why there is no answer. */
export const failureHead = (id: string, error: AskError): string =>
  `{"_tag":"Exit","requestId":"${id}","exit":{"_tag":"Failure","cause":{"_tag":"Fail","error":${JSON.stringify(error)}}}}`
