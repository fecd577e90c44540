/** Brings a cluster to rest whose faults are mended: what is undecided is decided, what was missed is fetched. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { TransactionRef } from "../../schemas/Manifest.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { Transactor } from "../../services/Transactor.ts"
import type { Workload } from "../workloads/Workload.ts"
import { type Account, transact } from "./Client.ts"
import type { Cluster } from "./Cluster.ts"
import { Evidence } from "./Evidence.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

/** After so many rounds a cluster that is not at rest will never be. */
const MAX_ROUNDS = 12
/** Quiet time after each. */
const QUIET_MILLIS = 1_000
/** What is tried to be written or read is tried so often. */
const MAX_TRIES = 5

/** Brings what a node has promised something about to its end. */
const finishOn = ({ life }: SimulatedNode): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (life === undefined) return
    const member = Context.get(life.services, ClusterMember)
    const transactor = Context.get(life.services, Transactor)
    for (const action of yield* member.undecided) {
      const told = yield* Effect.option(member.answer({ _tag: "Ask", actionId: action, wantsPayload: false }))
      if (told._tag === "None" || told.value._tag !== "Open" || told.value.signed === undefined) continue
      const { collections, shards } = told.value.signed.manifest
      const home = (collections[0]?.id ?? Object.keys(shards[0].reads)[0]) as TransactionRef["home"]
      yield* Effect.ignore(transactor.cancel({ actionId: action, home }))
    }
  })

/** Finishes, changes and waits until all members have the same, then reads everything on every node. Tells what is wrong. */
export const settle = (cluster: Cluster, workload: Workload, account: Account): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const up = cluster.honest.filter(({ life }) => life !== undefined)
    let unsettled: ReadonlyArray<string> = []
    for (let round = 0; round < MAX_ROUNDS; round++) {
      yield* Effect.forEach(up, finishOn, { discard: true })
      for (const [i, body] of workload.touchAll.entries()) {
        const node = up[(round + i) % up.length]!
        yield* persistently((attempt) => transact(account, `touch-${round}.${i}.${attempt}`, node, body))
      }
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
