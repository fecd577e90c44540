import type { ActionId, PublicKey } from "../../../schemas/Ids.ts"
import type { Undecided } from "./MemberView.ts"
import type { Votes } from "./Votes.ts"

const NONE: Undecided = { count: 0, pendingLength: 0 }

const changed = (before: Undecided, votes: Votes, sign: 1 | -1): Undecided => ({
  count: before.count + sign,
  pendingLength: before.pendingLength + sign * votes.pendingLength
})

/** What a member has promised about all undecided transactions. Bounded by what it allows each author at once. */
export class VoteTable {
  readonly #byAction = new Map<ActionId, Votes>()
  readonly #byAuthor = new Map<PublicKey, Undecided>()
  #all: Undecided = NONE

  get(action: ActionId): Votes | undefined {
    return this.#byAction.get(action)
  }

  /** The transactions of an author that something is promised about; without one, of all. */
  undecided(author?: PublicKey): Undecided {
    return author === undefined ? this.#all : (this.#byAuthor.get(author) ?? NONE)
  }

  /** The transactions that something is promised about, in the order of the first promise. */
  get actions(): Iterable<ActionId> {
    return this.#byAction.keys()
  }

  /** The same, with what is promised. */
  get all(): Iterable<readonly [ActionId, Votes]> {
    return this.#byAction
  }

  set(action: ActionId, votes: Votes): void {
    const before = this.#byAction.get(action)
    if (before !== undefined) this.#count(before, -1)
    this.#count(votes, 1)
    this.#byAction.set(action, votes)
  }

  delete(action: ActionId): void {
    const votes = this.#byAction.get(action)
    if (votes === undefined) return
    this.#byAction.delete(action)
    this.#count(votes, -1)
  }

  #count(votes: Votes, sign: 1 | -1): void {
    const { author } = votes.signed.manifest
    const after = changed(this.undecided(author), votes, sign)
    if (after.count === 0) this.#byAuthor.delete(author)
    else this.#byAuthor.set(author, after)
    this.#all = changed(this.#all, votes, sign)
  }
}
