/** The list of a network's collections, as a client has it: from those who keep them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { StorageUnavailable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { type ListingAnswer, MAX_COLLECTIONS_TOLD } from "../../schemas/Listing.ts"
import { Directory } from "../../services/Directory.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { Transactor, type TransactorService } from "../../services/Transactor.ts"
import { mergeListings } from "../../src/cluster/mergeListings.ts"
import { listingProtocol } from "../../src/cluster/protocols.ts"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import { answerWithin } from "./answerWithin.ts"
import type { ClusterConstants } from "./ClusterConstants.ts"
import { type DrivePolicy, defaultDrivePolicy } from "./DrivePolicy.ts"

/** A network, and how long the answer of a peer is waited for. */
export interface NetworkListingOptions extends Pick<ClusterConstants, "clusterSize" | "faultModel"> {
  readonly policy?: Partial<Pick<DrivePolicy, "answerMillis">>
}

/** Peers that are asked at once. */
const CONCURRENCY = 32

const nobody = new StorageUnavailable({ operation: "list the collections", reason: "no peer of the network answers" })

const make = Effect.fnUntraced(function* ({
  clusterSize,
  faultModel,
  policy
}: NetworkListingOptions): Effect.fn.Return<TransactorService, never, Directory | PeerNetwork | Transactor> {
  const directory = yield* Directory
  const network = yield* PeerNetwork
  const transactor = yield* Transactor
  const { answerMillis } = { ...defaultDrivePolicy, ...policy }
  const { liars } = quorumsOf(clusterSize, faultModel)

  const collections: TransactorService["collections"] = ({ after, limit }) => {
    const question = { limit: Math.min(limit, MAX_COLLECTIONS_TOLD), ...(after !== undefined && { after }) }
    const ask = (peer: PeerId): Effect.Effect<ReadonlyArray<ListingAnswer>> =>
      answerWithin(answerMillis, peer, network.ask(listingProtocol, peer, question)).pipe(
        Effect.map((answer) => [answer]),
        Effect.orElseSucceed(() => [])
      )
    return Effect.suspend(() => {
      const peers = directory.known().flatMap(({ isReachable, record }) => (isReachable ? [record.peer] : []))
      return Effect.flatMap(Effect.forEach(peers, ask, { concurrency: CONCURRENCY }), (told) => {
        const heard = told.flat()
        return heard.length === 0 ? nobody : Effect.succeed(mergeListings(after, heard, liars))
      })
    })
  }
  return { ...transactor, collections }
})

/** A transactor that lists what its network has, in place of what is kept here. */
export const layer = (
  options: NetworkListingOptions
): Layer.Layer<Transactor, never, Directory | PeerNetwork | Transactor> => Layer.effect(Transactor, make(options))
