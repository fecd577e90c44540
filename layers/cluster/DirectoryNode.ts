import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StorageError } from "../../schemas/Errors.ts"
import type { ClusterIndex } from "../../services/ClusterIndex.ts"
import type { ClusterMember } from "../../services/ClusterMember.ts"
import type { Directory } from "../../services/Directory.ts"
import type { Discovery } from "../../services/Discovery.ts"
import type { Entropy } from "../../services/Entropy.ts"
import type { Hasher } from "../../services/Hasher.ts"
import type { PeerNetwork } from "../../services/PeerNetwork.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import type { Signer } from "../../services/Signer.ts"
import type { StorageRepo } from "../../services/StorageRepo.ts"
import type { Transactor } from "../../services/Transactor.ts"
import type { Verifier } from "../../services/Verifier.ts"
import { defaultDirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import type { Database } from "../../src/transaction/Database.ts"
import * as DirectoryLayer from "../directory/Directory.ts"
import * as DirectoryKeys from "../directory/KeyNetwork.ts"
import * as RecalledPeers from "../directory/RecalledPeers.ts"
import * as Activation from "./Activation.ts"
import * as ActiveMark from "./ActiveMark.ts"
import * as ClusterNode from "./ClusterNode.ts"

/** A node of a network that grows: what it does as a member, how it knows the others, and when it is active. */
export interface DirectoryNodeOptions extends Omit<ClusterNode.ClusterNodeOptions, "newcomers"> {
  readonly directory: Omit<DirectoryLayer.DirectoryOptions, "active" | "network">
  readonly founders: Activation.ActivationOptions["founders"]
  readonly activation?: Partial<Activation.ActivationPolicy>
}

/** A node among peers that its directory knows: without a roster, active once it has its part of the cluster index. */
export const layer = ({
  activation,
  directory,
  founders,
  ...node
}: DirectoryNodeOptions): Layer.Layer<
  ClusterIndex | ClusterMember | Database | Directory | StorageRepo | Transactor,
  StorageError | Activation.TooFewFounders,
  Discovery | Entropy | Hasher | PeerNetwork | RawStorage | Signer | Verifier
> =>
  Activation.layer({ ...node, founders, policy: { ...node.patience, ...activation } }).pipe(
    Layer.provideMerge(ClusterNode.layer({ ...node, newcomers: { ...activation, hasCaughtUp: false } })),
    Layer.provide(DirectoryKeys.layer),
    Layer.provideMerge(directoryOf({ ...directory, network: node.network }))
  )

/** Half of the time for which others count a node that is away: whoever was away for longer begins as a newcomer. */
const FRESH_SHARE = 0.5

/** The directory of a node that knows whom it knew, and is active from the start if it has been of late. */
const directoryOf = (options: Omit<DirectoryLayer.DirectoryOptions, "active">) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { lifetimeMillis } = { ...defaultDirectoryPolicy, ...options.policy }
      const active = yield* ActiveMark.isFresh(yield* RawStorage, lifetimeMillis * FRESH_SHARE)
      const recalled = yield* RecalledPeers.recalled(yield* RawStorage)
      return Layer.provideMerge(RecalledPeers.layer, DirectoryLayer.layer({ ...options, active, recalled }))
    })
  )
