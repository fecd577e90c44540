/** The members, transactions and signatures of a script. */
import type { FailedEnding, JoinStatement, MemberAnswer, MemberRequest } from "../../../schemas/Cluster.ts"
import type { ActionId, BlockId, CollectionId, PeerId } from "../../../schemas/Ids.ts"
import type { KeySignature, Manifest, Payload } from "../../../schemas/Manifest.ts"
import type { Certificate, FaultModel } from "../../../schemas/Proof.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import type { StorageRecord, StorageWrite } from "../../../services/RawStorage.ts"
import type { SignerService } from "../../../services/Signer.ts"
import { type EnterPlan, enter } from "../../../src/cluster/member/enter.ts"
import { type MemberEvent, type MemberOutput, step } from "../../../src/cluster/member/Member.ts"
import {
  defaultMemberPolicy,
  type MemberContext,
  type MemberPolicy
} from "../../../src/cluster/member/MemberContext.ts"
import { emptyMember, evolve, type MemberState, viewOf } from "../../../src/cluster/member/MemberState.ts"
import { rebuild } from "../../../src/cluster/member/rebuild.ts"
import { peerIdOf } from "../../../src/encoding/PeerIdentity.ts"
import { signClaim } from "../../../src/encoding/Statements.ts"
import { encode } from "../../../src/storage/StorageKeyCodec.ts"
import type { Mutable } from "../../storage/Planning.ts"
import { Author, emptyWorld, type Intent, type Prepared, type World } from "../../storage/Requests.ts"
import { hasher, network, signerOf, verifier } from "../../storage/TestServices.ts"
import { certify, peersOf } from "../Signatures.ts"
import { plainOf } from "./plainOf.ts"

/** A member on stage: what it knows, and what of it would survive. */
interface Actor {
  readonly signer: SignerService
  readonly context: MemberContext
  readonly records: Map<string, StorageRecord>
  state: MemberState
}

/** What a member did in one step; what it deleted was there. */
export interface Act {
  readonly outputs: ReadonlyArray<MemberOutput>
  readonly writes: ReadonlyArray<StorageWrite>
}

/** A signature that somebody made, and what it is over. */
interface Made {
  readonly action: ActionId
  readonly certificate: Omit<Certificate, "signatures">
  readonly signed: KeySignature
}

const AUTHOR_SEED = 200

/** Everything that a script is about. Signatures are kept as they come to exist: anybody may use any of them, any time. */
export class Stage {
  faultModel: FaultModel = "byzantine"
  hasRoster = true
  /** What all members hold, and transactions start from unless they say otherwise. */
  world: World = emptyWorld
  readonly actors = new Map<string, Actor>()
  readonly clusters = new Map<string, ReadonlyArray<string>>()
  readonly places = new Map<string, string>()
  /** Where single members believe that a collection is to be kept. */
  readonly beliefs = new Map<string, Map<string, string>>()
  readonly transactions = new Map<string, Prepared>()
  readonly strangers = new Set<PeerId>()
  /** Which homes single members know of, though they are no members there. */
  readonly homes = new Map<string, Map<CollectionId, string>>()
  policy: MemberPolicy = defaultMemberPolicy
  /** Blocks beside headers and logs, by the names that a script gives them. */
  readonly leaves = new Map<string, BlockId>()
  readonly #made: Array<Made> = []
  readonly #statements = new Map<string, JoinStatement>()
  readonly #author = new Author({
    hasher,
    membersOf: (name) => this.membersIn(this.places.get(name) ?? fail(`${name} has no place`)),
    network,
    signer: signerOf(AUTHOR_SEED)
  })

  addCluster(name: string, members: ReadonlyArray<string>): void {
    this.clusters.set(name, members)
    for (const member of members) if (!this.actors.has(member)) this.#addActor(member, members.length)
  }

  /** The members of a cluster, as a manifest lists them. */
  membersIn(cluster: string): ReadonlyArray<PeerId> {
    const names = this.clusters.get(cluster) ?? fail(`there is no cluster ${cluster}`)
    return peersOf(names.map((name) => this.actor(name).signer)).toSorted()
  }

  actor(name: string): Actor {
    return this.actors.get(name) ?? fail(`there is no member ${name}`)
  }

  nameOf(peer: PeerId): string {
    return [...this.actors].find(([, { signer }]) => signer.peer === peer)?.[0] ?? "a stranger"
  }

  collection(name: string): CollectionId {
    return this.#author.collection(name)
  }

  transaction(name: string): Prepared {
    return this.transactions.get(name) ?? fail(`there is no transaction ${name}`)
  }

  nameOfAction(action: ActionId): string {
    return [...this.transactions].find(([, { actionId }]) => actionId === action)?.[0] ?? "another"
  }

  /** What a block is to a reader: its collection, and what it is in it. */
  nameOfBlock(id: BlockId): string {
    for (const name of this.places.keys()) if (this.collection(name) === id) return name
    for (const [name, leaf] of this.leaves) if (leaf === id) return name
    for (const { world } of this.transactions.values()) {
      const header = world.get(id)?.block?.header
      if (header !== undefined) return `${this.nameOfBlock(header.collectionId)}.${header.type}`
    }
    return "a block"
  }

  prepare(name: string, intent: Intent, from: World = this.world): Prepared {
    const prepared = this.#author.transaction(from, intent)
    this.transactions.set(name, prepared)
    return prepared
  }

  /** The same transaction with another result for one of its blocks than it has, signed by its author all the same. */
  spoil(name: string, from: string): void {
    const prepared = this.transaction(from)
    const manifest = structuredClone(prepared.request.signed.manifest) as Mutable<Manifest>
    for (const write of Object.values(manifest.shards[0].writes)) write.after = write.change
    const signed = this.#author.sign(manifest as Manifest, prepared.request.payload)
    this.transactions.set(name, { ...prepared, ...signed })
  }

  /** The same transaction under the signatures of others beside its author's. */
  cosign(name: string, from: string, signers: ReadonlyArray<SignerService>): void {
    const prepared = this.transaction(from)
    const { actionId, request } = prepared
    const { manifest, signatures } = request.signed
    const more = signers.map((signer) => signClaim(signer, network, { action: actionId, kind: "author" }))
    const signed = { manifest, signatures: [...signatures, ...more] as const }
    this.transactions.set(name, { ...prepared, request: { ...request, signed } })
  }

  /** The transforms that a member needs: those of the shards that it is in. */
  payloadFor({ request }: Prepared, member: string): Payload {
    const { peer } = this.actor(member).signer
    const own = request.signed.manifest.shards.filter(({ members }) => members.includes(peer))
    const ids = own.flatMap(({ writes }) => Object.keys(writes) as Array<BlockId>)
    return Object.fromEntries(ids.map((id) => [id, request.payload[id]!]))
  }

  /** Lets a member take a step, and checks that what it then knows is what its records would leave it with. */
  act(member: string, event: MemberEvent): Act {
    const { outputs, state, writes } = step(this.actor(member).context, this.actor(member).state, event)
    const effective = this.#keep(member, state, writes)
    for (const output of outputs) if (output._tag === "Answer") this.#remember(member, event, output.answer)
    return { outputs, writes: effective }
  }

  /** Lets a member take an entry into its part of the cluster index. */
  enter(member: string, entry: CertifiedRevision): EnterPlan {
    const { context, state } = this.actor(member)
    const plan = enter(context, viewOf(state), entry)
    return { ...plan, writes: this.#keep(member, plan.changes.reduce(evolve, state), plan.writes) }
  }

  #keep(member: string, state: MemberState, writes: ReadonlyArray<StorageWrite>): ReadonlyArray<StorageWrite> {
    const actor = this.actor(member)
    actor.state = state
    const effective = writes.filter(({ key, type }) => type === "put" || actor.records.has(encode(key)))
    for (const write of effective) {
      const key = encode(write.key)
      if (write.type === "put") actor.records.set(key, { key: write.key, value: write.value })
      else actor.records.delete(key)
    }
    if (plainOf(rebuild(actor.records.values())) !== plainOf(state)) {
      throw new Error(`${member} knows something that is not durable`)
    }
    return effective
  }

  ask(member: string, request: MemberRequest): Act {
    return this.act(member, { _tag: "Request", from: signerOf(AUTHOR_SEED).peer, request })
  }

  /** Nothing is left of a member but its records. */
  restart(member: string): void {
    const actor = this.actor(member)
    actor.state = rebuild(actor.records.values())
  }

  /** Lets a member's key sign anything. */
  forge(member: string, action: ActionId, certificate: Omit<Certificate, "signatures">): void {
    const [signed] = certify(action, [this.actor(member).signer], certificate).signatures
    this.#made.push({ action, certificate, signed })
  }

  addStatement(member: string, action: ActionId, ballot: number, statement: JoinStatement): void {
    this.#statements.set(`${member} ${action} ${ballot}`, statement)
  }

  statement(member: string, action: ActionId, ballot: number): JoinStatement {
    return this.#statements.get(`${member} ${action} ${ballot}`) ?? fail(`${member} has not joined ballot ${ballot}`)
  }

  /** All that anybody signed for a claim, as a certificate; undefined where nobody did. */
  existing(action: ActionId, says: Omit<Certificate, "signatures">): Certificate | undefined {
    const found = this.#made.filter((made) => made.action === action && sameClaim(made.certificate, says))
    const [first, ...others] = new Map(found.map(({ signed }) => [signed.key, signed])).values()
    return first === undefined ? undefined : { ...says, signatures: [first, ...others] }
  }

  /** The same, where there must be one. */
  certificate(action: ActionId, says: Omit<Certificate, "signatures">): Certificate {
    return this.existing(action, says) ?? fail(`nobody signed ${says.kind}`)
  }

  /** What shows that a transaction never commits, from the signatures that exist. */
  failedEnding(
    action: ActionId,
    how: "abort" | "refusals",
    ballots: ReadonlyArray<Certificate["ballot"]>
  ): FailedEnding {
    const claims: ReadonlyArray<Omit<Certificate, "signatures">> =
      how === "abort"
        ? ballots.map((ballot) => ({ ballot, kind: "accepted", shard: 0, value: "abort" }))
        : [0, 1].map((shard) => ({ ballot: null, kind: "refuse", shard, value: null }))
    const [certificate] = claims
      .flatMap((claim) => this.existing(action, claim) ?? [])
      .toSorted((a, b) => b.signatures.length - a.signatures.length)
    if (certificate === undefined) return fail(`there is no sign of ${how}`)
    return how === "abort" ? { _tag: "Aborted", decision: certificate } : { _tag: "Rejected", refusals: certificate }
  }

  #addActor(name: string, clusterSize: number): void {
    const signer = signerOf(this.actors.size + 1)
    const stage = this
    const context: MemberContext = {
      clusterSize,
      get faultModel() {
        return stage.faultModel
      },
      get hasRoster() {
        return stage.hasRoster
      },
      hasher,
      membership: {
        closest: (header) => {
          const collection = [...this.places.keys()].find((known) => this.collection(known) === header)
          const place = this.beliefs.get(name)?.get(collection ?? "") ?? this.places.get(collection ?? "")
          return place === undefined ? [] : this.membersIn(place)
        },
        home: (collection) => {
          const cluster = this.homes.get(name)?.get(collection)
          return cluster === undefined ? undefined : this.membersIn(cluster)
        },
        isAdmitted: (peer) => !this.strangers.has(peer),
        objection: () => undefined
      },
      network,
      get policy() {
        return stage.policy
      },
      signer,
      verifier
    }
    this.actors.set(name, { context, records: new Map(), signer, state: emptyMember })
  }

  #remember(member: string, event: MemberEvent, answer: MemberAnswer): void {
    if (event._tag !== "Request") return
    const { request } = event
    const action = actionOf(request, this)
    if (action === undefined) return
    const add = (signed: KeySignature, certificate: Omit<Certificate, "signatures">) =>
      this.#made.push({ action, certificate, signed })
    switch (answer._tag) {
      case "Approved":
      case "Declined": {
        const kind = answer._tag === "Approved" ? "approve" : "refuse"
        for (const { shard, signed } of answer.votes) add(signed, { ballot: null, kind, shard, value: null })
        return
      }
      case "Joined":
        this.addStatement(member, action, answer.ballot.n, answer.statement)
        return
      case "Prepared":
        add(answer.signed, { ballot: answer.ballot, kind: "prepared", shard: 0, value: answer.value })
        return
      case "Accepted":
        add(answer.signed, { ...answer.acceptance, kind: "accepted", shard: 0 })
    }
  }
}

const sameClaim = (a: Omit<Certificate, "signatures">, b: Omit<Certificate, "signatures">): boolean =>
  a.kind === b.kind &&
  a.shard === b.shard &&
  a.value === b.value &&
  JSON.stringify(a.ballot) === JSON.stringify(b.ballot)

const actionOf = (request: MemberRequest, stage: Stage): ActionId | undefined => {
  if ("actionId" in request) return request.actionId
  if (!("signed" in request)) return undefined
  return [...stage.transactions.values()].find((known) => known.request.signed.manifest === request.signed?.manifest)
    ?.actionId
}

/** A script that cannot be followed: it asks for something that does not exist. */
export class NotPossible extends Error {
  override readonly name = "NotPossible"
}

/** Gives up on a script. */
export const fail = (reason: string): never => {
  throw new NotPossible(reason)
}

/** Who signed a certificate. */
export const signersOf = ({ signatures }: Certificate): ReadonlyArray<PeerId> =>
  signatures.map(({ key }) => peerIdOf(key))
