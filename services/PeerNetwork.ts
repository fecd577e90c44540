import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Busy, LimitExceeded, PeerMisbehaved, PeerUnreachable } from "../schemas/Errors.ts"
import type { PeerId } from "../schemas/Ids.ts"

/** A kind of question that peers answer each other, and how it is written. Both sides check what they are sent. */
export interface PeerProtocol<Question, Answer> {
  /** What it is called on the wire. */
  readonly name: string
  readonly question: Schema.Schema<Question, unknown>
  readonly answer: Schema.Schema<Answer, unknown>
  /** Larger ones, in bytes as they are sent, are neither sent nor taken. */
  readonly maxQuestionBytes: number
  readonly maxAnswerBytes: number
}

/** What asking a peer may fail with. `Busy`: it takes no more questions for now. */
export type PeerError = PeerUnreachable | PeerMisbehaved | Busy | LimitExceeded

/** Questions and answers between peers. Who asks is known from the connection, never from what it says. */
export interface PeerNetworkService {
  /** This peer. */
  readonly self: PeerId
  /** Asks another peer, and waits for its answer: for how long is up to the caller. */
  readonly ask: <Question, Answer>(
    protocol: PeerProtocol<Question, Answer>,
    peer: PeerId,
    question: Question
  ) => Effect.Effect<Answer, PeerError>
  /** Answers the questions of other peers, as long as the scope is open. A handler that dies answers `PeerUnreachable`. */
  readonly serve: <Question, Answer>(
    protocol: PeerProtocol<Question, Answer>,
    handler: (from: PeerId, question: Question) => Effect.Effect<Answer, Busy>
  ) => Effect.Effect<void, never, Scope.Scope>
}

/** The port for typed calls between peers. */
export class PeerNetwork extends Context.Tag("optimystic/PeerNetwork")<PeerNetwork, PeerNetworkService>() {}
