import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../schemas/Cluster.ts"
import type { PeerId } from "../schemas/Ids.ts"
import type { PeerError } from "./PeerNetwork.ts"

/** Requests to members of clusters, wherever they are; this node may be one. */
export interface ClusterClientService {
  /** This peer. */
  readonly self: PeerId
  readonly ask: (member: PeerId, request: MemberRequest) => Effect.Effect<MemberAnswer, PeerError>
}

/** The port for those who drive transactions and read from clusters. */
export class ClusterClient extends Context.Tag("optimystic/ClusterClient")<ClusterClient, ClusterClientService>() {}
