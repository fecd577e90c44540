/** What a directory counts. */
import type { DirectoryEvent } from "../../src/directory/DirectoryMachine.ts"
import * as instruments from "../monitor/instruments.ts"

const events = instruments.counterBy<DirectoryEvent>(
  "optimystic_directory_events_total",
  {
    name: "event",
    values: [
      "new",
      "newer",
      "known",
      "expired",
      "forged",
      "flooded",
      "left-out",
      "barred",
      "own",
      "own-ahead",
      "misbehaved",
      "unanswered",
      "dropped"
    ]
  },
  "What became of records that were told and of questions that were asked, by event"
)

/** Counts an event. */
export const count = (event: DirectoryEvent): void => events(event, 1)

/** Peers that are known. */
export const knownPeers = instruments.gauge("optimystic_directory_known", "Peers that are known, this one included")

/** Peers that are active. */
export const activePeers = instruments.gauge(
  "optimystic_directory_active",
  "Peers that are known and may be members of clusters, this one included"
)

/** Peers that do not answer. */
export const unreachablePeers = instruments.gauge(
  "optimystic_directory_unreachable",
  "Peers that are known and do not answer"
)
