/** What goes wrong in a cluster while clients work, and when: drawn from a seed. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CollectionId } from "../../schemas/Ids.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { Transactor } from "../../services/Transactor.ts"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import type { Prng } from "../../src/random/Prng.ts"
import { FAIR_WEATHER } from "../disk/SimulatedDisk.ts"
import type { FaultKind } from "../FaultCounts.ts"
import { record } from "../Trace.ts"
import type { Cluster } from "./Cluster.ts"
import type { Life, SimulatedNode } from "./SimulatedNode.ts"

/** Groups of faults, to choose from. */
export const FAULT_GROUPS = ["network", "partitions", "crashes", "disks", "recoverers", "liars"] as const
export type FaultGroup = (typeof FAULT_GROUPS)[number]

/** How bad it gets. */
export interface FaultPolicy {
  /** So many faults in all: work is to come to an end. */
  readonly maxFaults: number
  /** The longest pause between two faults, in milliseconds. */
  readonly maxPauseMillis: number
  /** The longest that one lasts, in milliseconds. */
  readonly maxFaultMillis: number
  /** So many nodes are down at once, at most. */
  readonly maxDown: number
}

export const defaultFaultPolicy: FaultPolicy = { maxDown: 2, maxFaultMillis: 120, maxFaults: 60, maxPauseMillis: 300 }

/** Shares of messages, records and writes that something befalls, at most. */
const MAX_SHARES = { corrupt: 0.02, duplication: 0.1, loss: 0.04, refused: 0.05, reordering: 0.15 } as const

/** Something that goes wrong for a while. */
type Fault = Effect.Effect<void>

/** The faults of one run, under way. */
export class FaultSchedule {
  readonly #cluster: Cluster
  readonly #prng: Prng
  readonly #policy: FaultPolicy
  readonly #groups: ReadonlySet<FaultGroup>
  /** Who never comes back. */
  readonly #gone = new Set<SimulatedNode>()
  /** Who is down, and is to start again. */
  readonly #down = new Set<SimulatedNode>()
  readonly #mends = new Set<() => void>()

  constructor(cluster: Cluster, groups: ReadonlySet<FaultGroup>, prng: Prng, policy = defaultFaultPolicy) {
    this.#cluster = cluster
    this.#prng = prng
    this.#policy = policy
    this.#groups = groups
  }

  /** Lets one thing after another go wrong. */
  readonly run: Effect.Effect<void> = Effect.suspend(() => {
    this.#setWeather()
    const faults = this.#faults()
    if (faults.length === 0) return Effect.void
    const next = Effect.suspend(() => Effect.forkDaemon(this.#prng.pick(faults)))
    const { maxFaults, maxPauseMillis } = this.#policy
    return Effect.repeatN(Effect.zipRight(this.#pause(maxPauseMillis), next), maxFaults - 1).pipe(Effect.asVoid)
  })

  /** Mends everything; who is gone stays so. */
  readonly heal: Effect.Effect<void> = Effect.suspend(() => {
    Object.assign(this.#cluster.around.network.weather, { duplicationShare: 0, lossShare: 0, reorderingShare: 0 })
    for (const { disk } of this.#cluster.nodes) Object.assign(disk.weather, FAIR_WEATHER)
    for (const mend of this.#mends) mend()
    const stay = this.#cluster.nodes.filter((node) => !this.#gone.has(node))
    return Effect.zipRight(
      record("all is mended"),
      Effect.forEach(stay, ({ start }) => start, { discard: true })
    )
  })

  #setWeather(): void {
    const share = (most: number) => this.#prng.nextFloat() * most
    if (this.#groups.has("network")) {
      Object.assign(this.#cluster.around.network.weather, {
        duplicationShare: share(MAX_SHARES.duplication),
        lossShare: share(MAX_SHARES.loss),
        reorderingShare: share(MAX_SHARES.reordering)
      })
    }
    if (!this.#groups.has("disks")) return
    const isSlow = this.#prng.nextInt(SLOW_OUT_OF) === 0
    for (const { disk } of this.#cluster.nodes) {
      if (isSlow) this.#cluster.around.counts.add("slow-disk")
      Object.assign(disk.weather, {
        corruptShare: share(MAX_SHARES.corrupt),
        refusedShare: share(MAX_SHARES.refused),
        ...(isSlow && { writeMillis: share(MAX_SLOW_MILLIS) })
      })
    }
  }

  #faults(): ReadonlyArray<Fault> {
    const byGroup: Readonly<Record<FaultGroup, ReadonlyArray<Fault>>> = {
      crashes: [this.#crash, this.#crashInWrite, this.#crashInRecovery, this.#blackout, this.#leave],
      disks: [],
      liars: [],
      network: [this.#clog],
      partitions: [this.#partition, this.#oneWay, this.#splitQuorum, this.#mutedCoordinator],
      recoverers: [this.#rivalRecoverers]
    }
    return FAULT_GROUPS.flatMap((group) => (this.#groups.has(group) ? byGroup[group] : []))
  }

  #pause(mostMillis: number): Effect.Effect<void> {
    return Effect.suspend(() => Effect.sleep(Duration.millis(1 + this.#prng.nextInt(mostMillis))))
  }

  #while(): Effect.Effect<void> {
    return this.#pause(this.#policy.maxFaultMillis)
  }

  get #up(): ReadonlyArray<SimulatedNode> {
    return this.#cluster.nodes.filter(({ life }) => life !== undefined)
  }

  /** A node crashes, and starts again after a while. */
  #crashOf(node: SimulatedNode, kind?: FaultKind): Fault {
    return Effect.suspend(() => {
      if (node.life === undefined || this.#down.size >= this.#policy.maxDown) return Effect.void
      const { counts } = this.#cluster.around
      if (kind !== undefined) counts.add(kind)
      this.#down.add(node)
      return node.crash.pipe(Effect.zipRight(this.#while()), Effect.zipRight(this.#startAgain(node)))
    })
  }

  readonly #crash: Fault = Effect.suspend(() =>
    this.#up.length === 0 ? Effect.void : this.#crashOf(this.#prng.pick(this.#up))
  )

  /** A node crashes at a moment that is waited for; never, if that does not come. */
  #crashAt(kind: FaultKind, moment: (node: SimulatedNode) => Effect.Effect<unknown>, mostMillis: number): Fault {
    return Effect.suspend(() => {
      const up = this.#cluster.honest.filter(({ life }) => life !== undefined)
      if (up.length === 0) return Effect.void
      const node = this.#prng.pick(up)
      const later = Effect.suspend(() => Effect.sleep(Duration.millis(this.#prng.nextFloat() * mostMillis)))
      return moment(node).pipe(
        Effect.zipRight(later),
        Effect.timeoutOption(Duration.millis(MAX_WAIT_MILLIS)),
        Effect.flatMap((come) => (come._tag === "None" ? Effect.void : this.#crashOf(node, kind)))
      )
    })
  }

  /** Between write and sync, or between that and the word that it is durable. */
  readonly #crashInWrite: Fault = this.#crashAt("crash-in-write", ({ disk }) => disk.writing, WRITE_MILLIS)

  /** In the midst of a ballot, before or after its answer. */
  readonly #crashInRecovery: Fault = this.#crashAt(
    "crash-in-recovery",
    (node) => node.asked("Join", "Propose", "Accept"),
    2 * WRITE_MILLIS
  )

  /** All lose their power at once, in the midst of a decision. */
  readonly #blackout: Fault = Effect.suspend(() => {
    const { counts } = this.#cluster.around
    const up = this.#cluster.honest.filter(({ life }) => life !== undefined)
    if (up.length === 0 || this.#prng.nextInt(BLACKOUT_OUT_OF) > 0) return Effect.void
    const moment = this.#prng.pick(up).asked("Accept", "Apply")
    const later = Effect.suspend(() => Effect.sleep(Duration.millis(this.#prng.nextFloat() * WRITE_MILLIS)))
    return Effect.timeoutOption(Effect.zipRight(moment, later), Duration.millis(MAX_WAIT_MILLIS)).pipe(
      Effect.flatMap((come) => {
        const nodes = this.#cluster.nodes.filter((node) => node.life !== undefined && !this.#down.has(node))
        if (come._tag === "None" || nodes.length === 0) return Effect.void
        counts.add("blackout")
        for (const node of nodes) this.#down.add(node)
        return Effect.forEach(nodes, ({ crash }) => crash, { discard: true }).pipe(
          Effect.zipRight(this.#while()),
          Effect.zipRight(Effect.forEach(nodes, (node) => this.#startAgain(node), { discard: true }))
        )
      })
    )
  })

  #startAgain(node: SimulatedNode): Effect.Effect<void> {
    const restarted = Effect.sync(() => this.#cluster.around.counts.add("restart"))
    return node.start.pipe(Effect.zipRight(restarted), Effect.ensuring(Effect.sync(() => this.#down.delete(node))))
  }

  /** A node never comes back: one of those that the fault model lets fail for good. */
  readonly #leave: Fault = Effect.suspend(() => {
    const { clusterSize, faultModel } = this.#cluster.shape
    const { quorum } = quorumsOf(clusterSize, faultModel)
    const failed = this.#cluster.nodes.filter((node) => node.liar !== undefined || this.#gone.has(node))
    const rest = this.#cluster.nodes.filter((node) => !this.#gone.has(node) && !this.#down.has(node))
    // Who lies has failed already: it may go, too.
    const may = failed.length < clusterSize - quorum ? rest : rest.filter(({ liar }) => liar !== undefined)
    if (may.length === 0 || this.#prng.nextInt(LEAVE_OUT_OF) > 0) return Effect.void
    const node = this.#prng.pick(may)
    this.#gone.add(node)
    this.#cluster.around.counts.add("gone")
    return Effect.zipRight(record(`${node.name} is gone for good`), node.crash)
  })

  readonly #clog: Fault = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.sync(() => {
      const [from, to] = this.#prng.shuffle(this.#cluster.around.roster)
      this.#cluster.around.counts.add("clog")
      this.#cluster.around.network.clog(from!, to!, now + this.#prng.nextInt(this.#policy.maxFaultMillis))
    })
  )

  readonly #partition: Fault = Effect.suspend(() => {
    const { counts, network, roster } = this.#cluster.around
    const order = this.#prng.shuffle(roster)
    const size = 1 + this.#prng.nextInt(Math.max(1, Math.floor(order.length / 2)))
    const [here, there] = [order.slice(0, size), order.slice(size)]
    counts.add("partition")
    return this.#mended([network.cut(here, there), network.cut(there, here)])
  })

  readonly #oneWay: Fault = Effect.suspend(() => {
    const { counts, network, roster } = this.#cluster.around
    const [from, ...others] = this.#prng.shuffle(roster)
    counts.add("one-way-partition")
    return this.#mended([network.cut([from!], others.slice(0, 1 + this.#prng.nextInt(others.length)))])
  })

  /** Divides the members of one cluster, so that neither side has a quorum where that can be. */
  readonly #splitQuorum: Fault = Effect.suspend(() => {
    const { counts, network, roster } = this.#cluster.around
    const members = this.#prng.shuffle(roster).slice(0, this.#cluster.shape.clusterSize)
    const [here, there] = [members.slice(0, members.length / 2), members.slice(members.length / 2)]
    counts.add("split-quorum")
    return this.#mended([network.cut(here, there), network.cut(there, here)])
  })

  /** Nothing gets out any more of who drives a transaction, just when that is decided: it hears so, and can tell nobody. */
  readonly #mutedCoordinator: Fault = Effect.suspend(() => {
    const { counts, network, roster } = this.#cluster.around
    const up = this.#cluster.honest.filter(({ life }) => life !== undefined)
    if (up.length === 0) return Effect.void
    const later = Effect.suspend(() => Effect.sleep(Duration.millis(this.#prng.nextFloat() * DECISION_MILLIS)))
    const moment = Effect.zipLeft(this.#prng.pick(up).asked("Pend", "Accept"), later)
    return Effect.flatMap(Effect.timeoutOption(moment, Duration.millis(MAX_WAIT_MILLIS)), (come) => {
      if (come._tag === "None") return Effect.void
      counts.add("muted-coordinator")
      return this.#mended([network.cut([come.value], roster)])
    })
  })

  /** Two nodes at once try to finish a transaction that one of them has promised something about. */
  readonly #rivalRecoverers: Fault = Effect.suspend(() => {
    const [one, other] = this.#prng.shuffle(this.#cluster.honest).flatMap(({ life }) => life ?? [])
    if (one === undefined || other === undefined) return Effect.void
    const { member } = servicesOf(one)
    return Effect.flatMap(member.undecided, ([action]) => {
      if (action === undefined) return Effect.void
      return Effect.flatMap(member.answer({ _tag: "Ask", actionId: action, wantsPayload: false }), (answer) => {
        if (answer._tag !== "Open" || answer.signed === undefined) return Effect.void
        this.#cluster.around.counts.add("rival-recoverers")
        const home = homeOf(answer.signed.manifest)
        const cancel = (life: Life) => Effect.ignore(servicesOf(life).transactor.cancel({ actionId: action, home }))
        return Effect.forEach([one, other], cancel, { concurrency: "unbounded", discard: true })
      })
    }).pipe(Effect.ignore)
  })

  /** Leaves cuts as they are for a while. */
  #mended(mends: ReadonlyArray<() => void>): Effect.Effect<void> {
    for (const mend of mends) this.#mends.add(mend)
    return Effect.map(this.#while(), () => {
      for (const mend of mends) {
        mend()
        this.#mends.delete(mend)
      }
    })
  }
}

const servicesOf = ({ services }: Life) => ({
  member: Context.get(services, ClusterMember),
  transactor: Context.get(services, Transactor)
})

const homeOf = ({ collections, shards }: Manifest): CollectionId =>
  collections[0]?.id ?? (Object.keys(shards[0].reads)[0] as CollectionId)

/** A moment that does not come within so long is not waited for any more. */
const MAX_WAIT_MILLIS = 500
/** About the time from the first request that a decision follows from to the decision: to vote in one round, to accept in two. */
const DECISION_MILLIS = 6
/** About the time that a write takes, in milliseconds. */
const WRITE_MILLIS = 2

/** The disks of one cluster out of so many are slow: a write takes so many milliseconds at most. */
const SLOW_OUT_OF = 3
const MAX_SLOW_MILLIS = 30

/** Power goes one time out of so many that it could. */
const BLACKOUT_OUT_OF = 3

/** A node that could leave for good does so one time out of so many. */
const LEAVE_OUT_OF = 8
