/** What is told to people of what goes on in a directory. */
import * as Effect from "effect/Effect"
import type { PeerId } from "../../schemas/Ids.ts"
import type { DirectoryEvent } from "../../src/directory/DirectoryMachine.ts"
import * as metrics from "./metrics.ts"

/** Events that wait to be logged, at most. All are counted. */
const MAX_REPORTS = 8

/** How an event is logged, if it is: what strangers can bring about without end is not worth a warning. */
const reportOf = (event: DirectoryEvent, peer: PeerId): Effect.Effect<void> | undefined => {
  switch (event) {
    case "own-ahead":
      return Effect.logWarning(
        "There is a newer record of this node than its own: its clock was set back, or another has its key"
      )
    case "forged":
      return Effect.logDebug("A record is not signed by its peer for this network", peer)
    case "misbehaved":
      return Effect.logDebug("A peer said of peers what no peer may say", peer)
    default:
      return undefined
  }
}

/** Events are counted when they happen, and logged as soon as that can be. */
export const make = (): {
  readonly heed: (event: DirectoryEvent, peer: PeerId) => void
  readonly log: Effect.Effect<void>
} => {
  const waiting: Array<Effect.Effect<void>> = []
  return {
    heed: (event, peer) => {
      metrics.count(event)
      const report = reportOf(event, peer)
      if (report !== undefined && waiting.length < MAX_REPORTS) waiting.push(report)
    },
    log: Effect.suspend(() => (waiting.length === 0 ? Effect.void : Effect.all(waiting.splice(0), { discard: true })))
  }
}
