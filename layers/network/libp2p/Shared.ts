import { Allowance } from "./Allowance.ts"
import type { Libp2pHostService } from "./Libp2pHost.ts"
import type { WireEvents } from "./WireEvents.ts"
import type { WireLimits } from "./WireLimits.ts"

/** What all streams of a node share. */
export interface Shared {
  readonly limits: WireLimits
  readonly events: WireEvents
  /** Bytes of messages under way. */
  readonly bytes: Allowance
  /** Questions that are being answered. */
  readonly questions: Allowance
  /** Streams of those who ask. */
  readonly streams: Allowance
  /** All streams of frames, to be looked at from time to time. */
  readonly open: Set<{ readonly check: (nowMillis: number) => void }>
}

/** What the streams of a host share. */
export const sharedOf = ({ events, options: { limits } }: Libp2pHostService): Shared => ({
  bytes: new Allowance(limits.maxBytes, limits.maxBytesPerPeer),
  events,
  limits,
  open: new Set(),
  questions: new Allowance(limits.maxQuestions, limits.maxQuestionsPerPeer),
  streams: new Allowance(limits.maxStreams, limits.maxStreamsPerPeer)
})
