import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Busy } from "../../schemas/Errors.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import { listingProtocol } from "../../src/cluster/protocols.ts"

/** Tells clients which collections this node keeps blocks of. */
export const layer: Layer.Layer<never, never, PeerNetwork | StorageRepo> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const network = yield* PeerNetwork
    const repo = yield* StorageRepo
    yield* network.serve(listingProtocol, (_from, listing) =>
      Effect.catchAll(repo.collections(listing), (error) =>
        Effect.zipRight(
          Effect.logWarning("A client was not told which collections are kept here", error.message),
          Effect.fail(new Busy({ what: "the repository" }))
        )
      )
    )
  })
)
