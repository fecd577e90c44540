import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Busy } from "../schemas/Errors.ts"
import type { CollectionId, PeerId } from "../schemas/Ids.ts"
import type { Ticket, TurnGiven, TurnRequest } from "../schemas/Repo.ts"
import type { ReadError } from "./StorageRepo.ts"

/** This node as a coordinator: it says whose turn it is among the writers that compete for collections it keeps. */
export interface CoordinatorRepoService {
  /** Waits for the turn of a peer; the place is given up when this is interrupted. `Busy`: it has none to give. */
  readonly turn: (peer: PeerId, asked: TurnRequest) => Effect.Effect<TurnGiven, Busy | ReadError>
  /** Ends a turn of a peer that came to nothing. */
  readonly over: (peer: PeerId, collection: CollectionId, ticket: Ticket) => Effect.Effect<void>
  /** Whether anybody but one peer, and whose wish counts, has asked for turns on a collection of late. */
  readonly isAsked: (collection: CollectionId, but: PeerId) => boolean
}

/** The port for the coordinator of a node. */
export class CoordinatorRepo extends Context.Tag("optimystic/CoordinatorRepo")<
  CoordinatorRepo,
  CoordinatorRepoService
>() {}
