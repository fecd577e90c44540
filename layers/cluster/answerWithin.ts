import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { ClusterClientService } from "../../services/ClusterClient.ts"

/** The answer of a peer, or `PeerUnreachable` where it takes longer. Also where the caller may not be interrupted. */
export const answerWithin = <A, E, R>(
  millis: number,
  peer: PeerId,
  answer: Effect.Effect<A, E, R>
): Effect.Effect<A, E | PeerUnreachable, R> =>
  Effect.interruptible(
    Effect.timeoutFail(answer, {
      duration: Duration.millis(millis),
      onTimeout: () => new PeerUnreachable({ peer, reason: `no answer in ${millis} ms` })
    })
  )

/** Members that are waited for only so long; this node's own has no message to lose. */
export const askingWithin = (millis: number, { ask, self }: ClusterClientService): ClusterClientService => ({
  ask: (peer, request) => (peer === self ? ask(peer, request) : answerWithin(millis, peer, ask(peer, request))),
  self
})
