/** What peers of these benchmarks ask each other, and who they are. */

import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Identity, NodeCrypto } from "effect-optimystic/layers"
import { Libp2pHost, Libp2pNetwork } from "effect-optimystic/libp2p"
import { Address, NetworkName } from "effect-optimystic/schemas"
import type { PeerProtocol } from "effect-optimystic/services"

/** What is asked, and answered: a text. */
export const echo: PeerProtocol<string, string> = {
  answer: Schema.String as PeerProtocol<string, string>["answer"],
  maxAnswerBytes: 1_048_576,
  maxQuestionBytes: 1_048_576,
  name: "echo",
  question: Schema.String as PeerProtocol<string, string>["question"]
}

/** The protocol of whoever sends back what it is sent, with nothing of ours on it. */
export const BARE_ECHO = "/bench/echo/1.0.0"

const LISTEN = Schema.decodeSync(Address)("/ip4/127.0.0.1/tcp/0")
const NETWORK = Schema.decodeSync(NetworkName)("bench")

/** A peer, by the byte of its seed. */
export const peerLayer = (seed: number) => {
  const identity = Identity.fromSeed(new Uint8Array(32).fill(seed))
  return Libp2pNetwork.layer.pipe(
    Layer.provideMerge(Libp2pHost.layer(identity, { listen: [LISTEN], network: NETWORK })),
    Layer.provide(NodeCrypto.layer(identity))
  )
}
