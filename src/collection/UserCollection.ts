/**
 * Collections that programs define: actions of their own, typed by schemas, and what these do to blocks.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { USER_PREFIX, UserName } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockStore } from "../block/BlockStore.ts"
import type { Database } from "../transaction/Database.ts"
import * as Collection from "./Collection.ts"
import type { ConflictFilter } from "./ConflictFilter.ts"
import { type DefinedCollection, make } from "./DefinedCollection.ts"
import { type ActionDefinitions, type ActionOf, actionsOf } from "./UserAction.ts"

export type { BlockReader, BlockStore } from "../block/BlockStore.ts"
export type { ConflictFilter } from "./ConflictFilter.ts"
export type {
  Act,
  DefinedCollection as OpenCollection,
  DefinedSnapshot as CollectionSnapshot,
  DefinedView as CollectionView,
  ReadBlocks
} from "./DefinedCollection.ts"
export { ActionRefused, type Snapshot, type UpdateError } from "./Snapshot.ts"
export {
  type ActionDefinition,
  type ActionDefinitions,
  type ActionOf,
  type DataOf,
  define as action,
  type Handler,
  type ResultOf,
  refuse
} from "./UserAction.ts"

/** How a collection is defined. */
export interface CollectionOptions<Definitions extends ActionDefinitions> {
  /** What it is opened as, for ever: `counter`, `work-queue`. Up to 27 of a-z, 0-9 and -. */
  readonly kind: string
  /** Makes the first block of a collection, from which all others are found. */
  readonly create: (store: BlockStore) => BlockId
  /** Its types of actions. What the log keeps of them stays: a name or a schema is changed only so that old data fit. */
  readonly actions: Definitions
  /** What becomes of the pending actions of a local snapshot where others were first. By default they stay. */
  readonly filterConflict?: ConflictFilter<ActionOf<NoInfer<Definitions>>>
}

/** What a collection is: its name and kind, the block that it begins with, and its actions. */
export interface CollectionDefinition<Definitions extends ActionDefinitions> extends CollectionOptions<Definitions> {
  readonly name: string
}

const isKind = Schema.is(UserName)

/** Defines a collection, to be opened in any database. A kind that cannot be one is a `TypeError`. */
export const define = <Definitions extends ActionDefinitions>(
  name: string,
  options: CollectionOptions<Definitions>
): CollectionDefinition<Definitions> => {
  if (isKind(options.kind)) return { ...options, name }
  throw new TypeError(`${JSON.stringify(options.kind)} is no kind of collection: use a-z, 0-9 and -, 27 at most`)
}

const shapeOf = <Definitions extends ActionDefinitions>({
  create,
  kind,
  name
}: CollectionDefinition<Definitions>): Collection.CollectionShape => ({
  createRoot: create,
  // Apart from all kinds of this package, also those to come.
  kind: `${USER_PREFIX}${kind}`,
  name,
  // Who keeps a block that lives apart only a tree can tell: in its branches.
  placement: "together"
})

/** Opens a collection that exists. */
export const open = <Definitions extends ActionDefinitions>(
  definition: CollectionDefinition<Definitions>
): Effect.Effect<DefinedCollection<Definitions>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.open(shapeOf(definition)), (collection) => opened(definition, collection))

/** Opens a collection, and creates it where it does not exist. */
export const openOrCreate = <Definitions extends ActionDefinitions>(
  definition: CollectionDefinition<Definitions>
): Effect.Effect<DefinedCollection<Definitions>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.openOrCreate(shapeOf(definition)), (collection) => opened(definition, collection))

const opened = <Definitions extends ActionDefinitions>(
  { actions, filterConflict, name }: CollectionDefinition<Definitions>,
  collection: Collection.OpenCollection
): DefinedCollection<Definitions> => make(actionsOf(name, actions, filterConflict), collection)
