/**
 * Peers that lie. A liar runs a node as all others do; its lies are in what goes in and out of it. It has its own key and nobody
 * else's.
 */
import * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import type { Busy } from "../../schemas/Errors.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import type { KeyNetworkService } from "../../services/KeyNetwork.ts"
import type { PeerError, PeerNetworkService, PeerProtocol } from "../../services/PeerNetwork.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import { memberProtocol, repoProtocol } from "../../src/cluster/protocols.ts"
import type { Prng } from "../../src/random/Prng.ts"
import type { FaultKind } from "../FaultCounts.ts"

/** Who lies, and with what: it knows the rules that it breaks. */
export interface LiarContext extends ClusterRules {
  readonly signer: SignerService
  readonly prng: Prng
  /** All peers of the network. */
  readonly roster: ReadonlyArray<PeerId>
  /** Asks a member out of turn. */
  readonly send: Sending
  /** Counts a lie. */
  readonly lied: (kind: FaultKind) => void
}

/** What a liar makes of what goes in and out of its node. What it does not care about stays honest. */
export interface Lies {
  /** In place of what its member answers. */
  readonly answer?: (request: MemberRequest, honest: MemberAnswering, from: PeerId) => MemberAnswering
  /** In place of what its store answers. */
  readonly tell?: (question: RepoQuestion, honest: RepoAnswering) => RepoAnswering
  /** In place of what it asks other members. */
  readonly ask?: (to: PeerId, request: MemberRequest, send: Sending) => ReturnType<Sending>
  /** In place of who is closest to a block. */
  readonly closest?: (block: BlockId, honest: ReadonlyArray<PeerId>) => ReadonlyArray<PeerId>
}

export type MemberAnswering = Effect.Effect<MemberAnswer, Busy>
export type RepoAnswering = Effect.Effect<RepoAnswer, Busy>
/** Asks any member, as this peer. */
export type Sending = (to: PeerId, request: MemberRequest) => Effect.Effect<MemberAnswer, PeerError>

/** A way to lie. Once for each life of its node: what it remembers is gone with that. */
export type Liar = (context: LiarContext) => Lies

/** Asks members through a port. */
export const sendingOn =
  (port: PeerNetworkService): Sending =>
  (to, request) =>
    port.ask(memberProtocol, to, request)

/** A network port through which nothing goes as its node means it. */
export const lying = (port: PeerNetworkService, { answer, ask, tell }: Lies): PeerNetworkService => {
  const sendTo = sendingOn(port)
  return {
    ask: <Question, Answer>(protocol: PeerProtocol<Question, Answer>, peer: PeerId, question: Question) =>
      ask !== undefined && isProtocol(protocol, memberProtocol)
        ? (ask(peer, question as MemberRequest, sendTo) as Effect.Effect<Answer, PeerError>)
        : port.ask(protocol, peer, question),
    self: port.self,
    serve: <Question, Answer>(
      protocol: PeerProtocol<Question, Answer>,
      handler: (from: PeerId, question: Question) => Effect.Effect<Answer, Busy>
    ) =>
      port.serve(protocol, (from, question) => {
        const honest = handler(from, question)
        if (answer !== undefined && isProtocol(protocol, memberProtocol)) {
          const lie = answer(question as MemberRequest, honest as MemberAnswering, from)
          return lie as Effect.Effect<Answer, Busy>
        }
        if (tell !== undefined && isProtocol(protocol, repoProtocol)) {
          return tell(question as RepoQuestion, honest as RepoAnswering) as Effect.Effect<Answer, Busy>
        }
        return honest
      })
  }
}

/** A network port that tells what its member is asked, and by whom, when it is. */
export const heeded = (
  port: PeerNetworkService,
  heard: (request: MemberRequest, from: PeerId) => void
): PeerNetworkService =>
  lying(port, {
    answer: (request, honest, from) =>
      Effect.suspend(() => {
        heard(request, from)
        return honest
      })
  })

/** Who is closest to a block, as a liar has it. */
export const misled = (honest: KeyNetworkService, { closest }: Lies): KeyNetworkService =>
  closest === undefined
    ? honest
    : {
        ...honest,
        closest: (block, count) => closest(block, honest.closest(block, count)),
        lookup: (block, count) => Effect.map(honest.lookup(block, count), (found) => closest(block, found))
      }

const isProtocol = (protocol: { readonly name: string }, other: { readonly name: string }): boolean =>
  protocol.name === other.name
