/** Leaves a cluster whose faults are mended to itself until it is at rest: it decides what is undecided, and fetches what it missed. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Workload } from "../workloads/Workload.ts"
import { type Account, transact } from "./Client.ts"
import type { Cluster } from "./Cluster.ts"
import { Evidence } from "./Evidence.ts"
import * as growing from "./growing.ts"

/** After so many rounds a cluster that is not at rest will never be. */
const MAX_ROUNDS = 12
/** Quiet time after each. */
const QUIET_MILLIS = 1_000
/** What is tried to be read is tried so often. */
const MAX_TRIES = 5

/** Waits until all members have the same and nothing is locked, then reads everything on every node. Tells what is wrong. */
export const settle = (cluster: Cluster, workload: Workload, account: Account): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    if (!(yield* growing.settled(cluster))) return ["a node does not come to be active"]
    const up = cluster.honest.filter(({ life }) => life !== undefined)
    let unsettled: ReadonlyArray<string> = []
    for (let round = 0; round < MAX_ROUNDS; round++) {
      yield* Effect.sleep(Duration.millis(QUIET_MILLIS))
      unsettled = new Evidence(cluster).unsettled
      if (unsettled.length === 0) break
    }
    const unread: Array<string> = []
    for (const node of up) {
      const committed = yield* persistently((attempt) =>
        transact(account, `final-${node.name}.${attempt}`, node, workload.readAll)
      )
      if (!committed) unread.push(`${node.name} cannot read what was written`)
    }
    return [...unsettled.map((what) => `after ${MAX_ROUNDS} rounds of quiet ${what}`), ...unread]
  })

const persistently = (attempt: (number: number) => Effect.Effect<boolean | "unknown">): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    for (let number = 0; number < MAX_TRIES; number++) if ((yield* attempt(number)) === true) return true
    return false
  })
