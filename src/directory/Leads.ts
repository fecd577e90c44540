import type { PeerId } from "../../schemas/Ids.ts"
import type { DirectoryPolicy } from "./DirectoryPolicy.ts"

/** A peer that may be there, whose record is not known. */
interface Lead {
  readonly tries: number
  readonly atMillis: number
}

/** So many are followed up; the oldest make room. */
const MAX_LEADS = 256
const MAX_DOUBLINGS = 16

/** Peers that a transport told of, and that are yet to say who they are: asked again for as long as it takes. */
export class Leads {
  readonly #leads = new Map<PeerId, Lead>()
  readonly #policy: Pick<DirectoryPolicy, "backOffMillis" | "maxBackOffMillis">

  constructor(policy: Pick<DirectoryPolicy, "backOffMillis" | "maxBackOffMillis">) {
    this.#policy = policy
  }

  add(peer: PeerId, nowMillis: number): void {
    if (this.#leads.has(peer)) return
    this.#leads.set(peer, { atMillis: nowMillis, tries: 0 })
    if (this.#leads.size <= MAX_LEADS) return
    for (const oldest of this.#leads.keys()) {
      this.#leads.delete(oldest)
      return
    }
  }

  delete(peer: PeerId): void {
    this.#leads.delete(peer)
  }

  failed(peer: PeerId, nowMillis: number): void {
    const lead = this.#leads.get(peer)
    if (lead === undefined) return
    const { backOffMillis, maxBackOffMillis } = this.#policy
    const pause = Math.min(maxBackOffMillis, backOffMillis * 2 ** Math.min(lead.tries, MAX_DOUBLINGS))
    this.#leads.set(peer, { atMillis: nowMillis + pause, tries: lead.tries + 1 })
  }

  /** Those whose time has come, at most so many. */
  due(nowMillis: number, limit: number): ReadonlyArray<PeerId> {
    const due: Array<PeerId> = []
    for (const [peer, { atMillis }] of this.#leads) if (due.length < limit && atMillis <= nowMillis) due.push(peer)
    return due
  }
}
