/**
 * Looks after transactions that this node has promised something about and that have not ended: who drove them may be gone, and
 * the word of their end may have been lost. Protocol §4, *Recovery*, *Restart*.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { ActionId } from "../../schemas/Ids.ts"
import type { ClusterMemberService } from "../../services/ClusterMember.ts"
import type { Resolution } from "./Resolution.ts"

/** Transactions that are brought to their end at once, at most. */
const CONCURRENCY = 4
/** Of one sweep so many, at most: the others are still there at the next. */
const MAX_SWEPT = 256

/** Brings to their end, for ever, those that were undecided a sweep ago already. */
export const run = (
  member: ClusterMemberService,
  recover: Resolution["recover"],
  sweepMillis: number
): Effect.Effect<never> => {
  let before: ReadonlySet<ActionId> = new Set()

  const finish = (action: ActionId) =>
    member.answer({ _tag: "Ask", actionId: action, wantsPayload: false }).pipe(
      Effect.flatMap((answer) =>
        answer._tag === "Open" && answer.signed !== undefined ? recover(answer.signed) : Effect.void
      ),
      // What cannot be done now is tried again by the next sweep.
      Effect.ignore
    )

  const sweep = Effect.flatMap(member.undecided, (undecided) => {
    const left = undecided.filter((action) => before.has(action)).slice(0, MAX_SWEPT)
    before = new Set(undecided)
    return Effect.forEach(left, finish, { concurrency: CONCURRENCY, discard: true })
  })

  // All members of a cluster hold the same ones: they are not to come upon them at the same time.
  const pause = Effect.flatMap(Random.nextRange(0.5, 1.5), (share) =>
    Effect.sleep(Duration.millis(sweepMillis * share))
  )
  return Effect.forever(Effect.zipRight(pause, sweep))
}
