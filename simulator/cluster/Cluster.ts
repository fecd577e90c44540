/** Whole nodes on a simulated network, with simulated disks, some of which lie. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ClusterNode from "../../layers/cluster/ClusterNode.ts"
import * as DirectoryNode from "../../layers/cluster/DirectoryNode.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { FaultModel } from "../../schemas/Proof.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { quorumsOf, sizeProblem } from "../../src/cluster/Quorum.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import type { Prng } from "../../src/random/Prng.ts"
import { KeyRing } from "../crypto/KeyRing.ts"
import { SimulatedDisk } from "../disk/SimulatedDisk.ts"
import type { FaultCounts } from "../FaultCounts.ts"
import * as Liars from "../liars/Liars.ts"
import { SimulatedNetwork } from "../network/SimulatedNetwork.ts"
import { type Growth, type NodeBuild, SimulatedNode, type Surroundings } from "./SimulatedNode.ts"

/** What a cluster is made of. */
export interface ClusterShape {
  readonly nodes: number
  /** K: how many members each cluster has. */
  readonly clusterSize: number
  readonly faultModel: FaultModel
  /** So many more join while clients work, one after another, by what their directories tell; with none there is a roster. */
  readonly newcomers: number
  /** The ways in which as many lie as the fault model allows, at least in one cluster; nobody does where there are none. */
  readonly lies: ReadonlyArray<Liars.LieName>
}

/** Why there can be no such cluster. */
export const shapeProblem = ({ clusterSize, faultModel, nodes }: ClusterShape): string | undefined =>
  nodes < clusterSize
    ? `${nodes} nodes are too few for clusters of ${clusterSize}`
    : sizeProblem(clusterSize, faultModel)

const NETWORK = NetworkName.make("simulation")

/** In virtual time patience costs nothing, but a run has only so much of it. */
const optionsOf = ({ clusterSize, faultModel }: ClusterShape): ClusterNode.ClusterNodeOptions => ({
  clusterSize,
  faultModel,
  network: NETWORK,
  patience: {
    answerMillis: 100,
    backOffMillis: 10,
    absenceMillis: 20,
    compareMillis: 200,
    doubtMillis: 5,
    forgetMillis: 300,
    maxBallots: 5,
    maxBackOffMillis: 200,
    maxReadRounds: 40,
    patienceMillis: 40,
    readHedgeMillis: 10,
    sweepMillis: 200,
    tellPauseMillis: 20,
    viewMillis: 50
  },
  transactions: {
    retry: Schedule.recurs(12).pipe(
      Schedule.addDelay((n) => Duration.millis(2 ** Math.min(n, 6))),
      Schedule.jittered
    )
  }
})

/** The nodes of this build. */
export const thisBuild: NodeBuild = { growing: DirectoryNode.layer, node: ClusterNode.layer }

/** A second of a real network is a tenth of one here. */
const growthOf = (founders: ReadonlyArray<PeerId>): Growth => ({
  activation: {
    alonenessMillis: 300,
    arrivalMillis: 10_000,
    doubtMillis: 500,
    lookMillis: 25,
    refreshMillis: 1_000,
    takeOverMillis: 5_000
  },
  directory: {
    answerMillis: 100,
    backOffMillis: 100,
    exchangeMillis: 250,
    maxBackOffMillis: 1_000,
    silenceMillis: 1_000,
    tickMillis: 50,
    updates: { burst: 16, perMinute: 600 }
  },
  founders
})

/** The nodes of a simulation. */
export class Cluster {
  readonly shape: ClusterShape
  readonly around: Surroundings
  readonly nodes: ReadonlyArray<SimulatedNode>
  readonly #neighbourhood: Neighbourhood

  private constructor(shape: ClusterShape, around: Surroundings, nodes: ReadonlyArray<SimulatedNode>) {
    this.shape = shape
    this.around = around
    this.nodes = nodes
    this.#neighbourhood = new Neighbourhood(around.keys.hasher, around.roster)
  }

  /** The nodes of a seed, none of them started. */
  static make(
    shape: ClusterShape,
    build: NodeBuild,
    prng: Prng,
    hasher: HasherService,
    counts: FaultCounts
  ): Effect.Effect<Cluster> {
    return Effect.map(SimulatedNetwork.make(prng.fork("network"), counts), (network) => {
      const keys = new KeyRing(hasher)
      const names = Array.from({ length: shape.nodes + shape.newcomers }, (_, i) => `node-${i}`)
      const signers = names.map((name) => keys.signer(prng.fork(`${name}/key`)))
      const around: Surroundings = {
        build,
        counts,
        growth: shape.newcomers === 0 ? undefined : growthOf(signers.slice(0, shape.nodes).map(({ peer }) => peer)),
        keys,
        network,
        options: optionsOf(shape),
        roster: signers.map(({ peer }) => peer)
      }
      const draw = prng.fork("liars")
      // So many in all: then no cluster has more.
      const count = shape.lies.length > 0 ? quorumsOf(shape.clusterSize, shape.faultModel).liars : 0
      const liars = new Set(draw.shuffle(names).slice(0, count))
      const nodes = names.map((name, i) => {
        const own = prng.fork(name)
        const liar = liars.has(name) ? Liars.draw(draw, shape.lies, shape.newcomers === 0) : undefined
        return new SimulatedNode(name, signers[i]!, new SimulatedDisk(own.fork("disk"), counts), liar, own, around)
      })
      return new Cluster(shape, around, nodes)
    })
  }

  /** The nodes that do what they are to do. */
  get honest(): ReadonlyArray<SimulatedNode> {
    return this.nodes.filter(({ liar }) => liar === undefined)
  }

  /** Who is to keep a block, where a roster says so. */
  membersOf(block: BlockId): ReadonlyArray<PeerId> {
    return this.#neighbourhood.closest(block, this.shape.clusterSize)
  }

  /** Those that are there from the beginning. */
  get first(): ReadonlyArray<SimulatedNode> {
    return this.nodes.slice(0, this.shape.nodes)
  }

  /** Those that join later. */
  get newcomers(): ReadonlyArray<SimulatedNode> {
    return this.nodes.slice(this.shape.nodes)
  }

  /** Starts those that are there from the beginning. */
  readonly start: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(this.first, ({ start }) => start, { discard: true })
  )
}
