/** The actions that programs define: their data by schemas, and what they do to blocks. */
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import type { Action } from "../../schemas/Collection.ts"
import { DecodeError, Invalid, LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockStore } from "../block/BlockStore.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"
import type { Actions } from "./Actions.ts"
import type { ConflictFilter } from "./ConflictFilter.ts"
import { MAX_ENTRY_BYTES } from "./limits.ts"
import * as ValueCodec from "./ValueCodec.ts"

/**
 * Changes the blocks of a collection, of which `root` is the first, as an action asks for; gives what `act` gives. A plain
 * procedure: it may be run more than once, so it changes nothing but blocks, and depends on nothing else. It may {@link refuse}
 * the action. What it does not throw itself it does not catch: blocks that are not in memory are loaded that way.
 */
export type Handler<A, R> = (store: BlockStore, root: BlockId, data: A) => R

/** A type of action: the codec of its data, and what it does. */
export interface ActionDefinition<A, R> {
  encode(data: A): Either.Either<Json, string>
  decode(json: Json): Either.Either<A, string>
  handle(store: BlockStore, root: BlockId, data: A): R
}

/** Types of actions by their names. */
export type ActionDefinitions = Readonly<Record<string, ActionDefinition<unknown, unknown>>>

/** What the data of a type of action are. */
export type DataOf<Definitions, Type extends keyof Definitions> =
  Definitions[Type] extends ActionDefinition<infer A, unknown> ? A : never

/** What a type of action gives. */
export type ResultOf<Definitions, Type extends keyof Definitions> =
  Definitions[Type] extends ActionDefinition<infer _A, infer R> ? R : never

/** Any action of a collection: its type, and its data. */
export type ActionOf<Definitions> = {
  readonly [Type in keyof Definitions]: { readonly type: Type; readonly data: DataOf<Definitions, Type> }
}[keyof Definitions]

/** Defines a type of action, by the schema of its data and what it does. */
export const define = <A, I, R>(data: Schema.Schema<A, I>, handler: Handler<A, R>): ActionDefinition<A, R> => ({
  ...ValueCodec.make(data),
  handle: handler
})

/** Called by a handler, ends the action: nothing of it stays, and `act` fails with `Invalid`. */
export const refuse = (reason: string): never => {
  throw new Invalid({ reason })
}

/** The actions of a collection of this name. */
export const actionsOf = <Definitions extends ActionDefinitions>(
  name: string,
  definitions: Definitions,
  filterConflict: ConflictFilter<ActionOf<Definitions>> | undefined
): Actions<ActionOf<Definitions>> => {
  type Any = ActionOf<Definitions>

  const definitionOf = (type: PropertyKey) =>
    Object.hasOwn(definitions, type) ? definitions[type as keyof Definitions] : undefined

  const unfit = (type: PropertyKey, reason: string) => new DecodeError({ collection: name, key: type, reason })

  const decode = ({ data, type }: Action): Either.Either<ReadonlyArray<Any>, DecodeError> =>
    Either.mapBoth(definitionOf(type)?.decode(data) ?? Either.left("there is no such type of action"), {
      onLeft: (reason) => unfit(type, reason),
      onRight: (decoded) => [{ data: decoded, type } as Any]
    })

  const encode = ({ data, type }: Any): Either.Either<Action, DecodeError | LimitExceeded> =>
    Either.flatMap(
      Either.mapLeft(definitionOf(type)?.encode(data) ?? Either.left("there is no such type of action"), (reason) =>
        unfit(type, reason)
      ),
      (encoded) => {
        const actual = sizeBytes(encoded)
        return actual <= MAX_ENTRY_BYTES
          ? Either.right({ data: encoded, type: type as string })
          : Either.left(new LimitExceeded({ actual, limit: MAX_ENTRY_BYTES, what: "the size of the action in bytes" }))
      }
    )

  return {
    decode,
    encode,
    filterConflict,
    name,
    // From the data as the log keeps them, so that it is the same each time.
    perform: (store, { root }, action) => {
      const [decoded] = Either.getOrThrowWith(decode(action), ({ message }) => new Invalid({ reason: message }))
      const { data, type } = decoded!
      return { actions: [action], result: definitions[type]!.handle(store, root!, data) }
    }
  }
}
