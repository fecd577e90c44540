import type * as Scope from "effect/Scope"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { PeerProtocol } from "../../../services/PeerNetwork.ts"
import { protocolId } from "../../../src/network/protocolId.ts"
import type { Libp2pHostService } from "./Libp2pHost.ts"
import { Link } from "./Link.ts"
import type { Shared } from "./Shared.ts"

/** What of a protocol matters on the wire. */
export type WireProtocol = Pick<PeerProtocol<never, never>, "name" | "maxAnswerBytes" | "maxQuestionBytes">

/** The links of a node: at most so many, of which those that nothing has to be remembered of go first. */
export class Links {
  readonly #host: Libp2pHostService
  readonly #shared: Shared
  readonly #scope: Scope.Scope
  readonly #byPeer = new Map<PeerId, Map<string, Link>>()
  #count = 0
  #isEnded = false

  constructor(host: Libp2pHostService, shared: Shared, scope: Scope.Scope) {
    this.#host = host
    this.#shared = shared
    this.#scope = scope
  }

  /** The link to a peer for a protocol, unless there are too many. */
  to(peer: PeerId, { maxAnswerBytes, name }: WireProtocol): Link | undefined {
    const known = this.#byPeer.get(peer)?.get(name)
    if (known !== undefined) return known
    const { node, options, self } = this.#host
    if (this.#count >= options.limits.maxLinks) this.forget()
    if (this.#count >= options.limits.maxLinks) return undefined
    const protocol = protocolId(options.network, name)
    const { backOff } = options
    const link = new Link(this.#shared, { backOff, maxAnswerBytes, node, peer, protocol, scope: this.#scope, self })
    this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? new Map<string, Link>()).set(name, link))
    this.#count++
    return link
  }

  /** Whether this node asks nobody any more. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Ends them, as their scope does. */
  end(): void {
    this.#isEnded = true
  }

  /** There is news of a peer. */
  reset(peer: PeerId): void {
    for (const link of this.#byPeer.get(peer)?.values() ?? []) link.reset()
  }

  /** Drops links that nothing has to be remembered of. */
  forget(): void {
    const now = performance.now()
    for (const [peer, links] of this.#byPeer) {
      for (const [name, link] of links) {
        if (link.isForgettable(now) && links.delete(name)) this.#count--
      }
      if (links.size === 0) this.#byPeer.delete(peer)
    }
  }
}
