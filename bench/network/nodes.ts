/** Several nodes of a network in a process of their own, in memory, started as they are asked for. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { KeyNetwork as KeyNetworkLayer } from "effect-optimystic/layers"
import type { PeerId } from "effect-optimystic/schemas"
import { Directory, Discovery, Hasher, KeyNetwork, Signer } from "effect-optimystic/services"
import { failedBy } from "../processes/NodeRpcs.ts"
import { type NodeSettings, nodeLayer } from "../processes/NodeSettings.ts"
import { serve } from "../processes/serve.ts"
import { digestOf, keysOf } from "./keys.ts"
import { type NodeView, TownRpcs } from "./TownRpcs.ts"

const LOOK_MILLIS = 2

const layerOf = (settings: NodeSettings) => KeyNetworkLayer.layer.pipe(Layer.provideMerge(nodeLayer(settings)))

type Running = Context.Context<Layer.Layer.Success<ReturnType<typeof layerOf>>>

const startedOf = (node: Running) =>
  Effect.map(Context.get(node, Discovery).addresses, (addresses) => ({
    addresses,
    peer: Context.get(node, Signer).peer
  }))

const knows = (node: Running, peers: ReadonlyArray<PeerId>): boolean =>
  peers.every((peer) => Context.get(node, Directory).find(peer)?.record.active === true)

/** For each key a digest of who is closest to it. */
const closestTo = (node: Running, keys: number, count: number): ReadonlyArray<string> => {
  const hasher = Context.get(node, Hasher)
  const { closest } = Context.get(node, KeyNetwork)
  return keysOf(hasher, keys).map((key) => digestOf(hasher, closest(key, count)))
}

const viewOf = (node: Running): NodeView => {
  const known = Context.get(node, Directory).known()
  const idsOf = (some: typeof known) => some.map(({ record }) => record.peer)
  return {
    active: idsOf(known.filter(({ record }) => record.active)),
    known: idsOf(known),
    peer: Context.get(node, Signer).peer,
    unreachable: idsOf(known.filter(({ isReachable }) => !isReachable))
  }
}

const handlers = TownRpcs.toLayer(
  Effect.gen(function* () {
    const nodes: Array<Running> = []
    const scope = yield* Effect.scope
    return {
      Closest: ({ count, keys }) => Effect.sync(() => nodes.map((node) => closestTo(node, keys, count))),
      Know: ({ peers }) => {
        const allKnow = () => nodes.every((node) => knows(node, peers))
        return Effect.asVoid(Effect.repeat(Effect.sleep(LOOK_MILLIS), { until: allKnow }))
      },
      Known: () => Effect.sync(() => nodes.map(viewOf)),
      Start: ({ settings }) =>
        Layer.buildWithScope(layerOf(settings), scope).pipe(
          Effect.tap((node) => Effect.sync(() => nodes.push(node))),
          Effect.flatMap(startedOf),
          Effect.mapError(failedBy)
        )
    }
  })
)

serve(TownRpcs, handlers)
