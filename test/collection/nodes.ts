/** The nodes that collections are tested on. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Node } from "effect-optimystic"
import { temporaryDirectory } from "../storage/temporaryDirectory.ts"

const onLevel = (policy: Partial<Node.NodePolicy>) =>
  Layer.unwrapScoped(Effect.map(temporaryDirectory, (directory) => Node.layerLocal({ directory, policy })))

/** With next to no cache, so that blocks are read from where they are kept. */
const UNCACHED: Partial<Node.NodePolicy> = {
  storage: { cacheBytes: 0 },
  transactions: { cacheBytes: 0, pastCacheBytes: 0 }
}

/** Nodes by name: each provision is a new database. */
export const nodes = {
  level: onLevel({}),
  "level without caches": onLevel(UNCACHED),
  memory: Node.layerLocal(),
  "memory without caches": Node.layerLocal({ policy: UNCACHED })
}
