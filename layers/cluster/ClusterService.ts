import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import { Busy } from "../../schemas/Errors.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { memberProtocol } from "../../src/cluster/protocols.ts"

/** Answers a request, or says that this member cannot now: what its store suffers from is its own affair. */
export const answerOrBusy = (
  member: ClusterMember["Type"],
  request: MemberRequest
): Effect.Effect<MemberAnswer, Busy> =>
  Effect.catchAll(member.answer(request), (error) =>
    Effect.zipRight(
      Effect.logWarning("A request to this member was not answered", error.message),
      Effect.fail(new Busy({ what: "the member" }))
    )
  )

/** Lets other peers ask this node as a member of its clusters. */
export const layer: Layer.Layer<never, never, ClusterMember | PeerNetwork> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const member = yield* ClusterMember
    const network = yield* PeerNetwork
    yield* network.serve(memberProtocol, (_from, request) => answerOrBusy(member, request))
  })
)
