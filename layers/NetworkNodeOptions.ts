import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Address } from "../schemas/Address.ts"
import type { PeerDuty } from "../schemas/Directory.ts"
import { PeerRole } from "../schemas/Directory.ts"
import { Invalid } from "../schemas/Errors.ts"
import { PeerId } from "../schemas/Ids.ts"
import type { NetworkName } from "../schemas/Manifest.ts"
import { FaultModel } from "../schemas/Proof.ts"
import { sizeProblem } from "../src/cluster/Quorum.ts"
import type { DirectoryPolicy } from "../src/directory/DirectoryPolicy.ts"
import type { ActivationPolicy } from "./cluster/Activation.ts"
import type { ClusterNodeOptions } from "./cluster/ClusterNode.ts"
import type { Identity } from "./crypto/Identity.ts"
import * as MonitorOptions from "./monitor/MonitorOptions.ts"
import { nameOf, type StorageKind } from "./NodeDirectory.ts"
import type { BackOffPolicy } from "./network/libp2p/BackOff.ts"
import type { Libp2pOptions, Reach } from "./network/libp2p/Libp2pOptions.ts"
import type { WireLimits } from "./network/libp2p/WireLimits.ts"
import type { LevelStorageOptions } from "./storage/LevelStorage.ts"

/** What can be set of a node of a network, each with defaults that suit a laptop. */
export interface NetworkNodePolicy {
  /** What it takes on as a member of clusters. */
  readonly member: NonNullable<ClusterNodeOptions["member"]>
  /** How patiently it drives transactions, reads, and takes turns. */
  readonly patience: NonNullable<ClusterNodeOptions["patience"]>
  readonly storage: NonNullable<ClusterNodeOptions["storage"]>
  readonly transactions: NonNullable<ClusterNodeOptions["transactions"]>
  /** Of the store in a directory. */
  readonly level: Omit<LevelStorageOptions, "directory">
  /** How it comes to know other nodes, and notices who is gone. */
  readonly directory: Partial<DirectoryPolicy>
  /** When it takes over its part of the cluster index. */
  readonly activation: Partial<ActivationPolicy>
  /** What it takes on from its peers. */
  readonly wire: Partial<WireLimits>
  /** How long a peer that cannot be reached is left alone. */
  readonly backOff: BackOffPolicy
}

/** A node of a network, over sockets. */
export interface NetworkNodeOptions {
  /** The name of the network, the same on all of its nodes: part of all that is signed, and of what its protocols are called. */
  readonly network: string
  /** Where the data and the key of the node are kept; without it in memory, and gone with the process. */
  readonly directory?: string
  /** How the data is kept, as with `Node.layerLocal`. A node that keeps its key has to keep its promises: no `memory` in a directory. */
  readonly storage?: StorageKind
  /** Where the key is kept, made at the first start. Default: `identity.json` in the directory. */
  readonly identityFile?: string
  /** Who the node is, instead. One that was in a network before must come back with its store. */
  readonly identity?: Identity
  /** Where it listens, `/ip4/0.0.0.0/tcp/4001`; on no port in particular with `tcp/0`. Default: nowhere, it only dials. */
  readonly listen?: ReadonlyArray<string>
  /** What others are told to dial, instead of where it listens: behind a router. */
  readonly announce?: ReadonlyArray<string>
  /** Nodes to join by, with their ids: `/ip4/198.51.100.7/tcp/4001/p2p/12D3KooW…`. */
  readonly bootstrap?: ReadonlyArray<string>
  /** The peers of a private network: nobody else is dialled, answered or known. Default: everybody. */
  readonly allow?: ReadonlyArray<string>
  /** Default: `public`, unless it listens on addresses of this machine, or a private network, alone. */
  readonly reach?: Reach
  /** K, how many nodes keep a collection, the same on all nodes. Default: 4. */
  readonly clusterSize?: number
  /** What may go wrong with members, the same on all nodes. Default: `byzantine`. */
  readonly faultModel?: FaultModel
  /** The ids of all nodes there will ever be, the same on all of them. Without it the network grows. */
  readonly roster?: ReadonlyArray<string>
  /**
   * Of a network that grows: the ids of the nodes that it begins with, at least as many as a cluster has, the same on all of these.
   * A node that joins later needs none.
   */
  readonly founders?: ReadonlyArray<string>
  /** Default: `transaction`. */
  readonly role?: PeerRole
  /** What it does beside. Default: nothing. */
  readonly duties?: ReadonlyArray<PeerDuty>
  /** Where it tells over HTTP how it is: `/metrics`, `/health`, `/ready`. Default: nowhere. */
  readonly monitor?: MonitorOptions.MonitorOptions
  readonly policy?: Partial<NetworkNodePolicy>
}

/** Options that make sense, with what they leave to be chosen. */
export interface CheckedNodeOptions {
  readonly network: NetworkName
  readonly clusterSize: number
  readonly faultModel: FaultModel
  readonly wire: Libp2pOptions
  readonly roster: ReadonlyArray<PeerId> | undefined
  readonly founders: ReadonlyArray<PeerId>
}

/** How many nodes keep a collection where nothing else is said: the least that tolerate a liar. */
export const DEFAULT_CLUSTER_SIZE = 4

const invalid = (reason: string) => Either.left(new Invalid({ reason }))

/** Texts of one kind; `Invalid` names the one that is not. */
const allOf = <A>(schema: Schema.Schema<A, string>, what: string, texts: ReadonlyArray<string>) =>
  Either.all(
    texts.map((text) =>
      Either.mapLeft(
        Schema.decodeEither(schema)(text),
        () => new Invalid({ reason: `${JSON.stringify(text)} is no ${what}` })
      )
    )
  )
const peers = (texts: ReadonlyArray<string>) => allOf(PeerId, "id of a peer: 12D3KooW…", texts)
const addresses = (texts: ReadonlyArray<string>) => allOf(Address, "address: /ip4/…/tcp/…", texts)

/** Why some options cannot go together. */
const problemOf = ({ directory, founders, identityFile, roster, storage }: NetworkNodeOptions, size: number) => {
  if (storage === "memory" && (directory !== undefined || identityFile !== undefined)) {
    return "a node that keeps its key but not what it promised would break its promises: leave the key in memory, too"
  }
  if (roster !== undefined && founders !== undefined) return "a network has a roster, or founders, not both"
  return roster !== undefined && new Set(roster).size < size
    ? `a roster has at least as many nodes as a cluster, ${size}: it has ${new Set(roster).size}`
    : undefined
}

/** Options with what they leave to be chosen; `Invalid` says what is wrong with them. */
export const checked = (options: NetworkNodeOptions): Either.Either<CheckedNodeOptions, Invalid> =>
  Either.gen(function* () {
    const { clusterSize = DEFAULT_CLUSTER_SIZE, faultModel = "byzantine", policy = {} } = options
    const problem = sizeProblem(clusterSize, faultModel) ?? problemOf(options, clusterSize)
    if (problem !== undefined) return yield* invalid(problem)
    if (options.monitor !== undefined) yield* MonitorOptions.checked(options.monitor)
    const network = yield* nameOf(options.network)
    const wire: Libp2pOptions = {
      announce: yield* addresses(options.announce ?? []),
      listen: yield* addresses(options.listen ?? []),
      network,
      ...(options.allow !== undefined && { allow: yield* peers(options.allow) }),
      ...(options.bootstrap !== undefined && { bootstrap: options.bootstrap }),
      ...(options.reach !== undefined && { reach: options.reach }),
      ...(policy.wire !== undefined && { limits: policy.wire }),
      ...(policy.backOff !== undefined && { backOff: policy.backOff })
    }
    const roster = options.roster && (yield* peers(options.roster))
    return { clusterSize, faultModel, founders: yield* peers(options.founders ?? []), network, roster, wire }
  })

const list = (name: string) =>
  Config.map(Config.string(name), (text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "")
  )

const monitor = Config.mapOrFail(Config.string("MONITOR"), (text) =>
  Either.mapLeft(MonitorOptions.parse(text), ({ message }) => ConfigError.InvalidData([], message))
)

const optional = <A>(config: Config.Config<A>) => Config.withDefault(config, undefined)

/**
 * The options of a node, but for its policy, from `OPTIMYSTIC_NETWORK` and, where they are set, `OPTIMYSTIC_DIRECTORY`, `_STORAGE`,
 * `_IDENTITY_FILE`, `_REACH`, `_CLUSTER_SIZE`, `_FAULT_MODEL`, `_ROLE`, `_MONITOR` (`9464`, `0.0.0.0:9464`), and the lists with commas `_LISTEN`, `_ANNOUNCE`, `_BOOTSTRAP`,
 * `_ALLOW`, `_ROSTER` and `_FOUNDERS`.
 */
export const config: Config.Config<NetworkNodeOptions> = Config.all({
  allow: optional(list("ALLOW")),
  announce: optional(list("ANNOUNCE")),
  bootstrap: optional(list("BOOTSTRAP")),
  clusterSize: optional(Config.integer("CLUSTER_SIZE")),
  directory: optional(Config.nonEmptyString("DIRECTORY")),
  faultModel: optional(Config.literal(...FaultModel.literals)("FAULT_MODEL")),
  founders: optional(list("FOUNDERS")),
  identityFile: optional(Config.nonEmptyString("IDENTITY_FILE")),
  listen: optional(list("LISTEN")),
  monitor: optional(monitor),
  network: Config.nonEmptyString("NETWORK"),
  reach: optional(Config.literal("everywhere", "public")("REACH")),
  role: optional(Config.literal(...PeerRole.literals)("ROLE")),
  roster: optional(list("ROSTER")),
  storage: optional(Config.literal("level", "files", "memory")("STORAGE"))
}).pipe(
  Config.nested("OPTIMYSTIC"),
  Config.map(({ network, ...rest }) => ({ network, ...given(rest) }))
)

/** A record without what is undefined. */
const given = <A extends object>(record: A): { [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]?: Exclude<A[K], undefined>
  }
