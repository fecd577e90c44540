/** Clients of a cluster: they run the transactions of a workload on its nodes, and keep account of what they saw. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type { Database } from "../../src/transaction/Database.ts"
import * as Transaction from "../../src/transaction/Transaction.ts"
import type { Operation, Transaction as Recorded } from "../checker/History.ts"
import { record } from "../Trace.ts"
import type { Body, Run, WorkloadError } from "../workloads/Workload.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

/** What clients saw, all of them. */
export class Account {
  readonly history: Array<Recorded> = []
  /** Completed by the first problem: what comes after it is of no interest any more. */
  readonly broken = Deferred.unsafeMake<void>(FiberId.none)
  readonly #problems: Array<string> = []
  #instant = 0
  #lastValue = 0

  readonly nextInstant = (): number => ++this.#instant
  readonly nextValue = (): number => ++this.#lastValue

  /** What cannot be: seen by those whose transactions committed, or who never heard of them again, or that a node has told. */
  get problems(): ReadonlyArray<string> {
    return this.#problems
  }

  object(problem: string): void {
    this.#problems.push(problem)
    Deferred.unsafeDone(this.broken, Exit.void)
  }

  /** How many transactions ended in a way. */
  count(committed: Recorded["committed"]): number {
    return this.history.filter((transaction) => transaction.committed === committed).length
  }
}

/** A transaction that takes longer than this has no end. */
const MAX_VIRTUAL_MILLIS = 30_000

type Outcome = Recorded["committed"]

/** What a failure says of a transaction; undefined where it should not be. */
const outcomeOf = (error: WorkloadError): Outcome | undefined => {
  switch (error._tag) {
    case "OutcomeUnknown":
      return "unknown"
    case "Conflict":
    case "BlockUnavailable":
    case "Busy":
    case "CollectionNotFound":
    case "CorruptRecord":
    case "RevisionPruned":
    case "StorageUnavailable":
      return false
    default:
      return undefined
  }
}

/** Runs a transaction on a node that is up, and accounts for it. Tells how it went. */
export const transact = (account: Account, id: string, node: SimulatedNode, body: Body): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const { life } = node
    if (life === undefined) return false
    const start = account.nextInstant()
    let done: Array<Operation> = []
    let objections: Array<string> = []
    const attempt = Effect.suspend(() => {
      done = []
      objections = []
      const run: Run = {
        done,
        nextValue: account.nextValue,
        objectIf: (isWrong, what) => {
          if (isWrong) objections.push(what)
        }
      }
      return body(run)
    })
    const transaction: Effect.Effect<void, WorkloadError, Database> = Transaction.run(attempt)
    const crashed = Effect.as(Deferred.await(life.down), Exit.interrupt(FiberId.none))
    const exit = yield* Effect.exit(Effect.provide(transaction, life.services)).pipe(
      Effect.disconnect,
      Effect.raceFirst(crashed),
      Effect.timeoutOption(Duration.millis(MAX_VIRTUAL_MILLIS))
    )
    // Whatever a liar says of its own transactions, nobody knows.
    const committed = node.liar === undefined ? judge(account, id, exit) : "unknown"
    if (committed === true) for (const what of objections) account.object(`${id} saw that ${what}`)
    const end = committed === "unknown" ? undefined : account.nextInstant()
    account.history.push({ committed, end, id, operations: done, start })
    yield* record(`${id} on ${node.name}: ${committed}`)
    return committed
  })

const judge = (account: Account, id: string, exit: Option.Option<Exit.Exit<void, WorkloadError>>): Outcome => {
  if (Option.isNone(exit)) {
    account.object(`${id} has not ended after ${MAX_VIRTUAL_MILLIS} ms of virtual time`)
    return "unknown"
  }
  if (Exit.isSuccess(exit.value)) return true
  const { cause } = exit.value
  if (Cause.isInterrupted(cause)) return "unknown"
  const failure = Cause.failureOption(cause)
  const outcome = Option.isSome(failure) ? outcomeOf(failure.value) : undefined
  if (outcome === undefined) account.object(`${id} failed: ${Cause.pretty(cause)}`)
  return outcome ?? "unknown"
}
