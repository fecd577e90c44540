/** A configuration with real keys, real manifests and the members that the tables are made for. */
import * as Effect from "effect/Effect"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { type KeySignature, NetworkName, type Payload } from "../../schemas/Manifest.ts"
import type { Ballot, Certificate } from "../../schemas/Proof.ts"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import type { SignerService } from "../../services/Signer.ts"
import { defaultMemberPolicy, type MemberContext } from "../../src/cluster/member/MemberContext.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import { author, type Signed, type World } from "./Author.ts"
import { type Configuration, isTrusted } from "./Configuration.ts"
import { Notary } from "./Notary.ts"

/** A cluster on stage. Its honest members play one role: what one of them does in a situation, each of them would. */
export interface Cluster {
  readonly name: string
  /** As a manifest lists them. */
  readonly peers: ReadonlyArray<PeerId>
  /** Liars first: what they sign is there for the asking. */
  readonly signers: ReadonlyArray<SignerService>
  readonly honest: ReadonlyArray<string>
  readonly liars: number
  readonly isTrusted: boolean
  /** Who stands for all honest members when the real machine is asked. */
  readonly context: MemberContext
}

/** A transaction on stage. */
export interface Transaction extends Signed {
  readonly name: string
  /** The cluster of each shard. */
  readonly shards: ReadonlyArray<number>
  /** Ballot 0, then those of recoverers. */
  readonly ballots: ReadonlyArray<Ballot | null>
}

/** What a certificate says. */
export type Says = Omit<Certificate, "signatures">

/** Everybody and everything that a search is about. */
export interface Scene {
  readonly configuration: Configuration
  readonly clusters: ReadonlyArray<Cluster>
  readonly transactions: ReadonlyArray<Transaction>
  /** What created the collections, with the clusters that keep them. */
  readonly creations: ReadonlyArray<Transaction>
  /** The texts that honest members have signed since this was last asked. */
  readonly takeSigned: () => ReadonlyArray<string>
}

const NETWORK = NetworkName.make("explored")
const AUTHOR = 250
const RECOVERER = 251

const hasher: HasherService = Effect.runSync(Effect.provide(Hasher, NodeCrypto.layerHasher))

/** Sets the stage. */
export const sceneOf = (configuration: Configuration): Scene => {
  const notary = new Notary()
  let signed: Array<string> = []
  const clusters = clustersOf(configuration, notary, (text) => void signed.push(text))
  const authorship = {
    hasher,
    membersOf: (collection: string) => clusterOf(configuration, clusters, collection).peers,
    network: NETWORK,
    signer: notary.signer(AUTHOR)
  }
  const recoverer = notary.signer(RECOVERER).peer
  let count = 0
  let world: World = new Map()
  const prepare = (name: string, writes: ReadonlyArray<string>, reads: ReadonlyArray<string>, ballots: number) => {
    const transaction = author(authorship, count++, world, writes, reads)
    const shards = transaction.signed.manifest.shards.map(({ members }) =>
      clusters.findIndex(({ peers }) => peers.join() === members.join())
    )
    const numbered = Array.from({ length: ballots }, (_, i): Ballot => ({ n: i + 1, peer: recoverer }))
    return { ...transaction, ballots: [null, ...numbered], name, shards }
  }
  const creations = Object.keys(configuration.collections).map((collection) => {
    const creation = prepare(`the creation of ${collection}`, [collection], [], 0)
    world = creation.world
    return creation
  })
  const transactions = configuration.transactions.map(({ ballots, name, reads = [], writes }) =>
    prepare(name, writes, reads, ballots)
  )
  const takeSigned = () => {
    const taken = signed
    signed = []
    return taken
  }
  return { clusters, configuration, creations, takeSigned, transactions }
}

const clustersOf = (
  configuration: Configuration,
  notary: Notary,
  tell: (text: string) => void
): ReadonlyArray<Cluster> => {
  let seed = 0
  const clusters: ReadonlyArray<Cluster> = Object.entries(configuration.clusters).map(([name, members]) => {
    const { honest, liars } = members
    const liarSigners = liars.map(() => notary.signer(++seed))
    const honestSigners = honest.map(() => notary.signer(++seed))
    const signers = [...liarSigners, ...honestSigners]
    const number = seed
    const context: MemberContext = {
      clusterSize: signers.length,
      faultModel: configuration.faultModel,
      hasher,
      hasRoster: true,
      membership: {
        closest: (header) => {
          const collection = Object.keys(configuration.collections).find((one) => collectionId(hasher, one) === header)
          return clusterOf(configuration, clusters, collection!).peers
        },
        home: () => undefined,
        isAdmitted: () => true,
        objection: () => undefined
      },
      network: NETWORK,
      policy: defaultMemberPolicy,
      signer: notary.signer(number, tell),
      verifier: notary.verifier
    }
    const peers = signers.map(({ peer }) => peer).sort()
    return { context, honest, isTrusted: isTrusted(members), liars: liars.length, name, peers, signers }
  })
  return clusters
}

const clusterOf = ({ collections }: Configuration, clusters: ReadonlyArray<Cluster>, collection: string): Cluster =>
  clusters.find(({ name }) => name === collections[collection])!

/** How much is behind a message: all signatures of a cluster, or none but those that liars give at any time. */
export type Strength = "proved" | "claimed"

/** A certificate with so many signatures of a cluster: which members they are of makes no difference to whoever counts them. */
export const certify = (
  { context, signers }: Cluster,
  { action }: Transaction,
  says: Says,
  signatures: number
): Certificate => {
  const sign = (signer: SignerService, claim: Says) => signClaim(signer, context.network, { ...claim, action })
  // Where nobody signs, there is a signature of something else.
  const signed =
    signatures === 0
      ? [sign(signers[0]!, { ...says, kind: "author" })]
      : signers.slice(0, signatures).map((signer) => sign(signer, says))
  return { ...says, signatures: signed as unknown as readonly [KeySignature] }
}

/** A certificate as strong as that. */
export const certifyAs = (cluster: Cluster, transaction: Transaction, says: Says, strength: Strength): Certificate =>
  certify(cluster, transaction, says, strength === "proved" ? cluster.signers.length : cluster.liars)

/** The transforms that the members of a cluster need. */
export const payloadFor = ({ payload, shards, signed }: Transaction, cluster: number): Payload => {
  const own = signed.manifest.shards.filter((_, index) => shards[index] === cluster)
  return Object.fromEntries(
    Object.entries(payload).filter(([id]) => own.some(({ writes }) => Object.hasOwn(writes, id)))
  )
}
