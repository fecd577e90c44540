import type { Operation, Transaction, Value } from "./History.ts"
import type { InternalInconsistency } from "./Violation.ts"

/** What a transaction saw of others in one list: its first read of it, without its own appends at the end. */
export interface ExternalRead {
  readonly transaction: Transaction
  readonly key: string
  /** The read as it was, own appends included. */
  readonly values: ReadonlyArray<Value>
  /** How many of the values are others'. */
  readonly length: number
}

/** What a transaction knows of a list: how it must end and, after a first read, the whole of it. */
interface Expectation {
  ending: Array<Value>
  isWhole: boolean
  isBroken: boolean
}

const endsWith = (values: ReadonlyArray<Value>, { ending, isWhole }: Expectation): boolean => {
  const offset = values.length - ending.length
  return (isWhole ? offset === 0 : offset >= 0) && ending.every((value, i) => values[offset + i] === value)
}

/** Takes account of one operation; the result says what the transaction expected, if it contradicts itself. */
const follow = (expectation: Expectation, operation: Operation): ReadonlyArray<Value> | undefined => {
  if (operation.type === "append") {
    // Seen before it was made: a read from the future.
    if (expectation.isWhole && expectation.ending.includes(operation.value)) {
      return expectation.ending.filter((value) => value !== operation.value)
    }
    expectation.ending.push(operation.value)
    return undefined
  }
  const { values } = operation
  if (!endsWith(values, expectation)) return expectation.ending
  // Its own appends are at the end, and so must not be among what others appended before.
  if (!expectation.isWhole && expectation.ending.some((own) => values.indexOf(own) !== values.lastIndexOf(own))) {
    return expectation.ending
  }
  if (!expectation.isWhole) expectation.ending = [...values]
  expectation.isWhole = true
  return undefined
}

/** The external reads of a transaction, one for each list that it read, and where it contradicts itself. */
export const externalReads = (
  transaction: Transaction
): { readonly reads: ReadonlyArray<ExternalRead>; readonly violations: ReadonlyArray<InternalInconsistency> } => {
  const expectations = new Map<string, Expectation>()
  const reads = new Map<string, ExternalRead>()
  const violations: Array<InternalInconsistency> = []
  for (const operation of transaction.operations) {
    const { key } = operation
    const expectation = expectations.get(key) ?? { ending: [], isWhole: false, isBroken: false }
    expectations.set(key, expectation)
    if (expectation.isBroken) continue
    const others =
      operation.type === "read" && !expectation.isWhole ? operation.values.length - expectation.ending.length : 0
    const expected = follow(expectation, operation)
    if (expected !== undefined) {
      const values = operation.type === "read" ? operation.values : expectation.ending
      violations.push({ name: "internal", transaction, key, expected, values })
      expectation.isBroken = true
      // A list that contradicts itself says nothing reliable about others.
      reads.delete(key)
    } else if (operation.type === "read" && !reads.has(key)) {
      reads.set(key, { transaction, key, values: operation.values, length: others })
    }
  }
  return { reads: [...reads.values()], violations }
}
