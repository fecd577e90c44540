import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ActionId, PeerId } from "../../schemas/Ids.ts"
import type { NetworkName } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { PendRequest, Refused } from "../../schemas/Repo.ts"
import { Hasher } from "../../services/Hasher.ts"
import { Signer } from "../../services/Signer.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import { type TransactAnswer, Transactor, type TransactorService } from "../../services/Transactor.ts"
import { Verifier } from "../../services/Verifier.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { isAuthored, signClaim } from "../../src/encoding/Statements.ts"

/**
 * A cluster of one (K = 1, crash): this node is the only member of every collection, its own approval is the decision
 * certificate. Ids, manifests, signatures and certificates are those of any other network.
 */
const make = Effect.fnUntraced(function* (network: NetworkName) {
  const repo = yield* StorageRepo
  const signer = yield* Signer
  const verifier = yield* Verifier
  const hasher = yield* Hasher
  const members: readonly [PeerId] = [signer.peer]

  const problem = (action: ActionId, { signed }: PendRequest): string | undefined => {
    const { manifest } = signed
    if (manifest.network !== network) return `the manifest is of network ${manifest.network}, not ${network}`
    if (manifest.shards.length !== 1 || manifest.shards[0].members.join() !== signer.peer) {
      return "this database has one member, this node; it joins a network by export and import"
    }
    return isAuthored(verifier, network, action, signed) ? undefined : "the author's signature does not verify"
  }

  const decide = (action: ActionId): Proof => ({
    decision: {
      ballot: null,
      kind: "approve",
      shard: 0,
      signatures: [signClaim(signer, network, { action, kind: "approve" })],
      value: null
    }
  })

  const service: TransactorService = {
    cancel: ({ actionId }) => repo.cancel(actionId),
    collections: repo.collections,
    faultModel: "crash",
    get: repo.get,
    membersFor: () => Effect.succeed(members),
    network,
    proof: repo.proof,
    revisions: repo.revisions,
    status: ({ actionId }) => repo.status(actionId),
    stored: repo.stored,
    transact: (request) =>
      Effect.suspend(() => {
        const action = actionId(hasher, request.signed.manifest)
        const reason = problem(action, request)
        if (reason !== undefined) return Effect.succeed<Refused>({ _tag: "Refused", actionId: action, reason })
        return Effect.flatMap(repo.pendAndCommit(request, decide), (answer) =>
          answer._tag === "Pended"
            ? Effect.dieMessage("a cluster of one decided, but did not commit")
            : Effect.succeed<TransactAnswer>(answer)
        )
      })
  }
  return service
})

/** The transactor of a database that is this node alone. */
export const layer = (network: NetworkName): Layer.Layer<Transactor, never, StorageRepo | Signer | Verifier | Hasher> =>
  Layer.effect(Transactor, make(network))
