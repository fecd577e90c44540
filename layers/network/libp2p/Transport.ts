import * as Layer from "effect/Layer"
import type { Invalid } from "../../../schemas/Errors.ts"
import type { Discovery } from "../../../services/Discovery.ts"
import type { PeerNetwork } from "../../../services/PeerNetwork.ts"
import type { Signer } from "../../../services/Signer.ts"
import type { Identity } from "../../crypto/Identity.ts"
import type { HostUnavailable } from "./HostUnavailable.ts"
import * as Libp2pHost from "./Libp2pHost.ts"
import * as Libp2pNetwork from "./Libp2pNetwork.ts"
import type { Libp2pOptions } from "./Libp2pOptions.ts"

/** What whole nodes and clients have of libp2p: the host, and questions and answers on it. */
export const layer = (
  identity: Identity,
  wire: Libp2pOptions
): Layer.Layer<Libp2pHost.Libp2pHost | Discovery | PeerNetwork, HostUnavailable | Invalid, Signer> =>
  Libp2pNetwork.layer.pipe(Layer.provideMerge(Libp2pHost.layer(identity, wire)))
