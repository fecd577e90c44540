/** A collection with local snapshots, naively: a state is what all actions so far make of nothing. */

/** What an action makes of a state; undefined where the state does not allow it. */
type Perform<S, A> = (state: S, action: A) => S | undefined

type Filter<A> = (own: A, others: ReadonlyArray<A>, before: ReadonlyArray<A>) => A | undefined

/** How a call ended. */
export type Outcome = "done" | "refused" | "conflict"

export class NaiveCollection<S, A> {
  /** The actions of each transaction. */
  readonly log: Array<ReadonlyArray<A>> = []
  readonly initial: S
  readonly perform: Perform<S, A>
  readonly filter: Filter<A>

  constructor(initial: S, perform: Perform<S, A>, filter: Filter<A>) {
    this.initial = initial
    this.perform = perform
    this.filter = filter
  }

  /** The state after so many transactions, and these actions then. */
  state(transactions: number, then: ReadonlyArray<A>): S | undefined {
    const all = [...this.log.slice(0, transactions).flat(), ...then]
    return all.reduce<S | undefined>(
      (state, action) => (state === undefined ? undefined : this.perform(state, action)),
      this.initial
    )
  }

  commit(actions: ReadonlyArray<A>): Outcome {
    if (this.state(this.log.length, actions) === undefined) return "refused"
    this.log.push(actions)
    return "done"
  }
}

export class NaiveSnapshot<S, A> {
  readonly collection: NaiveCollection<S, A>
  /** Of how many transactions it is. */
  base: number
  pending: ReadonlyArray<A> = []

  constructor(collection: NaiveCollection<S, A>) {
    this.collection = collection
    this.base = collection.log.length
  }

  get state(): S | undefined {
    return this.collection.state(this.base, this.pending)
  }

  act(action: A): Outcome {
    return this.#become(this.base, [...this.pending, action])
  }

  discard(choose: (action: A) => boolean): Outcome {
    const kept = this.pending.filter((action) => !choose(action))
    return this.#become(this.base, kept)
  }

  update(): Outcome {
    const { filter, log } = this.collection
    let pending = this.pending
    for (const others of log.slice(this.base)) {
      const before = pending
      pending = before.flatMap((own, i) => filter(own, others, before.slice(0, i)) ?? [])
    }
    return this.#become(log.length, pending)
  }

  sync(): Outcome {
    const { collection } = this
    if (this.pending.length === 0) return "done"
    if (this.base !== collection.log.length) return "conflict"
    collection.commit(this.pending)
    return this.#become(collection.log.length, [])
  }

  #become(base: number, pending: ReadonlyArray<A>): Outcome {
    if (this.collection.state(base, pending) === undefined) return "refused"
    this.base = base
    this.pending = pending
    return "done"
  }
}
