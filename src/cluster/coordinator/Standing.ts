/**
 * Whose wish for turns on a collection counts. Anybody may ask for turns, and let them run out: who commits is believed to want to write,
 * and all others together may hold writers up for so long only. Advice: nothing is safer for it, and nothing less so.
 */
import type { PeerId } from "../../../schemas/Ids.ts"

/** What is known of those who ask for turns on one collection. */
export interface Standing {
  /** Those who have committed since they last let a turn run out, longest ago first. */
  readonly writers: ReadonlySet<PeerId>
  /** When all others together began to hold turns in vain, and for how long they did since, in milliseconds. */
  readonly vain: { readonly sinceMillis: number; readonly millis: number }
}

/** How much is borne. */
export interface StandingLimits {
  /** So long those who have not committed may hold turns in vain, all of them together, in milliseconds. */
  readonly maxVainMillis: number
  /** Within so many milliseconds. */
  readonly excludeMillis: number
  /** So many writers are remembered. */
  readonly maxWriters: number
}

/** Nobody has done anything. */
export const noStanding: Standing = { vain: { millis: 0, sinceMillis: 0 }, writers: new Set() }

/** Who gives turns back at once still has others wait for a message: more of them than this are as bad as one that runs out. */
const MAX_SHORT_TURNS = 16

/** Whether turns that were held in vain are still held against those who have not committed. */
export const isRemembered = ({ excludeMillis }: StandingLimits, { vain }: Standing, nowMillis: number): boolean =>
  vain.millis > 0 && nowMillis - vain.sinceMillis < excludeMillis

/** Whether the wish of a peer counts. */
export const counts = (limits: StandingLimits, standing: Standing, peer: PeerId, nowMillis: number): boolean =>
  standing.writers.has(peer) ||
  standing.vain.millis < limits.maxVainMillis ||
  !isRemembered(limits, standing, nowMillis)

/** After a peer has committed. */
export const afterCommit = ({ maxWriters }: StandingLimits, { vain, writers }: Standing, peer: PeerId): Standing => {
  const others = [...writers].filter((other) => other !== peer)
  return { vain, writers: new Set([...others.slice(-(maxWriters - 1)), peer]) }
}

/** After a peer has given a turn back without a commit, or has let it run out, after so long. */
export const afterVain = (
  limits: StandingLimits,
  standing: Standing,
  { hasRunOut, heldMillis, peer }: { readonly peer: PeerId; readonly heldMillis: number; readonly hasRunOut: boolean },
  nowMillis: number
): Standing => {
  const { vain, writers } = standing
  if (writers.has(peer)) {
    return hasRunOut ? { vain, writers: new Set([...writers].filter((other) => other !== peer)) } : standing
  }
  const charged = Math.max(heldMillis, limits.maxVainMillis / MAX_SHORT_TURNS)
  return isRemembered(limits, standing, nowMillis)
    ? { vain: { ...vain, millis: vain.millis + charged }, writers }
    : { vain: { millis: charged, sinceMillis: nowMillis }, writers }
}
