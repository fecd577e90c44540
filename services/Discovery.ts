import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Address } from "../schemas/Address.ts"
import type { PeerId } from "../schemas/Ids.ts"

/** A peer, and where it may be dialled. */
export interface FoundPeer {
  readonly peer: PeerId
  readonly addresses: ReadonlyArray<Address>
}

/** What a transport knows of who is out there: hints, none of it proved. */
export interface DiscoveryService {
  /** Where others may dial this peer. */
  readonly addresses: Effect.Effect<ReadonlyArray<Address>>
  /** Peers as they are found: by configuration, by introduction on a connection, by a walk. Never ends; of too many the oldest are dropped. */
  readonly found: Stream.Stream<FoundPeer>
  /** Tells the transport where a peer may be dialled from now on. */
  readonly remember: (found: FoundPeer) => Effect.Effect<void>
}

/** The port between a transport that finds peers and the directory that keeps them. */
export class Discovery extends Context.Tag("optimystic/Discovery")<Discovery, DiscoveryService>() {}
