import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { OutcomeUnknown } from "../../schemas/Errors.ts"
import type { ActionId, PeerId } from "../../schemas/Ids.ts"
import type { Manifest, NetworkName, TransactionRef } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { PendRequest, Refused } from "../../schemas/Repo.ts"
import { Hasher } from "../../services/Hasher.ts"
import { Signer } from "../../services/Signer.ts"
import { type ReadError, StorageRepo } from "../../services/StorageRepo.ts"
import {
  type TransactAnswer,
  type TransactError,
  Transactor,
  type TransactorService
} from "../../services/Transactor.ts"
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
      return (
        "it writes to a collection of which this node is not the only member: the database is of a network, or of another key " +
        "(identity.json) than this one; give that back, or export the data and import it elsewhere"
      )
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

  /** Transactions whose write failed, and may have landed: the store takes no more until it is opened again. */
  const undecided = new Map<ActionId, OutcomeUnknown>()

  const failure = (action: ActionId, { collections }: Manifest, error: ReadError): TransactError => {
    const home = collections[0]?.id
    if (error._tag !== "StorageUnavailable" || !error.mayHaveLanded || home === undefined) return error
    const unknown = new OutcomeUnknown({ reason: error.message, ref: { actionId: action, home } })
    undecided.set(action, unknown)
    return unknown
  }

  /** What the store says of a transaction, unless it can only say that when it is opened again. */
  const ask = <A, E>({ actionId }: TransactionRef, answer: (action: ActionId) => Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | OutcomeUnknown> => undecided.get(actionId) ?? answer(actionId))

  const service: TransactorService = {
    cancel: (ref) => ask(ref, repo.cancel),
    collections: repo.collections,
    faultModel: "crash",
    get: repo.get,
    known: undefined,
    latest: undefined,
    membersAt: () => members,
    membersFor: () => Effect.succeed(members),
    network,
    proof: repo.proof,
    revisions: repo.revisions,
    status: (ref) => ask(ref, repo.status),
    stored: repo.stored,
    transact: (request) =>
      Effect.suspend(() => {
        const action = actionId(hasher, request.signed.manifest)
        const reason = problem(action, request)
        if (reason !== undefined) return Effect.succeed<Refused>({ _tag: "Refused", actionId: action, reason })
        return Effect.matchEffect(repo.pendAndCommit(request, decide), {
          onFailure: (error) => Effect.fail(failure(action, request.signed.manifest, error)),
          onSuccess: (answer) =>
            answer._tag === "Pended"
              ? Effect.dieMessage("a cluster of one decided, but did not commit")
              : Effect.succeed<TransactAnswer>(answer)
        })
      }),
    turns: undefined
  }
  return service
})

/** The transactor of a database that is this node alone. */
export const layer = (network: NetworkName): Layer.Layer<Transactor, never, StorageRepo | Signer | Verifier | Hasher> =>
  Layer.effect(Transactor, make(network))
