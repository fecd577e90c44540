/** What goes wrong in a cluster while clients work, and when: drawn from a seed. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import type { Prng } from "../../src/random/Prng.ts"
import { record } from "../Trace.ts"
import type { Cluster } from "./Cluster.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

/** Groups of faults, to choose from. */
export const FAULT_GROUPS = ["network", "partitions", "crashes", "disks", "liars"] as const
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
    for (const { disk } of this.#cluster.nodes) Object.assign(disk.weather, { corruptShare: 0, refusedShare: 0 })
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
    for (const { disk } of this.#cluster.nodes) {
      Object.assign(disk.weather, { corruptShare: share(MAX_SHARES.corrupt), refusedShare: share(MAX_SHARES.refused) })
    }
  }

  #faults(): ReadonlyArray<Fault> {
    const byGroup: Readonly<Record<FaultGroup, ReadonlyArray<Fault>>> = {
      crashes: [this.#crash, this.#crash, this.#leave],
      disks: [],
      liars: [],
      network: [this.#clog],
      partitions: [this.#partition, this.#oneWay]
    }
    return FAULT_GROUPS.flatMap((group) => (this.#groups.has(group) ? byGroup[group] : []))
  }

  #pause(mostMillis: number): Effect.Effect<void> {
    return Effect.suspend(() => Effect.sleep(Duration.millis(1 + this.#prng.nextInt(mostMillis))))
  }

  #while(): Effect.Effect<void> {
    return this.#pause(this.#policy.maxFaultMillis)
  }

  readonly #crash: Fault = Effect.suspend(() => {
    const up = this.#cluster.nodes.filter(({ life }) => life !== undefined)
    if (up.length === 0 || this.#down.size >= this.#policy.maxDown) return Effect.void
    const node = this.#prng.pick(up)
    this.#down.add(node)
    return node.crash.pipe(
      Effect.zipRight(this.#while()),
      Effect.zipRight(node.start),
      Effect.tap(() => this.#cluster.around.counts.add("restart")),
      Effect.ensuring(Effect.sync(() => this.#down.delete(node)))
    )
  })

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

/** A node that could leave for good does so one time out of so many. */
const LEAVE_OUT_OF = 8
