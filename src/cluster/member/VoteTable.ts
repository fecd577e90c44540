import type { ActionId, PublicKey } from "../../../schemas/Ids.ts"
import type { Votes } from "./Votes.ts"

/** What a member has promised about all undecided transactions. Bounded by what it allows each author at once. */
export class VoteTable {
  readonly #byAction = new Map<ActionId, Votes>()
  readonly #byAuthor = new Map<PublicKey, number>()

  get(action: ActionId): Votes | undefined {
    return this.#byAction.get(action)
  }

  /** How many transactions of an author something is promised about. */
  countOf(author: PublicKey): number {
    return this.#byAuthor.get(author) ?? 0
  }

  /** The transactions that something is promised about, in the order of the first promise. */
  get actions(): Iterable<ActionId> {
    return this.#byAction.keys()
  }

  set(action: ActionId, votes: Votes): void {
    if (!this.#byAction.has(action)) this.#count(votes, 1)
    this.#byAction.set(action, votes)
  }

  delete(action: ActionId): void {
    const votes = this.#byAction.get(action)
    if (votes === undefined) return
    this.#byAction.delete(action)
    this.#count(votes, -1)
  }

  #count({ signed }: Votes, change: number): void {
    const { author } = signed.manifest
    const count = this.countOf(author) + change
    if (count === 0) this.#byAuthor.delete(author)
    else this.#byAuthor.set(author, count)
  }
}
