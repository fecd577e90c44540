import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type * as Activation from "../../layers/cluster/Activation.ts"
import type * as ClusterNode from "../../layers/cluster/ClusterNode.ts"
import type * as DirectoryNode from "../../layers/cluster/DirectoryNode.ts"
import * as GivenPeers from "../../layers/network/GivenPeers.ts"
import * as Hub from "../../layers/network/Hub.ts"
import * as Roster from "../../layers/network/Roster.ts"
import type { MemberRequest } from "../../schemas/Cluster.ts"
import type { StorageError } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { ClusterIndex } from "../../services/ClusterIndex.ts"
import type { ClusterMember } from "../../services/ClusterMember.ts"
import { Entropy } from "../../services/Entropy.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { StorageRepo } from "../../services/StorageRepo.ts"
import type { Transactor } from "../../services/Transactor.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import type { DirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import type { Prng } from "../../src/random/Prng.ts"
import type { Database } from "../../src/transaction/Database.ts"
import type { KeyRing } from "../crypto/KeyRing.ts"
import type { SimulatedDisk } from "../disk/SimulatedDisk.ts"
import type { FaultCounts } from "../FaultCounts.ts"
import { heeded, type Liar, type LiarContext, lying, misled, sendingOn } from "../liars/Liar.ts"
import type { NetworkPort, SimulatedNetwork } from "../network/SimulatedNetwork.ts"
import * as SeededEntropy from "../SeededEntropy.ts"
import { record } from "../Trace.ts"

/** What a node offers to those who look at it from outside. */
export type NodeServices = Database | Transactor | ClusterIndex | ClusterMember | StorageRepo

/** What nodes are made of: those of this build, or what takes their place, such as those of another. */
export interface NodeBuild {
  /** A node of a roster. */
  readonly node: typeof ClusterNode.layer
  /** A node of a network that grows. */
  readonly growing: typeof DirectoryNode.layer
}

/** How the nodes of a network that grows know each other. */
export interface Growth {
  /** Those that it begins with. */
  readonly founders: ReadonlyArray<PeerId>
  readonly directory: Partial<DirectoryPolicy>
  readonly activation: Partial<Activation.ActivationPolicy>
}

/** What the nodes of a simulation share. */
export interface Surroundings {
  readonly build: NodeBuild
  /** Undefined where there is a roster. */
  readonly growth: Growth | undefined
  readonly network: SimulatedNetwork
  readonly keys: KeyRing
  readonly roster: ReadonlyArray<PeerId>
  readonly counts: FaultCounts
  readonly options: ClusterNode.ClusterNodeOptions
}

/** By which rules the nodes vote. */
export const rulesOf = ({
  growth,
  keys,
  options
}: Pick<Surroundings, "growth" | "keys" | "options">): ClusterRules => ({
  faultModel: options.faultModel,
  hasRoster: growth === undefined,
  hasher: keys.hasher,
  network: options.network,
  verifier: keys.verifier
})

/** One life of a node, from its start to its crash. */
export interface Life {
  readonly services: Context.Context<NodeServices>
  /** Completed by the crash. */
  readonly down: Deferred.Deferred<void>
  readonly scope: Scope.CloseableScope
  readonly port: NetworkPort
}

/** A node that cannot read its disk tries again after so long. */
const START_AGAIN_MILLIS = 10
/** So many times. */
const START_TRIES = 100

/** A node with its disk, which crashes and starts again; its key and its disk stay. */
export class SimulatedNode {
  readonly name: string
  readonly signer: SignerService
  readonly disk: SimulatedDisk
  readonly liar: Liar | undefined
  readonly #prng: Prng
  readonly #entropy: Prng
  readonly #around: Surroundings
  /** Who waits for a member to be asked something. */
  #awaiting: Array<{ readonly tags: ReadonlySet<MemberRequest["_tag"]>; readonly resume: (by: PeerId) => void }> = []
  readonly #starting = Effect.unsafeMakeSemaphore(1)
  #life: Life | undefined

  constructor(
    name: string,
    signer: SignerService,
    disk: SimulatedDisk,
    liar: Liar | undefined,
    prng: Prng,
    around: Surroundings
  ) {
    this.name = name
    this.signer = signer
    this.disk = disk
    this.liar = liar
    this.#prng = prng
    // Goes on from life to life: a nonce that comes again would be another fault than any that is meant.
    this.#entropy = prng.fork("entropy")
    this.#around = around
  }

  get peer(): PeerId {
    return this.signer.peer
  }

  /** Undefined while it is down. */
  get life(): Life | undefined {
    return this.#life
  }

  /** Waits until it is asked as a member for something of one of these kinds; gives by whom. */
  readonly asked = (...tags: ReadonlyArray<MemberRequest["_tag"]>): Effect.Effect<PeerId> =>
    Effect.async((resume) => {
      this.#awaiting.push({ resume: (by) => resume(Effect.succeed(by)), tags: new Set(tags) })
    })

  readonly #heard = ({ _tag }: MemberRequest, from: PeerId): void => {
    const due = this.#awaiting.filter(({ tags }) => tags.has(_tag))
    this.#awaiting = this.#awaiting.filter(({ tags }) => !tags.has(_tag))
    for (const { resume } of due) resume(from)
  }

  /** Starts it on what is on its disk. */
  readonly start: Effect.Effect<void> = Effect.suspend(() =>
    this.#starting.withPermits(1)(Effect.suspend(() => (this.#life === undefined ? this.#begin() : Effect.void)))
  ).pipe(
    Effect.retry({ schedule: Schedule.spaced(Duration.millis(START_AGAIN_MILLIS)), times: START_TRIES }),
    Effect.orDie
  )

  #begin(): Effect.Effect<void, StorageError> {
    return Effect.gen(this, function* () {
      const scope = yield* Scope.make()
      const port = this.#around.network.plug(this.peer)
      const built = yield* Effect.exit(this.#quietly(Layer.buildWithScope(this.#layer(port), scope)))
      if (Exit.isFailure(built)) {
        port.pull()
        yield* Scope.close(scope, Exit.void)
        return yield* Effect.asVoid(built)
      }
      this.#life = { down: yield* Deferred.make<void>(), port, scope, services: built.value }
      yield* record(`${this.name} starts`)
    })
  }

  /** Ends it at once: nothing is flushed, nothing is said to anybody. */
  readonly crash: Effect.Effect<void> = Effect.suspend(() => {
    const life = this.#life
    if (life === undefined) return Effect.void
    this.#life = undefined
    life.port.pull()
    this.disk.crash()
    this.#around.counts.add("crash")
    return Deferred.succeed(life.down, undefined).pipe(
      // What is left of it runs on without network and disk, until it has noticed.
      Effect.zipRight(Effect.forkDaemon(Scope.close(life.scope, Exit.interrupt(FiberId.none)))),
      Effect.zipRight(record(`${this.name} crashes`))
    )
  })

  /** What a liar has to say of itself is of no use. */
  #quietly<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.liar === undefined ? effect : Logger.withMinimumLogLevel(effect, LogLevel.None)
  }

  #layer(port: NetworkPort): Layer.Layer<NodeServices, StorageError> {
    const { build, counts, growth, keys, options, roster } = this.#around
    const own = Hub.make(port, this.peer, this.#around.network.reading.codecsOf)
    const context: LiarContext = {
      ...rulesOf(this.#around),
      lied: (kind) => counts.add(kind),
      prng: this.#prng.fork("lies"),
      roster,
      send: sendingOn(own),
      signer: this.signer
    }
    const lies = this.liar?.(context) ?? {}
    const network = lying(heeded(own, this.#heard), lies)
    const around = Context.make(PeerNetwork, network).pipe(
      Context.add(RawStorage, this.disk.open()),
      Context.add(Entropy, SeededEntropy.make(this.#entropy))
    )
    if (growth !== undefined) {
      const { activation, directory, founders } = growth
      return build
        .growing({ ...options, activation, directory: { policy: directory, role: "transaction" }, founders })
        .pipe(
          // There are founders enough.
          Layer.catchAll((error) => (error._tag === "TooFewFounders" ? Layer.die(error) : Layer.fail(error))),
          Layer.provide(GivenPeers.layer(founders)),
          Layer.provide(keys.layer(this.signer)),
          Layer.provide(Layer.succeedContext(around))
        )
    }
    const neighbours = Layer.effect(
      KeyNetwork,
      Effect.map(KeyNetwork, (honest) => misled(honest, lies))
    )
    return build
      .node(options)
      .pipe(
        Layer.provide(Layer.provide(neighbours, Roster.layer(roster))),
        Layer.provide(keys.layer(this.signer)),
        Layer.provide(Layer.succeedContext(around))
      )
  }
}
