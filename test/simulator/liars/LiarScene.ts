/** A liar among three honest members of a cluster of four, and one peer that is no member: what it says, and what they make of it. */
import * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../../../schemas/Cluster.ts"
import type { BlockId, PeerId } from "../../../schemas/Ids.ts"
import { NetworkName } from "../../../schemas/Manifest.ts"
import type { SignerService } from "../../../services/Signer.ts"
import { KeyRing } from "../../../simulator/crypto/KeyRing.ts"
import { type Authorship, author, type Signed, type World } from "../../../simulator/explore/Author.ts"
import type { FaultKind } from "../../../simulator/FaultCounts.ts"
import type { Liar, LiarContext, Lies, Sending } from "../../../simulator/liars/Liar.ts"
import type { ClusterRules } from "../../../src/cluster/ClusterRules.ts"
import { requestFor } from "../../../src/cluster/driver/Drive.ts"
import { step } from "../../../src/cluster/member/Member.ts"
import { defaultMemberPolicy, type MemberContext } from "../../../src/cluster/member/MemberContext.ts"
import { emptyMember, type MemberState } from "../../../src/cluster/member/MemberState.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { hasher } from "../../storage/TestServices.ts"

const NETWORK = NetworkName.make("stage")
const MEMBERS = 4
const PEERS = 5

type Pend = Extract<MemberRequest, { _tag: "Pend" }>

/** Everybody, and what honest members know so far. */
export class LiarScene {
  readonly rules: ClusterRules
  readonly members: ReadonlyArray<PeerId>
  readonly honest: ReadonlyArray<PeerId>
  readonly liar: PeerId
  readonly outsider: PeerId
  readonly lies: Lies
  readonly told: Array<FaultKind> = []
  readonly context: LiarContext
  readonly #authorship: Authorship
  readonly #states = new Map<PeerId, MemberState>()
  readonly #contexts = new Map<PeerId, MemberContext>()
  #made = 0

  constructor(liar: Liar, seed = 1) {
    const ring = new KeyRing(hasher)
    const prng = Prng.make(`scene-${seed}`)
    const signers = Array.from({ length: PEERS }, (_, i) => ring.signer(prng.fork(`${i}`)))
    const [own] = signers as [SignerService, ...Array<SignerService>]
    const peers = signers.map(({ peer }) => peer)
    this.rules = { faultModel: "byzantine", hasRoster: true, hasher, network: NETWORK, verifier: ring.verifier }
    this.liar = own.peer
    this.honest = peers.slice(1, MEMBERS)
    this.outsider = peers[MEMBERS]!
    this.members = peers.slice(0, MEMBERS).toSorted()
    for (const signer of signers) this.#contexts.set(signer.peer, this.#memberContext(signer))
    this.#authorship = { hasher, membersOf: () => this.members, network: NETWORK, signer: own }
    this.context = {
      ...this.rules,
      lied: (kind) => void this.told.push(kind),
      prng: prng.fork("lies"),
      roster: peers,
      send: this.send,
      signer: own
    }
    this.lies = liar(this.context)
  }

  #memberContext(signer: SignerService): MemberContext {
    return {
      ...this.rules,
      clusterSize: MEMBERS,
      membership: {
        closest: (_place: BlockId) => this.members,
        home: () => undefined,
        isAdmitted: () => true,
        objection: () => undefined
      },
      policy: defaultMemberPolicy,
      signer
    }
  }

  /** A transaction of the liar's that creates a collection, or appends to it in a world where it is there. */
  transaction(collection: string, world: World = new Map()): Signed {
    return author(this.#authorship, ++this.#made, world, [collection], [])
  }

  pendOf({ action, payload, signed }: Signed, peer: PeerId): Pend {
    return { _tag: "Pend", ...requestFor({ action, payload, signed }, peer) }
  }

  /** What a member that follows the rules answers, and keeps. */
  ask(peer: PeerId, request: MemberRequest): MemberAnswer {
    const before = this.#states.get(peer) ?? emptyMember
    const { outputs, state } = step(this.#contexts.get(peer)!, before, { _tag: "Request", from: this.liar, request })
    this.#states.set(peer, state)
    const [answer] = outputs.flatMap((output) => (output._tag === "Answer" ? [output.answer] : []))
    return answer!
  }

  readonly send: Sending = (to, request) => Effect.sync(() => this.ask(to, request))

  /** What the liar answers as a member, in place of what it should. */
  answers(request: MemberRequest): MemberAnswer {
    const honest = Effect.sync(() => this.ask(this.liar, request))
    return Effect.runSync(this.lies.answer?.(request, honest, this.honest[0]!) ?? honest)
  }

  /** What a member answers to what the liar makes of a request of its node; undefined where it is not told. */
  asks(to: PeerId, request: MemberRequest): MemberAnswer | undefined {
    const sent = this.lies.ask?.(to, request, this.send) ?? this.send(to, request)
    return Effect.runSync(Effect.orElseSucceed(sent, () => undefined))
  }

  /** How members know that a transaction ended. */
  ends(action: Signed["action"]): ReadonlyArray<string> {
    return this.honest.flatMap((peer) => {
      const record = this.#states.get(peer)?.transactions.get(action)
      return record === undefined || record._tag === "Pending" ? [] : [record._tag]
    })
  }
}

/** Does something until it gives what is looked for, as lies are told at random. */
export const until = <A>(attempt: () => A | undefined, times = 200): A => {
  for (let i = 0; i < times; i++) {
    const found = attempt()
    if (found !== undefined) return found
  }
  throw new Error(`not in ${times} attempts`)
}
