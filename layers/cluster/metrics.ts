/** What a node counts and measures of transactions, and of its part in clusters. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Ending } from "../../schemas/Cluster.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { TransactAnswer, TransactError, Turn } from "../../services/Transactor.ts"
import * as instruments from "../monitor/instruments.ts"

const transactions = instruments.counterBy(
  "optimystic_transactions_total",
  {
    name: "outcome",
    values: ["committed", "stale", "locked", "refused", "busy", "excessive", "unknown", "unreadable"]
  },
  "Transactions that this node brought to members, by what came of it. Stale and locked ones lost to another, and are tried again"
)

const commits = instruments.histogramBy(
  "optimystic_commit_seconds",
  { name: "rounds", values: ["one", "two", "recovery"] },
  instruments.SECONDS,
  "Time from a signed transaction of this node to its commit, by the rounds that decided it"
)

const recoveries = instruments.counterBy(
  "optimystic_recoveries_total",
  { name: "outcome", values: ["committed", "aborted", "undecided"] },
  "Transactions of others, or left open, that this node brought to their end, by what it was"
)

/** Turns that were asked for, by what they were worth. */
const turns = instruments.counterBy(
  "optimystic_turns_total",
  { name: "result", values: ["given", "vain"] },
  "Turns that this node asked for on contended collections, by whether one was given that was worth something"
)

/** Writers that wait for, or have, a turn of this node's coordinator. */
export const coordinated = instruments.gauge(
  "optimystic_coordinator_waiting",
  "Writers that wait for their turn at the coordinator of this node"
)

const repairs = instruments.counterBy(
  "optimystic_repairs_total",
  { name: "cause", values: ["compared", "noticed"] },
  "Transactions that had passed this node by and were fetched from others, by how it came to know of them"
)

const alarms = instruments.counter(
  "optimystic_alarms_total",
  "Certificates that contradict each other: more members lied than may"
)

/** How a node comes to know that something passed it by: it compared with another, or met what refers to it. */
export type RepairCause = "compared" | "noticed"

/** Counts a transaction that was fetched. */
export const repaired = (cause: RepairCause): void => repairs(cause, 1)

/** Counts an alarm. */
export const alarmed = (): void => alarms(1)

/** Counts a turn that was asked for. */
export const turned = (turn: Exclude<Turn, "free">): void => turns(turn, 1)

/** Counts a recovery, by its ending, if it came to one. */
export const recovered = (ending: Ending | undefined): void =>
  recoveries(ending === undefined ? "undecided" : ending._tag === "Committed" ? "committed" : "aborted", 1)

/** What decided a commit: all votes, the acceptances of its author's own ballot, or those of a later one. */
const roundsOf = ({ decision: { ballot, kind } }: Proof): "one" | "two" | "recovery" => {
  if (kind === "approve") return "one"
  return ballot === null ? "two" : "recovery"
}

const OUTCOMES = { Committed: "committed", Locked: "locked", Refused: "refused", Stale: "stale" } as const

const failureOf = ({ _tag }: TransactError) => {
  switch (_tag) {
    case "Busy":
      return "busy"
    case "LimitExceeded":
      return "excessive"
    case "OutcomeUnknown":
      return "unknown"
    default:
      return "unreadable"
  }
}

/** Counts what comes of a transaction, and measures how long its commit takes. */
export const transacting = <E extends TransactError, R>(
  clock: Clock.Clock,
  decided: Effect.Effect<TransactAnswer, E, R>
): Effect.Effect<TransactAnswer, E, R> =>
  Effect.suspend(() => {
    const begun = clock.unsafeCurrentTimeNanos()
    return Effect.tapBoth(decided, {
      onFailure: (error) => Effect.sync(() => transactions(failureOf(error), 1)),
      onSuccess: (answer) =>
        Effect.sync(() => {
          transactions(OUTCOMES[answer._tag], 1)
          if (answer._tag !== "Committed") return
          commits(roundsOf(answer.proof), instruments.secondsBetween(begun, clock.unsafeCurrentTimeNanos()))
        })
    })
  })
