/** The actions of a kind of collection: as a program has them, as the log keeps them, and what they do to blocks. */
import type * as Either from "effect/Either"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import type { Action } from "../../schemas/Collection.ts"
import type { DecodeError, Invalid, LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockStore } from "../block/BlockStore.ts"
import type { Written } from "./Collection.ts"
import type { ConflictFilter } from "./ConflictFilter.ts"

/** What an action that cannot be kept fails with. */
export type EncodeActionError = DecodeError | LimitExceeded | Invalid

/** The actions of one collection, by which what was done to one state of it can be done again to another. */
export interface Actions<A> {
  /** The name of the collection. */
  readonly name: string
  /** As the log keeps it. */
  readonly encode: (action: A) => Either.Either<Action, EncodeActionError>
  /** As the program has it. What came with others in one action of the log may be several. */
  readonly decode: (action: Action) => Either.Either<ReadonlyArray<A>, DecodeError>
  /** Does it to blocks, as a procedure. Gives what the log is to keep of it, which may be less: what had an effect. */
  readonly perform: (store: BlockStore, header: CollectionBlock, action: Action) => Written<unknown>
  /** What becomes of pending actions where others were first. Without one they stay as they are. */
  readonly filterConflict?: ConflictFilter<A> | undefined
}
