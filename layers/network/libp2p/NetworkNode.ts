/** A whole node of a network, put together. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Invalid, OpenError } from "../../../schemas/Errors.ts"
import type { ClusterIndex } from "../../../services/ClusterIndex.ts"
import type { ClusterMember } from "../../../services/ClusterMember.ts"
import type { Directory } from "../../../services/Directory.ts"
import type { Discovery } from "../../../services/Discovery.ts"
import type { PeerNetwork } from "../../../services/PeerNetwork.ts"
import { RawStorage } from "../../../services/RawStorage.ts"
import type { TooFewFounders } from "../../cluster/Activation.ts"
import * as ClusterNode from "../../cluster/ClusterNode.ts"
import * as DirectoryNode from "../../cluster/DirectoryNode.ts"
import type { IdentityError } from "../../crypto/Identity.ts"
import * as NodeEntropy from "../../crypto/NodeEntropy.ts"
import * as SodiumCrypto from "../../crypto/SodiumCrypto.ts"
import * as DirectoryLayer from "../../directory/Directory.ts"
import type { MonitorUnavailable } from "../../monitor/MonitorUnavailable.ts"
import { type CheckedNodeOptions, checked, type NetworkNodeOptions } from "../../NetworkNodeOptions.ts"
import type { NodeServices } from "../../Node.ts"
import { identityIn, keyFileIn, networkOf, storageOf } from "../../NodeDirectory.ts"
import * as NodeHostTurn from "../../NodeHostTurn.ts"
import * as Roster from "../Roster.ts"
import type { HostUnavailable } from "./HostUnavailable.ts"
import * as Transport from "./Transport.ts"

/** What a node of a network offers to a program. */
export type NetworkNodeServices = NodeServices | ClusterIndex | ClusterMember | Directory | Discovery | PeerNetwork

/** What starting one may fail with. */
export type NetworkNodeError =
  | OpenError
  | IdentityError
  | Invalid
  | HostUnavailable
  | MonitorUnavailable
  | TooFewFounders

/** What a node does for its network, on a store and a transport. */
const clusterOf = (
  { allow, duties, policy = {}, role = "transaction" }: NetworkNodeOptions,
  { clusterSize, faultModel, founders, network, roster, wire }: CheckedNodeOptions
) => {
  const { activation, directory: directoryPolicy, member, patience, storage, transactions } = policy
  const node: ClusterNode.ClusterNodeOptions = {
    clusterSize,
    faultModel,
    network,
    ...(member !== undefined && { member }),
    ...(patience !== undefined && { patience }),
    ...(storage !== undefined && { storage }),
    ...(transactions !== undefined && { transactions })
  }
  const directory: DirectoryNode.DirectoryNodeOptions["directory"] = {
    role,
    ...(allow !== undefined && wire.allow !== undefined && { allow: wire.allow }),
    ...(duties !== undefined && { duties }),
    ...(directoryPolicy !== undefined && { policy: directoryPolicy })
  }
  if (roster === undefined) {
    return DirectoryNode.layer({ ...node, directory, founders, ...(activation !== undefined && { activation }) })
  }
  // With a roster the directory says where peers are, and whether they answer; not who is a member.
  return ClusterNode.layer(node).pipe(
    Layer.provide(Roster.layer(roster)),
    Layer.provideMerge(DirectoryLayer.layer({ ...directory, active: true, network }))
  )
}

/** A node of a network. As its scope closes it answers nobody any more, hangs up, and then closes its store. */
export const layer = (options: NetworkNodeOptions): Layer.Layer<NetworkNodeServices, NetworkNodeError> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { directory, identityFile = keyFileIn(directory) } = options
      const node = yield* checked(options)
      const store = yield* storageOf(options)
      const identity = options.identity ?? (yield* identityIn(identityFile))
      const storeOfNetwork = Layer.effectDiscard(
        Effect.flatMap(RawStorage, (raw) => networkOf(raw, directory, node.network))
      ).pipe(Layer.provideMerge(store))
      const whole = clusterOf(options, node).pipe(
        Layer.provideMerge(Transport.layer(identity, node.wire)),
        Layer.provide(NodeHostTurn.layer),
        Layer.provide(storeOfNetwork),
        Layer.provideMerge(SodiumCrypto.layerOnceBusy(identity))
      )
      if (options.monitor === undefined) return whole
      // Who has no monitor does not load what it is made of.
      const Monitor = yield* Effect.promise(() => import("../../monitor/Monitor.ts"))
      return Monitor.around(options.monitor, node.clusterSize, whole)
    })
  ).pipe(Layer.provideMerge(NodeEntropy.layer))
