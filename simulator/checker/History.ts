/** What clients saw of the transactions that they ran: the input of the checker. */

/** What is appended to lists. */
export type Value = number | string

/** One step of a transaction, in the order in which it made them. */
export type Operation =
  | { readonly type: "append"; readonly key: string; readonly value: Value }
  | { readonly type: "read"; readonly key: string; readonly values: ReadonlyArray<Value> }

/** A transaction over lists, by key, that start empty and are only appended to. */
export interface Transaction {
  readonly id: string
  /** The instant before its first step. Instants are numbers of one clock for the whole history. */
  readonly start: number
  /**
   * The instant when its client knew the outcome; undefined if it never did. Equal instants are taken as overlapping.
   */
  readonly end: number | undefined
  readonly committed: boolean | "unknown"
  readonly operations: ReadonlyArray<Operation>
}

/** Transactions in any order. No value is appended to one key twice: this is what makes a history checkable. */
export type History = ReadonlyArray<Transaction>
