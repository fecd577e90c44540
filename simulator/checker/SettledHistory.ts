import type { History, Transaction, Value } from "./History.ts"

/** An append, and its place among the appends of its transaction to the same key. */
export interface Append {
  readonly transaction: Transaction
  readonly key: string
  readonly value: Value
  readonly index: number
  /** Whether its transaction appends more to this key afterwards. */
  readonly isLast: boolean
}

/** A history in which every outcome has been decided, as far as it matters. */
export interface SettledHistory {
  /** Transactions that committed, in the order given. */
  readonly committed: ReadonlyArray<Transaction>
  /** All appends, also of transactions that did not commit, by key and value. */
  readonly appends: ReadonlyMap<string, ReadonlyMap<Value, Append>>
}

const indexAppends = (history: History): Map<string, Map<Value, Append>> => {
  const appends = new Map<string, Map<Value, Append>>()
  for (const transaction of history) {
    const left = new Map<string, number>()
    for (const operation of transaction.operations) {
      if (operation.type === "append") left.set(operation.key, (left.get(operation.key) ?? 0) + 1)
    }
    const made = new Map<string, number>()
    for (const operation of transaction.operations) {
      if (operation.type !== "append") continue
      const { key, value } = operation
      const ofKey = appends.get(key) ?? new Map<Value, Append>()
      appends.set(key, ofKey)
      const other = ofKey.get(value)
      if (other !== undefined) {
        const both = `${other.transaction.id} and ${transaction.id}`
        throw new Error(`History cannot be checked: ${both} append ${value} to ${key}; values must be unique per key`)
      }
      const index = made.get(key) ?? 0
      made.set(key, index + 1)
      ofKey.set(value, { transaction, key, value, index, isLast: index + 1 === left.get(key) })
    }
  }
  return appends
}

const assertWellFormed = (history: History): void => {
  const ids = new Set<string>()
  for (const { id, start, end } of history) {
    if (ids.has(id)) throw new Error(`History cannot be checked: two transactions are named ${id}`)
    ids.add(id)
    if (Number.isNaN(start) || (end !== undefined && !(end >= start))) {
      throw new Error(`History cannot be checked: ${id} starts at ${start} and ends at ${end}`)
    }
  }
}

/**
 * Decides outcomes that are unknown: a transaction whose append was read by one that committed has committed too. One
 * that nobody read from is left out, as nothing tells whether it happened, so that it may as well not have.
 */
export const settle = (history: History): SettledHistory => {
  assertWellFormed(history)
  const appends = indexAppends(history)
  const committed = new Set(history.filter((transaction) => transaction.committed === true))
  // Lists are long and repeat one another, or the history is rejected anyway: only what is longer than before is looked
  // up.
  const known = new Map<string, number>()
  for (const transaction of committed) {
    // A set hands out what is added to it while it is walked.
    for (const operation of transaction.operations) {
      if (operation.type !== "read") continue
      const ofKey = appends.get(operation.key)
      const before = known.get(operation.key) ?? 0
      for (let i = before; i < operation.values.length; i++) {
        const writer = ofKey?.get(operation.values[i] as Value)?.transaction
        if (writer?.committed === "unknown") committed.add(writer)
      }
      known.set(operation.key, Math.max(before, operation.values.length))
    }
  }
  return { committed: history.filter((transaction) => committed.has(transaction)), appends }
}
