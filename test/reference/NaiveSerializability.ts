import type { History, Transaction, Value } from "../../simulator/checker/History.ts"

/** All orders of the elements. */
function* permutations<A>(elements: ReadonlyArray<A>): Generator<ReadonlyArray<A>> {
  if (elements.length === 0) yield []
  for (const [index, first] of elements.entries()) {
    for (const rest of permutations(elements.toSpliced(index, 1))) yield [first, ...rest]
  }
}

/** All selections of the elements. */
function* subsets<A>(elements: ReadonlyArray<A>): Generator<ReadonlyArray<A>> {
  for (let mask = 0; mask < 2 ** elements.length; mask++) yield elements.filter((_, i) => (mask >> i) % 2 === 1)
}

const acknowledged = ({ committed, end }: Transaction): number =>
  committed === true && end !== undefined ? end : Number.POSITIVE_INFINITY

const respectsRealTime = (order: ReadonlyArray<Transaction>): boolean => {
  let latestStart = Number.NEGATIVE_INFINITY
  return order.every((transaction) => {
    latestStart = Math.max(latestStart, transaction.start)
    return acknowledged(transaction) >= latestStart
  })
}

/** Runs the transactions one after the other, on real lists. */
const explainsReads = (order: ReadonlyArray<Transaction>): boolean => {
  const lists = new Map<string, ReadonlyArray<Value>>()
  return order.every(({ operations }) =>
    operations.every((operation) => {
      const list = lists.get(operation.key) ?? []
      if (operation.type === "read") return JSON.stringify(list) === JSON.stringify(operation.values)
      lists.set(operation.key, [...list, operation.value])
      return true
    })
  )
}

/** Whether an order proves that a history is strictly serializable. */
export const isProof = (history: History, order: ReadonlyArray<Transaction>): boolean => {
  const ordered = new Set(order)
  return (
    ordered.size === order.length &&
    history.every(
      (transaction) => transaction.committed === "unknown" || transaction.committed === ordered.has(transaction)
    ) &&
    respectsRealTime(order) &&
    explainsReads(order)
  )
}

/**
 * Strict serializability by its definition: tries every order of every choice of outcomes. For a handful of
 * transactions.
 */
export const isStrictlySerializable = (history: History): boolean => {
  const committed = history.filter((transaction) => transaction.committed === true)
  const unknown = history.filter((transaction) => transaction.committed === "unknown")
  for (const happened of subsets(unknown)) {
    for (const order of permutations([...committed, ...happened])) {
      if (isProof(history, order)) return true
    }
  }
  return false
}
