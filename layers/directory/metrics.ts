/** What a directory counts. */
import * as Metric from "effect/Metric"
import type { DirectoryEvent } from "../../src/directory/DirectoryMachine.ts"

const events = Metric.counter("optimystic_directory_events", {
  description: "What became of records that were told and of questions that were asked, by event"
})

/** Counts an event. */
export const count = (event: DirectoryEvent): void => Metric.tagged(events, "event", event).unsafeUpdate(1, [])

const counted = (name: string, description: string) => Metric.gauge(`optimystic_directory_${name}`, { description })

/** Peers that are known. */
export const knownPeers = counted("known", "Peers that are known, this one included")
/** Peers that do not answer. */
export const unreachablePeers = counted("unreachable", "Peers that are known and do not answer")
