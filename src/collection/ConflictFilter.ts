/**
 * Decides what becomes of an action of one's own that is pending while a transaction of others was first: the same action to
 * keep it, another to rewrite it, undefined to drop it. `others` are the actions of that transaction, in order; `before` are
 * the pending actions ahead of `own`, as they were when it was made.
 *
 * It is asked once per transaction of others, in their order, so that it makes no difference how often a snapshot is updated.
 */
export type ConflictFilter<A> = (own: A, others: ReadonlyArray<A>, before: ReadonlyArray<A>) => A | undefined

/** What becomes of pending actions where a transaction of others was first. */
export const filterPending = <A>(
  filter: ConflictFilter<A>,
  pending: ReadonlyArray<A>,
  others: ReadonlyArray<A>
): ReadonlyArray<A> => {
  const before: Array<A> = []
  const kept: Array<A> = []
  for (const own of pending) {
    const outcome = filter(own, others, before)
    if (outcome !== undefined) kept.push(outcome)
    before.push(own)
  }
  return kept
}
