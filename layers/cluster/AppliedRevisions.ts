import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import type { CollectionId } from "../../schemas/Ids.ts"
import type { ClusterMemberService } from "../../services/ClusterMember.ts"
import type { ReadError } from "../../services/StorageRepo.ts"

/** What this node has applied of collections. */
export interface AppliedRevisions {
  /** Waits until a collection has reached a revision here, for so many milliseconds at most; whether it has. */
  readonly await: (collection: CollectionId, rev: number, millis: number) => Effect.Effect<boolean>
}

/** What a member has applied, as long as the scope. `throughOf`: how far a collection has come here. */
export const make = Effect.fnUntraced(function* (
  member: ClusterMemberService,
  throughOf: (collection: CollectionId) => Effect.Effect<number, ReadError>
): Effect.fn.Return<AppliedRevisions, never, Scope.Scope> {
  /** Those who wait for more, by collection. */
  const waiting = new Map<CollectionId, Set<Deferred.Deferred<void>>>()

  yield* member.onApplied(({ collections }) => {
    if (waiting.size === 0) return
    for (const { id } of collections) {
      for (const more of waiting.get(id) ?? []) Deferred.unsafeDone(more, Effect.void)
    }
  })

  const has = (collection: CollectionId, rev: number): Effect.Effect<boolean> =>
    Effect.orElseSucceed(
      Effect.map(throughOf(collection), (through) => through >= rev),
      () => false
    )

  /** Whether it is there, or else false once more of it is. */
  const hasOrGrew = (collection: CollectionId, rev: number): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const all = waiting.get(collection) ?? new Set()
      waiting.set(collection, all)
      const more = Deferred.unsafeMake<void>(FiberId.none)
      all.add(more)
      // In this order: what is applied after the look is waited for already.
      return has(collection, rev).pipe(
        Effect.flatMap((isThere) => (isThere ? Effect.succeed(true) : Effect.as(Deferred.await(more), false))),
        Effect.ensuring(
          Effect.sync(() => {
            all.delete(more)
            if (all.size === 0 && waiting.get(collection) === all) waiting.delete(collection)
          })
        )
      )
    })

  return {
    await: (collection, rev, millis) =>
      Effect.flatMap(has(collection, rev), (isThere) =>
        isThere
          ? Effect.succeed(true)
          : Effect.timeoutTo(Effect.repeat(hasOrGrew(collection, rev), { until: (isThere) => isThere }), {
              duration: Duration.millis(millis),
              onSuccess: () => true,
              onTimeout: () => false
            })
      )
  }
})
