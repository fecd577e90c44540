import * as Effect from "effect/Effect"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { treeStructure } from "../btree/verifyTreePage.ts"
import { chainStructure } from "../chain/verifyChainPage.ts"
import type { CollectionError, OpenCollection } from "../collection/Collection.ts"
import { named } from "../collection/KeyOrder.ts"
import { type VerifyOptions, type VerifyReport, verifyCollection } from "./verifyCollection.ts"

/** What the check of a collection of any kind found. */
export interface CollectionReport extends VerifyReport {
  readonly name: string
  readonly kind: string
  /** Why the data structure was not checked; undefined where it was, or where there is none beside the log. */
  readonly unchecked: string | undefined
}

type Check = Effect.Effect<VerifyReport, CollectionError>

/** The check that a header asks for, and why it is without that of the data structure, where it is. */
const checkOf = (
  collection: OpenCollection,
  { keyOrder, kind }: CollectionBlock,
  options: VerifyOptions
): readonly [check: Check, unchecked?: string] => {
  switch (kind) {
    case "diary":
      return [verifyCollection(collection, undefined, options)]
    case "chain":
      return [verifyCollection(collection, chainStructure, options)]
    case "tree": {
      const order = named(`${keyOrder}`)
      return order === undefined
        ? [verifyCollection(collection, undefined, options), `the order of its keys, ${keyOrder}, is a program's own`]
        : [verifyCollection(collection, treeStructure(order.compare), options)]
    }
    default:
      return [verifyCollection(collection, undefined, options), `its kind, ${kind}, is a program's own`]
  }
}

/** Checks a collection, knowing of it only what its header says. */
export const verifyByHeader = (
  collection: OpenCollection,
  header: CollectionBlock,
  options: VerifyOptions = {}
): Effect.Effect<CollectionReport, CollectionError> => {
  const [check, unchecked] = checkOf(collection, header, options)
  return Effect.map(check, (report) => ({ ...report, kind: header.kind, name: header.name, unchecked }))
}
