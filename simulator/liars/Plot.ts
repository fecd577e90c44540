/**
 * What a coordinator that lies can do to one transaction, its own or another's: everything that the signatures it has got hold of
 * allow, towards each end at once, and some of what they do not allow.
 */
import type { Ending, JoinStatement, MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../schemas/Ids.ts"
import type { Payload, SignedManifest } from "../../schemas/Manifest.ts"
import type { Ballot, Certificate, Decision, JoinValue } from "../../schemas/Proof.ts"
import { isOneRound } from "../../src/cluster/ClusterRules.ts"
import { allMembers, type Driven, proofOf, requestFor, tell } from "../../src/cluster/driver/Drive.ts"
import { needsPends } from "../../src/cluster/evidence/AcceptanceProof.ts"
import { justify } from "../../src/cluster/evidence/Justification.ts"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import { accepted, Hoard, vote } from "./Hoard.ts"
import type { LiarContext } from "./Liar.ts"

/** Something that may be asked of each member. */
export type Move = (member: PeerId) => MemberRequest

/** A move that brings a transaction nearer to one of its ends. */
export interface MoveTowards {
  readonly value: Decision
  readonly move: Move
}

/** What a plot does, beside all that the signatures allow, that nobody is to grant: to do one thing of them often is more than all at times. */
const CRIMES = ["none", "acceptances", "ends", "shards", "statements"] as const

/** Those of a campaign, which needs what it does to be granted. */
const CRIMES_OF_CAMPAIGN = ["none", "shards", "statements"] as const
/** It is a campaign so many times of so many. */
const CAMPAIGNS = { of: 3, times: 2 } as const

/** Ballots that it leads. */
export const BALLOTS = 3
export const DECISIONS: ReadonlyArray<Decision> = ["commit", "abort"]
/** What statements justify depends on which are shown: so often it shuffles them until they suit it. */
const SHUFFLES = 6

/** A plot about one transaction. */
export class Plot {
  /** Whether it goes step by step: see `Campaign`. */
  readonly isCampaign: boolean
  readonly #context: LiarContext
  readonly #hoard: Hoard
  readonly #quorums: ReturnType<typeof quorumsOf>
  readonly #crime: (typeof CRIMES)[number]
  /** Who is asked to vote from the start; others only in the last ballot, or never. */
  readonly #voters: ReadonlySet<PeerId>
  #driven: Driven
  /** The highest number of a ballot that was heard of. */
  #highest = 0
  readonly #ballots: Array<Ballot> = []

  constructor(context: LiarContext, action: ActionId, signed: SignedManifest) {
    this.#context = context
    this.#hoard = new Hoard(context, action)
    this.isCampaign = context.prng.nextInt(CAMPAIGNS.of) < CAMPAIGNS.times
    this.#crime = context.prng.pick<(typeof CRIMES)[number]>(this.isCampaign ? CRIMES_OF_CAMPAIGN : CRIMES)
    this.#quorums = quorumsOf(signed.manifest.shards[0].members.length, context.faultModel)
    this.#driven = { action, payload: {}, signed }
    const primary = signed.manifest.shards[0].members
    const asked = this.#crime === "shards" ? this.victims.filter((peer) => primary.includes(peer)) : this.victims
    this.#voters = new Set(asked.filter(() => context.prng.nextInt(2) === 0))
    this.raise()
  }

  /** Begins a ballot above all that it has heard of. */
  raise(): void {
    this.#highest += 1
    this.#ballots.push({ n: this.#highest, peer: this.#context.signer.peer })
  }

  /** Everybody else whom it concerns. */
  get victims(): ReadonlyArray<PeerId> {
    return [...allMembers(this.#driven.signed.manifest)].filter((peer) => peer !== this.#context.signer.peer)
  }

  addPayload(payload: Payload): void {
    this.#driven = { ...this.#driven, payload: { ...this.#driven.payload, ...payload } }
  }

  /** Keeps what is signed in an answer. */
  learn(answer: MemberAnswer): void {
    const hoard = this.#hoard
    switch (answer._tag) {
      case "Approved":
      case "Declined": {
        const kind = answer._tag === "Approved" ? "approve" : "refuse"
        for (const { shard, signed } of answer.votes) hoard.add(vote(kind, shard), signed)
        return
      }
      case "Joined":
        hoard.addStatement(answer.ballot, answer.statement)
        for (const certificate of answer.statement.proof ?? []) hoard.addAll(certificate)
        return
      case "Prepared":
        hoard.add({ ballot: answer.ballot, kind: "prepared", shard: 0, value: answer.value }, answer.signed)
        return
      case "Outranked":
        this.#highest = Math.max(this.#highest, answer.joined.n)
        return
      case "Accepted":
        hoard.add(accepted(answer.acceptance), answer.signed)
        for (const certificate of answer.proof) hoard.addAll(certificate)
        return
      case "Ended":
        if (answer.ending._tag !== "Committed") return
        hoard.addAll(answer.ending.proof.decision)
        for (const pend of answer.ending.proof.pends ?? []) hoard.addAll(pend)
        return
      default:
        return
    }
  }

  /** What can be asked for now. */
  get moves(): ReadonlyArray<Move> {
    const isLast = this.#ballots.length >= BALLOTS && this.#crime !== "shards"
    const pend: Move = (peer) => (isLast || this.#voters.has(peer) ? this.pend(peer) : this.#ask)
    const proposals = this.#ballots.flatMap((ballot) => this.#proposals(ballot))
    const ends = this.#crime === "ends" ? this.#endings(false).map((ending) => this.#tell(ending)) : []
    return [
      pend,
      ...this.#ballots.map((ballot) => this.#join(ballot)),
      ...[...proposals, ...this.acceptances].map(({ move }) => move),
      ...ends
    ]
  }

  /** Asks for a vote. */
  readonly pend: Move = (peer) => ({ _tag: "Pend", ...requestFor(this.#driven, peer) })

  /** Asks to join the ballot that was begun last. */
  get join(): Move {
    return this.#join(this.#ballots.at(-1)!)
  }

  /** Asks to prepare what it can justify in that ballot, towards each end. */
  get proposals(): ReadonlyArray<MoveTowards> {
    const all = Array.from({ length: SHUFFLES }, () => this.#proposals(this.#ballots.at(-1)!)).flat()
    return DECISIONS.flatMap((towards) => all.find(({ value }) => value === towards) ?? [])
  }

  get #ask(): MemberRequest {
    return { _tag: "Ask", actionId: this.#driven.action, wantsPayload: false }
  }

  #join(ballot: Ballot): Move {
    return () => ({ _tag: "Join", ballot, signed: this.#driven.signed })
  }

  /** The ends that it can prove: of a transaction that is handled by the rules there is one at most. */
  get ends(): ReadonlyArray<Move> {
    return this.#endings(true).map((ending) => this.#tell(ending))
  }

  /** What it can ask to be accepted: commit in ballot 0, and what was prepared later. */
  get acceptances(): ReadonlyArray<MoveTowards> {
    const { manifest } = this.#driven.signed
    const pends = this.#pends
    const [first, ...others] = pends ?? []
    const inBallotZero =
      first === undefined ? [] : [this.#accept({ ballot: null, value: "commit" }, [first, ...others])]
    const needed = this.#crime === "acceptances" ? 1 : this.#quorums.quorum
    const later = this.#ballots.flatMap((ballot) =>
      DECISIONS.flatMap((value) => {
        const prepared = this.#certificate({ ballot, kind: "prepared", shard: 0, value }, needed)
        const shown = needsPends(this.#context, manifest, value) ? pends : []
        return prepared === undefined || shown === undefined
          ? []
          : [this.#accept({ ballot, value }, [prepared, ...shown])]
      })
    )
    return [...inBallotZero, ...later]
  }

  /** How many others it takes with it to make a quorum of the primary shard, and who may be asked. */
  get accomplices(): { readonly needed: number; readonly of: ReadonlyArray<PeerId> } {
    const own = this.#context.signer.peer
    const of = this.#primary.filter((peer) => peer !== own)
    return { needed: this.#quorums.quorum - (this.#primary.length - of.length), of }
  }

  /** Who is asked for the votes of the other shards: nobody, where it does without these. */
  get votersElsewhere(): ReadonlyArray<PeerId> {
    return this.#crime === "shards" ? [] : this.victims.filter((peer) => !this.#primary.includes(peer))
  }

  get #primary(): ReadonlyArray<PeerId> {
    return this.#driven.signed.manifest.shards[0].members
  }

  #certificate(assertion: Parameters<Hoard["certificate"]>[0], needed: number, shard = 0): Certificate | undefined {
    const members = this.#driven.signed.manifest.shards[shard]?.members ?? []
    const certificate = this.#hoard.certificate(assertion, members)
    return certificate !== undefined && certificate.signatures.length >= needed ? certificate : undefined
  }

  /** The pend certificates of all shards; as a crime, that of another shard where there is none. */
  get #pends(): ReadonlyArray<Certificate> | undefined {
    const { quorum } = this.#quorums
    const { shards } = this.#driven.signed.manifest
    const each = shards.map((_, shard) => this.#certificate(vote("approve", shard), quorum, shard))
    const known = each.flatMap((pend) => pend ?? [])
    if (known.length === shards.length) return known
    const [any] = known
    return this.#crime === "shards" && any !== undefined ? each.map((pend) => pend ?? any) : undefined
  }

  #accept(
    acceptance: Parameters<typeof accepted>[0],
    proof: readonly [Certificate, ...Array<Certificate>]
  ): MoveTowards {
    const { action: actionId, signed } = this.#driven
    return { move: () => ({ _tag: "Accept", acceptance, actionId, proof, signed }), value: acceptance.value }
  }

  /** What Q statements justify: others' as they come, and one of its own that says what suits it. */
  #proposals(ballot: Ballot): ReadonlyArray<MoveTowards> {
    const { prng, signer } = this.#context
    const { action, signed } = this.#driven
    const known = prng.shuffle(this.#hoard.statements(ballot))
    const own = this.#primary.includes(signer.peer) ? [this.#statement(ballot)] : []
    const statements = prng.shuffle([...own, ...known].slice(0, this.#quorums.quorum))
    if (statements.length < this.#quorums.quorum) return []
    const justified = justify(this.#context, action, signed.manifest, ballot, statements)
    const told = new Set(statements.flatMap(({ value }) => value.acceptance?.value ?? []))
    // Members that check less than they should might grant what any of the statements tells of.
    const values = typeof justified === "string" ? told : new Set([...told, justified.value])
    return [...values].map(
      (value): MoveTowards => ({
        move: (peer) => {
          const { payload } = requestFor(this.#driven, peer)
          return { _tag: "Propose", ballot, payload, signed, statements, value }
        },
        value
      })
    )
  }

  #statement(ballot: Ballot): JoinStatement {
    const { network, prng, signer } = this.#context
    const isFalse = this.#crime === "statements"
    const below = prng.pick<Ballot | null>([null, ...this.#ballots.filter(({ n }) => n < ballot.n)])
    const acceptance = isFalse ? { ballot: below, value: below === null ? "commit" : prng.pick(DECISIONS) } : null
    const value: JoinValue = { acceptance, approved: prng.nextInt(2) === 0 }
    const proof = acceptance === null ? undefined : this.#certificate(accepted(acceptance), 1)
    const claim = { action: this.#driven.action, ballot, kind: "join", value } as const
    return { signed: signClaim(signer, network, claim), value, ...(proof !== undefined && { proof: [proof] as const }) }
  }

  #endings(isProved: boolean): ReadonlyArray<Ending> {
    const { manifest } = this.#driven.signed
    const { fastQuorum, quorum } = this.#quorums
    const ballots: ReadonlyArray<Ballot | null> = [null, ...this.#ballots]
    const needed = (count: number) => (isProved ? count : 1)
    const decided = (value: Decision) =>
      ballots.flatMap((ballot) => this.#certificate(accepted({ ballot, value }), needed(quorum)) ?? [])
    const fast = isOneRound(this.#context, manifest)
      ? (this.#certificate(vote("approve", 0), needed(fastQuorum)) ?? [])
      : []
    const refusals = manifest.shards.flatMap(
      (_, shard) => this.#certificate(vote("refuse", shard), needed(quorum), shard) ?? []
    )
    // Its pend certificates are left out, too: they prove that each shard has agreed.
    const pends = this.#crime === "shards" ? [] : (this.#pends ?? [])
    return [
      ...[...decided("commit"), ...[fast].flat()].map(
        (decision): Ending => ({ _tag: "Committed", proof: proofOf(this.#context, this.#driven, decision, pends) })
      ),
      ...decided("abort").map((decision): Ending => ({ _tag: "Aborted", decision })),
      ...refusals.map((refusals): Ending => ({ _tag: "Rejected", refusals }))
    ]
  }

  #tell(ending: Ending): Move {
    return (peer) => tell(this.#driven, peer, ending, false)
  }
}
