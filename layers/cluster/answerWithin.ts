import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"

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
