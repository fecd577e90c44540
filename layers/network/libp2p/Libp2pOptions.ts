import { multiaddr } from "@multiformats/multiaddr"
import * as Config from "effect/Config"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Address } from "../../../schemas/Address.ts"
import { Invalid } from "../../../schemas/Errors.ts"
import { PeerId } from "../../../schemas/Ids.ts"
import { NetworkName } from "../../../schemas/Manifest.ts"
import { type BackOffPolicy, defaultBackOff } from "./BackOff.ts"
import { defaultWireLimits, type WireLimits } from "./WireLimits.ts"

/** Where a node's peers are: what it takes for an address that leads somewhere. */
export type Reach =
  /** On this machine, and elsewhere. */
  | "everywhere"
  /** In the public internet: addresses of private networks are not passed on. */
  | "public"

/** A node on libp2p. */
export interface Libp2pOptions {
  /** The network: part of what all of its protocols are called. */
  readonly network: NetworkName
  /** Where it listens, `/ip4/0.0.0.0/tcp/4001`; on no port in particular with `tcp/0`. Default: nowhere, it only dials. */
  readonly listen?: ReadonlyArray<Address>
  /** What others are told to dial, instead of where it listens: behind a router. */
  readonly announce?: ReadonlyArray<Address>
  /** Peers to start from, with their ids: `/ip4/198.51.100.7/tcp/4001/p2p/12D3KooW…`. They are dialled until each has answered once. */
  readonly bootstrap?: ReadonlyArray<string>
  /** The peers of a private network: nobody else is dialled or answered. Default: everybody. */
  readonly allow?: ReadonlyArray<PeerId>
  /** Default: `public`, unless it listens on addresses of this machine, or a private network, alone. */
  readonly reach?: Reach
  readonly limits?: Partial<WireLimits>
  /** How long a peer that cannot be reached is left alone. */
  readonly backOff?: BackOffPolicy
}

/** An address to start from. */
export interface BootstrapPeer {
  readonly peer: PeerId
  readonly address: Address
}

/** Options that are complete and make sense. */
export interface CheckedOptions {
  readonly network: NetworkName
  readonly listen: ReadonlyArray<Address>
  readonly announce: ReadonlyArray<Address>
  readonly bootstrap: ReadonlyArray<BootstrapPeer>
  readonly allow: ReadonlySet<PeerId> | undefined
  readonly reach: Reach
  readonly limits: WireLimits
  readonly backOff: BackOffPolicy
}

/** Loopback and the networks that are nobody's (RFC 1918, RFC 4193). */
const PRIVATE = /^\/(?:ip4\/(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|ip6\/(?:::1\/|f[cd]))/i
const BOOTSTRAP = /^(\/.+)\/p2p\/(12D3KooW[^/]+)$/

const isPeerId = Schema.is(PeerId)
const isAddress = Schema.is(Address)

const bootstrapPeer = (text: string): Either.Either<BootstrapPeer, Invalid> => {
  const [, address, peer] = BOOTSTRAP.exec(text) ?? []
  return isAddress(address) && isPeerId(peer) && isMultiaddr(address)
    ? Either.right({ address, peer })
    : Either.left(
        new Invalid({ reason: `${JSON.stringify(text)} is no address to start from: /ip4/…/tcp/…/p2p/12D3KooW…` })
      )
}

const isMultiaddr = (text: string): boolean => {
  try {
    multiaddr(text)
    return true
  } catch {
    return false
  }
}

/** Options with what they leave to be chosen; `Invalid` where an address is none. */
export const checked = (options: Libp2pOptions): Either.Either<CheckedOptions, Invalid> =>
  Either.gen(function* () {
    const { allow, announce = [], backOff = defaultBackOff, bootstrap = [], limits, listen = [], network } = options
    const wrong = [...listen, ...announce].find((address) => !isMultiaddr(address))
    if (wrong !== undefined) yield* Either.left(new Invalid({ reason: `${JSON.stringify(wrong)} is no address` }))
    const isPrivate = listen.length > 0 && listen.every((address) => PRIVATE.test(address))
    return {
      allow: allow && new Set(allow),
      announce,
      backOff,
      bootstrap: yield* Either.all(bootstrap.map(bootstrapPeer)),
      limits: { ...defaultWireLimits, ...limits },
      listen,
      network,
      reach: options.reach ?? (isPrivate ? "everywhere" : "public")
    }
  })

const listOf = <A>(name: string, schema: Schema.Schema<A, string>) =>
  Config.withDefault(Schema.Config(name, Schema.compose(Schema.split(","), Schema.Array(schema))), undefined)

/**
 * The options of a node, from `OPTIMYSTIC_NETWORK`, and where they are set from `OPTIMYSTIC_LISTEN`, `_ANNOUNCE`, `_BOOTSTRAP` and `_ALLOW`,
 * lists with commas, and `OPTIMYSTIC_REACH`.
 */
export const config: Config.Config<Libp2pOptions> = Config.all({
  allow: listOf("ALLOW", PeerId),
  announce: listOf("ANNOUNCE", Address),
  bootstrap: listOf("BOOTSTRAP", Schema.String),
  listen: listOf("LISTEN", Address),
  network: Schema.Config("NETWORK", NetworkName),
  reach: Config.withDefault(Config.literal("everywhere", "public")("REACH"), undefined)
}).pipe(
  Config.nested("OPTIMYSTIC"),
  Config.map(({ network, ...rest }) => ({
    network,
    ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Omit<
      Libp2pOptions,
      "network"
    >)
  }))
)
