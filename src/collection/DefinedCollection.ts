/** Open collections whose actions are defined by schemas and handlers. */
import * as Effect from "effect/Effect"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import type { Actions } from "./Actions.ts"
import { type Chronicle, make as makeChronicle } from "./Chronicle.ts"
import type { CollectionError, OpenCollection, Read } from "./Collection.ts"
import * as LocalSnapshot from "./LocalSnapshot.ts"
import type { Snapshot } from "./Snapshot.ts"
import type { ActionDefinitions, ActionOf, DataOf, ResultOf } from "./UserAction.ts"

/** Does one action, whole or not at all, and gives what its handler gives. */
export type Act<Definitions> = <Type extends keyof Definitions>(action: {
  readonly type: Type
  readonly data: DataOf<Definitions, Type>
}) => Effect.Effect<ResultOf<Definitions, Type>, CollectionError>

/** Reads blocks, all of one state: a plain procedure, which may be run more than once. */
export type ReadBlocks = <A>(procedure: (reader: BlockReader, root: BlockId) => A) => Effect.Effect<A, CollectionError>

/** Reads of one state of a collection. */
export interface DefinedView {
  readonly read: ReadBlocks
}

/**
 * An open collection. Each call is part of the transaction that its fiber is in, or else a transaction of its own. `verify`
 * knows no rules for its blocks, beside those of every block.
 */
export interface DefinedCollection<Definitions extends ActionDefinitions>
  extends DefinedView,
    Chronicle<ActionOf<Definitions>, DefinedView> {
  readonly name: string
  readonly act: Act<Definitions>
  /** The latest committed state, to read from without asking again, and to act on before others see it. */
  readonly snapshot: Effect.Effect<DefinedSnapshot<Definitions>, CollectionError>
}

/** A collection as it was at one revision, and what was done to this snapshot of it since. */
export interface DefinedSnapshot<Definitions> extends Snapshot<ActionOf<Definitions>> {
  /** Does an action here, not yet for others. Ids of blocks that it makes are not those that others will see. */
  readonly act: Act<Definitions>
  readonly read: ReadBlocks
}

/** Acts on a collection: in the transaction of the present fiber, or in one of its own. */
export const actOn = <Definitions extends ActionDefinitions>(
  collection: OpenCollection,
  actions: Actions<ActionOf<Definitions>>
): Act<Definitions> => {
  const act = (action: ActionOf<Definitions>) =>
    Effect.flatMap(
      Effect.suspend(() => actions.encode(action)),
      (logged) => collection.write((store, header) => actions.perform(store, header, logged))
    )
  return act as Act<Definitions>
}

/** Acts on a local snapshot. */
export const actHere = <Definitions extends ActionDefinitions>(
  local: LocalSnapshot.LocalSnapshot<ActionOf<Definitions>>
): Act<Definitions> => {
  const act = (action: ActionOf<Definitions>) => Effect.map(local.act([action]), ([result]) => result)
  return act as Act<Definitions>
}

/** Makes an open collection of these actions. */
export const make = <Definitions extends ActionDefinitions>(
  actions: Actions<ActionOf<Definitions>>,
  collection: OpenCollection
): DefinedCollection<Definitions> => ({
  ...makeChronicle(collection, { decode: actions.decode, view: (read) => ({ read: readBlocks(read) }) }),
  act: actOn(collection, actions),
  name: actions.name,
  read: readBlocks(collection.read),
  snapshot: Effect.map(LocalSnapshot.make(collection, actions), (local) =>
    LocalSnapshot.publicOf(local, { act: actHere<Definitions>(local), read: readBlocks(local.read) })
  )
})

const readBlocks =
  (read: Read): ReadBlocks =>
  (procedure) =>
    read((reader, { root }) => procedure(reader, root!))
