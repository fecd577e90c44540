/** Who is there: what an answer, or none, makes of a peer, and when it is asked again. */
import type { DirectoryPolicy } from "./DirectoryPolicy.ts"
import type { DirectoryTable, Entry } from "./DirectoryTable.ts"

/** A sign of a peer that came from itself, though not as an answer: it is there, which says not that it can be asked. */
export const showed = (entry: Entry, nowMillis: number): void => {
  entry.signMillis = nowMillis
  if (entry.failures > 0) entry.pingMillis = Math.min(entry.pingMillis, nowMillis)
}

/** It answered. `share`, 0 to 1, spreads the next questions over time. */
export const didAnswer = (
  table: DirectoryTable,
  entry: Entry,
  policy: DirectoryPolicy,
  nowMillis: number,
  share: number
): void => {
  entry.signMillis = nowMillis
  table.setFailures(entry, 0)
  entry.pingMillis = nowMillis + policy.silenceMillis * (1 - share / 2)
}

/** It owed an answer. */
export const didFail = (
  table: DirectoryTable,
  entry: Entry,
  policy: DirectoryPolicy,
  nowMillis: number,
  share: number
): void => {
  const pause = Math.min(policy.maxBackOffMillis, policy.backOffMillis * 2 ** Math.min(entry.failures, MAX_DOUBLINGS))
  table.setFailures(entry, entry.failures + 1)
  entry.pingMillis = nowMillis + pause * (1 - share / 2)
}

const MAX_DOUBLINGS = 16

/** Whether nothing was heard of it for so long that it is forgotten. */
export const isForgotten = (entry: Entry, isReachable: boolean, nowMillis: number): boolean =>
  !isReachable && nowMillis - entry.signMillis > entry.record.lifetimeMillis
