/** What a program with one node, the real product, answers about it, and how it starts it. */
import type * as Rpc from "@effect/rpc/Rpc"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type { ParseError } from "effect/ParseResult"
import * as Stream from "effect/Stream"
import { Collections, Database, Node } from "effect-optimystic"
import { LocalTransactor } from "effect-optimystic/layers"
import { Discovery, Signer, Transactor } from "effect-optimystic/services"
import { failedBy, type NodeRpc, NodeRpcs, type Usage } from "./NodeRpcs.ts"
import { nodeLayer, settingsOfProcess } from "./NodeSettings.ts"

const MICROS_PER_MILLI = 1_000

/** How a counter of the process stands, in one direction. */
const sentOf = (name: string): number =>
  Metric.unsafeSnapshot()
    .filter(({ metricKey }) => metricKey.name === name && metricKey.tags.some(({ value }) => value === "sent"))
    .reduce((total, { metricState }) => total + Number((metricState as { readonly count?: number | bigint }).count), 0)

const usage = (): Usage => {
  const { system, user } = process.cpuUsage()
  return {
    cpuMillis: (system + user) / MICROS_PER_MILLI,
    rssBytes: process.memoryUsage.rss(),
    sentBytes: sentOf("optimystic_wire_bytes_total"),
    sentMessages: sentOf("optimystic_wire_messages_total")
  }
}

/** Runs a program on the store of this node alone: no other node is asked. */
export const onOwnStore = <A, E>(program: Effect.Effect<A, E, Database>) =>
  Effect.gen(function* () {
    const { faultModel, network } = yield* Transactor
    const own = yield* Effect.provide(Transactor, LocalTransactor.layer(network))
    return yield* Effect.updateService(program, Database, (database) => ({
      ...database,
      transactor: { ...own, faultModel }
    }))
  })

const kept = onOwnStore(Stream.runCollect(Collections.list)).pipe(
  Effect.map((found) => Chunk.toReadonlyArray(found).map(({ name, rev }) => ({ name, rev }))),
  Effect.mapError(failedBy)
)

/** Answers what every node is asked, of the node of this process. */
export const nodeHandlers: Layer.Layer<Rpc.ToHandler<NodeRpc>, ParseError, Node.NetworkNodeServices> = NodeRpcs.toLayer(
  Effect.map(settingsOfProcess, ({ clusterSize }) => ({
    Kept: () => kept,
    Ready: () => Node.ready(clusterSize),
    Started: () =>
      Effect.gen(function* () {
        const { addresses } = yield* Discovery
        return { addresses: yield* addresses, peer: (yield* Signer).peer }
      }),
    Usage: () => Effect.sync(usage)
  }))
)

/** The node of a process, `node program.js SETTINGS`. */
export const nodeOfProcess: Layer.Layer<Node.NetworkNodeServices, Node.NetworkNodeError | ParseError> =
  Layer.unwrapEffect(Effect.map(settingsOfProcess, nodeLayer))
