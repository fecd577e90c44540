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

/** What a plot does, beside all that the signatures allow, that nobody is to grant: to do one thing of them often is more than all at times. */
const CRIMES = ["none", "acceptances", "ends", "shards", "statements"] as const

/** Ballots that it leads. */
export const BALLOTS = 3
const DECISIONS: ReadonlyArray<Decision> = ["commit", "abort"]
/** A plot about one transaction. */
export class Plot {
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
    this.#crime = context.prng.pick(CRIMES)
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
    const { action, signed } = this.#driven
    const isLast = this.#ballots.length >= BALLOTS && this.#crime !== "shards"
    const pend: Move = (peer) =>
      isLast || this.#voters.has(peer)
        ? { _tag: "Pend", ...requestFor(this.#driven, peer) }
        : { _tag: "Ask", actionId: action, wantsPayload: false }
    const joins = this.#ballots.map(
      (ballot): Move =>
        () => ({ _tag: "Join", ballot, signed })
    )
    const proposals = this.#ballots.flatMap((ballot) => this.#proposals(ballot))
    const ends = this.#crime === "ends" ? this.#endings(false).map((ending) => this.#tell(ending)) : []
    return [pend, ...joins, ...proposals, ...this.#acceptances, ...ends]
  }

  /** The ends that it can prove: of a transaction that is handled by the rules there is one at most. */
  get ends(): ReadonlyArray<Move> {
    return this.#endings(true).map((ending) => this.#tell(ending))
  }

  /** What it can ask to be accepted: commit in ballot 0, and what was prepared later. */
  get #acceptances(): ReadonlyArray<Move> {
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

  #accept(acceptance: Parameters<typeof accepted>[0], proof: readonly [Certificate, ...Array<Certificate>]): Move {
    const { action: actionId, signed } = this.#driven
    return () => ({ _tag: "Accept", acceptance, actionId, proof, signed })
  }

  /** What Q statements justify: others' as they come, and one of its own that says what suits it. */
  #proposals(ballot: Ballot): ReadonlyArray<Move> {
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
      (value): Move =>
        (peer) => {
          const { payload } = requestFor(this.#driven, peer)
          return { _tag: "Propose", ballot, payload, signed, statements, value }
        }
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
