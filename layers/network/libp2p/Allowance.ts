import type { PeerId } from "../../../schemas/Ids.ts"

/** So much of something, for all peers together, and for each of them: questions, bytes, streams. */
export class Allowance {
  readonly #most: number
  readonly #mostPerPeer: number
  readonly #taken = new Map<PeerId, number>()
  #total = 0

  constructor(most: number, mostPerPeer: number) {
    this.#most = most
    this.#mostPerPeer = mostPerPeer
  }

  /** What is taken. */
  get total(): number {
    return this.#total
  }

  /** Takes some for a peer, unless there is not so much left. */
  take(peer: PeerId, amount: number): boolean {
    const taken = (this.#taken.get(peer) ?? 0) + amount
    if (taken > this.#mostPerPeer || this.#total + amount > this.#most) return false
    this.#total += amount
    this.#taken.set(peer, taken)
    return true
  }

  /** Gives back what was taken for a peer. */
  giveBack(peer: PeerId, amount: number): void {
    const left = (this.#taken.get(peer) ?? 0) - amount
    this.#total -= amount
    if (left > 0) this.#taken.set(peer, left)
    else this.#taken.delete(peer)
  }
}
