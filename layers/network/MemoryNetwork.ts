/**
 * Peers of one program that talk without sockets, and without delay.
 */
import * as Effect from "effect/Effect"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { PeerError } from "../../services/PeerNetwork.ts"
import { utf8Length } from "../../src/encoding/CanonicalJson.ts"
import { answerIn, type Hub, type Served } from "./Hub.ts"

export { layer } from "./Hub.ts"

/** What was sent so far. */
export interface Traffic {
  readonly questions: number
  /** Of questions, as they were sent. */
  readonly bytes: number
}

/** Where the peers of a program find each other. */
export class MemoryHub implements Hub {
  readonly #served = new Map<PeerId, Map<string, Served>>()
  readonly #away = new Set<PeerId>()
  #questions = 0
  #bytes = 0

  get traffic(): Traffic {
    return { bytes: this.#bytes, questions: this.#questions }
  }

  /** Takes up a handler of a peer; what it gives takes it away again. */
  add(peer: PeerId, protocol: string, served: Served): () => void {
    const protocols = this.#served.get(peer) ?? new Map<string, Served>()
    this.#served.set(peer, protocols.set(protocol, served))
    return () => {
      if (protocols.get(protocol) === served) protocols.delete(protocol)
    }
  }

  /** Cuts a peer off from all others; what it gives brings it back. */
  cutOff(peer: PeerId): () => void {
    this.#away.add(peer)
    return () => {
      this.#away.delete(peer)
    }
  }

  /** Brings a question to a peer, and its answer back. */
  deliver(from: PeerId, to: PeerId, protocol: string, question: string): Effect.Effect<string, PeerError> {
    return Effect.suspend(() => {
      this.#questions++
      this.#bytes += utf8Length(question)
      const served = this.#served.get(to)?.get(protocol)
      const isApart = this.#away.has(from) || this.#away.has(to)
      if (served === undefined || isApart) return new PeerUnreachable({ peer: to, reason: "it is not there" })
      return answerIn(served, from, to, question)
    })
  }
}
