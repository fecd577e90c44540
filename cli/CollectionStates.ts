/** The collections that a store holds, found by their headers, without a node that could write. */
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as NodeCrypto from "../layers/crypto/NodeCrypto.ts"
import { STORE_DIRECTORY } from "../layers/Node.ts"
import * as LevelStorage from "../layers/storage/LevelStorage.ts"
import type { CollectionBlock, LogBlock } from "../schemas/BlockTypes.ts"
import { CollectionNotFound } from "../schemas/Errors.ts"
import type { BlockId, CollectionId } from "../schemas/Ids.ts"
import { Hasher, type HasherService } from "../services/Hasher.ts"
import { RawStorage, type RawStorageService } from "../services/RawStorage.ts"
import type { ReadError } from "../services/StorageRepo.ts"
import { Verifier, type VerifierService } from "../services/Verifier.ts"
import { collectionId } from "../src/encoding/BlockIds.ts"
import { totals } from "../src/log/LogBlock.ts"
import * as BlockStorage from "../src/storage/BlockStorage.ts"

/** A store to look into. */
export interface Store {
  readonly blocks: BlockStorage.BlockStorage
  readonly hasher: HasherService
  readonly raw: RawStorageService
  readonly verifier: VerifierService
}

/** The store of a node's directory, as long as the scope. */
export const openStore = (directory: string) =>
  Layer.build(
    Layer.mergeAll(
      LevelStorage.layer({ directory: `${directory}/${STORE_DIRECTORY}` }),
      NodeCrypto.layerHasher,
      NodeCrypto.layerVerifier
    )
  ).pipe(
    Effect.map((services): Store => {
      const [hasher, raw] = [Context.get(services, Hasher), Context.get(services, RawStorage)]
      const verifier = Context.get(services, Verifier)
      return { blocks: BlockStorage.make(raw, hasher, BlockStorage.noRestorer), hasher, raw, verifier }
    })
  )

/** A collection as it is now: its header, its revision, and how many entries it has, where its log tells. */
export interface CollectionState {
  readonly entries: number | undefined
  readonly header: CollectionBlock
  readonly id: CollectionId
  readonly rev: number
}

const stateOf = Effect.fnUntraced(function* ({ blocks }: Store, id: CollectionId) {
  const header = (yield* blocks.state(id))?.block as CollectionBlock | undefined
  if (header === undefined) return Option.none<CollectionState>()
  const tail = (yield* blocks.state(header.log.tail))?.block as LogBlock | undefined
  const end = tail === undefined ? undefined : totals(tail)
  const entries = header.kind === "diary" ? end?.actions : undefined
  return Option.some<CollectionState>({ entries, header, id, rev: end?.rev ?? 0 })
})

/** Characters of an id that its place decides alone: the blocks of a collection share them. */
const PLACE_CHARACTERS = 25
/** Characters of the longest id, and the highest of them. */
const ID_CHARACTERS = 58
const HIGHEST = "z"

/** What the ids of a collection's blocks begin with. */
export const placeOf = (id: string): string => id.slice(0, PLACE_CHARACTERS)

/** The collections of a store, in the order of their ids: one step for each, whatever its size. */
export const collectionStates = (store: Store): Stream.Stream<CollectionState, ReadError> => {
  const step = Effect.fnUntraced(function* (after: string | undefined) {
    const [block] = yield* store.raw.blocks("block", { limit: 1, ...(after !== undefined && { after }) })
    if (block === undefined) return [Chunk.empty<CollectionState>(), Option.none<string>()] as const
    const id = (yield* store.blocks.state(block as BlockId))?.collection
    // Blocks that live elsewhere lead to their collection, too; it is listed at its own place.
    const isHere = id !== undefined && placeOf(id) === placeOf(block)
    const state = isHere ? yield* stateOf(store, id) : Option.none<CollectionState>()
    return [
      Chunk.fromIterable(Option.toArray(state)),
      Option.some(placeOf(block).padEnd(ID_CHARACTERS, HIGHEST))
    ] as const
  })
  return Stream.paginateChunkEffect(undefined as string | undefined, step)
}

/** The collection of a name. */
export const collectionState = (
  store: Store,
  name: string
): Effect.Effect<CollectionState, ReadError | CollectionNotFound> =>
  Effect.flatMap(stateOf(store, collectionId(store.hasher, name)), (found) =>
    Effect.mapError(found, () => new CollectionNotFound({ name }))
  )
