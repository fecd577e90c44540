/** A client of a network as commands use it: loaded only when one does. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Node from "../layers/Node.ts"
import type { NetworkPlace } from "./place.ts"

/** A client. What it meets on its way to its network is told by how it ends, not by its log. */
export const clientOf = (
  { bootstrap, clusterSize, faultModel, identityFile, network }: NetworkPlace,
  policy: Partial<Node.NetworkClientPolicy> = {}
): Layer.Layer<Node.NetworkClientServices, Node.NetworkClientError> =>
  Node.layerClient({
    bootstrap,
    network,
    policy,
    ...(clusterSize !== undefined && { clusterSize }),
    ...(faultModel !== undefined && { faultModel }),
    ...(identityFile !== undefined && { identityFile })
  }).pipe(Layer.provide(Logger.minimumLogLevel(LogLevel.Error)))
