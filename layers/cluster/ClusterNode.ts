import * as Layer from "effect/Layer"
import type { StorageError } from "../../schemas/Errors.ts"
import type { ClusterIndex } from "../../services/ClusterIndex.ts"
import type { ClusterMember } from "../../services/ClusterMember.ts"
import type { Entropy } from "../../services/Entropy.ts"
import type { Hasher } from "../../services/Hasher.ts"
import type { KeyNetwork } from "../../services/KeyNetwork.ts"
import type { PeerNetwork } from "../../services/PeerNetwork.ts"
import type { RawStorage } from "../../services/RawStorage.ts"
import { Restorer } from "../../services/Restorer.ts"
import type { Signer } from "../../services/Signer.ts"
import type { StorageRepo } from "../../services/StorageRepo.ts"
import type { Transactor } from "../../services/Transactor.ts"
import type { Verifier } from "../../services/Verifier.ts"
import { noRestorer } from "../../src/storage/BlockStorage.ts"
import * as Database from "../../src/transaction/Database.ts"
import * as SignatureMemory from "../crypto/SignatureMemory.ts"
import * as RepoWriter from "../repo/RepoWriter.ts"
import * as StorageRepoLayer from "../repo/StorageRepo.ts"
import * as CatchUp from "./CatchUp.ts"
import * as ClusterClient from "./ClusterClient.ts"
import * as ClusterIndexLayer from "./ClusterIndex.ts"
import * as ClusterMemberLayer from "./ClusterMember.ts"
import * as ClusterService from "./ClusterService.ts"
import * as CoordinatorRepo from "./CoordinatorRepo.ts"
import { defaultDrivePolicy } from "./DrivePolicy.ts"
import * as Forgetting from "./Forgetting.ts"
import * as ListingService from "./ListingService.ts"
import * as NetworkTransactor from "./NetworkTransactor.ts"
import * as Newcomers from "./Newcomers.ts"
import * as RepoService from "./RepoService.ts"

/** A node of a network: what all nodes agree on, how much it takes on, and how patient it is. */
export interface ClusterNodeOptions extends Omit<NetworkTransactor.NetworkTransactorOptions, "policy"> {
  readonly member?: ClusterMemberLayer.ClusterMemberOptions["policy"]
  readonly newcomers?: Partial<Newcomers.NewcomersOptions>
  readonly patience?: NetworkTransactor.NetworkTransactorOptions["policy"]
  readonly storage?: Partial<RepoWriter.RepoWriterOptions>
  readonly transactions?: Partial<Database.TransactionPolicy>
}

/**
 * The database of a node that keeps blocks for its network, answers its peers, catches up by itself, and drives transactions of its own: on
 * any store, any transport, and any way to know who is close to a key.
 */
export const layer = ({
  member,
  newcomers,
  patience,
  storage,
  transactions,
  ...network
}: ClusterNodeOptions): Layer.Layer<
  Database.Database | Transactor | ClusterIndex | ClusterMember | Newcomers.Newcomers | StorageRepo,
  StorageError,
  RawStorage | KeyNetwork | PeerNetwork | Signer | Verifier | Hasher | Entropy
> =>
  Layer.mergeAll(
    Database.layer(transactions),
    ClusterService.layer,
    RepoService.layer(network),
    ListingService.layer,
    CatchUp.layer({ ...defaultDrivePolicy, ...patience, ...network }),
    Forgetting.layer({ ...defaultDrivePolicy, ...patience })
  ).pipe(
    Layer.provideMerge(NetworkTransactor.layer({ ...network, ...(patience !== undefined && { policy: patience }) })),
    Layer.provide(ClusterClient.layer),
    Layer.provide(CoordinatorRepo.layer(patience)),
    Layer.provideMerge(ClusterMemberLayer.layer({ ...network, ...(member !== undefined && { policy: member }) })),
    Layer.provideMerge(Newcomers.layer(newcomers)),
    Layer.provideMerge(ClusterIndexLayer.layer({ ...network, ...(patience !== undefined && { policy: patience }) })),
    Layer.provideMerge(StorageRepoLayer.layerOnWriter()),
    Layer.provide(RepoWriter.layer(storage)),
    Layer.provide(Layer.succeed(Restorer, noRestorer)),
    // One and the same signature comes with votes, certificates and proofs.
    Layer.provide(SignatureMemory.layer())
  )
