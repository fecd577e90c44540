import * as Layer from "effect/Layer"
import type { ClusterIndex } from "../../services/ClusterIndex.ts"
import type { Directory } from "../../services/Directory.ts"
import type { Entropy } from "../../services/Entropy.ts"
import type { Hasher } from "../../services/Hasher.ts"
import type { KeyNetwork } from "../../services/KeyNetwork.ts"
import type { PeerNetwork } from "../../services/PeerNetwork.ts"
import type { Signer } from "../../services/Signer.ts"
import type { Transactor } from "../../services/Transactor.ts"
import type { Verifier } from "../../services/Verifier.ts"
import * as Database from "../../src/transaction/Database.ts"
import * as SignatureMemory from "../crypto/SignatureMemory.ts"
import * as ClusterClient from "./ClusterClient.ts"
import * as ClusterIndexLayer from "./ClusterIndex.ts"
import type { ClusterNodeOptions } from "./ClusterNode.ts"
import * as KeepsNothing from "./KeepsNothing.ts"
import * as NetworkListing from "./NetworkListing.ts"
import * as NetworkTransactor from "./NetworkTransactor.ts"

/** A client of a network: what all nodes agree on, and how patient it is. */
export type ClientNodeOptions = Omit<ClusterNodeOptions, "member" | "storage">

/**
 * The database of a client: it drives transactions over the clusters of others and reads from them, keeps no blocks, answers nobody,
 * and is a member of nothing.
 */
export const layer = ({
  patience,
  transactions,
  ...network
}: ClientNodeOptions): Layer.Layer<
  Database.Database | Transactor | ClusterIndex,
  never,
  Directory | KeyNetwork | PeerNetwork | Signer | Verifier | Hasher | Entropy
> => {
  const patient = { ...network, ...(patience !== undefined && { policy: patience }) }
  return Database.layer(transactions).pipe(
    Layer.provideMerge(NetworkListing.layer(patient)),
    Layer.provide(NetworkTransactor.layer(patient)),
    Layer.provide(ClusterClient.layer),
    Layer.provideMerge(ClusterIndexLayer.layer(patient)),
    Layer.provide(KeepsNothing.layer),
    // One and the same signature comes with votes, certificates and proofs.
    Layer.provide(SignatureMemory.layer())
  )
}
