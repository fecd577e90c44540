import type { ExternalRead } from "./ExternalReads.ts"
import type { Transaction, Value } from "./History.ts"
import type { Append, SettledHistory } from "./SettledHistory.ts"
import type { ReadViolation, Violation } from "./Violation.ts"

/** The order in which one list grew, as far as reads show it. */
export interface VersionOrder {
  readonly key: string
  /** The longest list that anyone read. Every compatible read is a beginning of it. */
  readonly values: ReadonlyArray<Value>
  /**
   * Who appended each of the values; undefined where nobody who committed did, or where it stands for the second time.
   */
  readonly writers: ReadonlyArray<Append | undefined>
  /** Appends by committed transactions that no read shows. Wherever they belong, it is after all that was read. */
  readonly unseen: ReadonlyArray<Append>
  /** The reads that fit in. */
  readonly reads: ReadonlyArray<ExternalRead>
}

/** How many first values two lists have in common. */
const commonPrefix = (left: ReadonlyArray<Value>, right: ReadonlyArray<Value>): number => {
  const shorter = Math.min(left.length, right.length)
  let length = 0
  while (length < shorter && left[length] === right[length]) length++
  return length
}

const longest = (reads: ReadonlyArray<ExternalRead>): ExternalRead | undefined =>
  reads.reduce<ExternalRead | undefined>(
    (best, read) => (best === undefined || read.length > best.length ? read : best),
    undefined
  )

/** The order of one list from the reads of it, and what is wrong with them whatever the order of the transactions. */
export const versionOrder = (
  key: string,
  reads: ReadonlyArray<ExternalRead>,
  history: SettledHistory,
  isCommitted: (append: Append) => boolean
): { readonly order: VersionOrder; readonly violations: ReadonlyArray<Violation> } => {
  const appends = history.appends.get(key) ?? new Map<Value, Append>()
  const violations: Array<Violation> = []
  const best = longest(reads)
  const values = best === undefined ? [] : best.values.slice(0, best.length)
  const compatible: Array<ExternalRead> = []
  if (best !== undefined) violations.push(...wrongValues(best, 0, appends))
  for (const read of reads) {
    const same = Math.min(commonPrefix(values, read.values), read.length)
    if (same === read.length) {
      compatible.push(read)
      continue
    }
    violations.push(...wrongValues(read, same, appends))
    violations.push({
      name: "incompatible-order",
      key,
      first: (best as ExternalRead).transaction,
      firstValues: values,
      second: read.transaction,
      secondValues: read.values,
      position: same
    })
  }
  const seen = new Set<Value>()
  const writers = values.map((value) => {
    const append = seen.has(value) ? undefined : appends.get(value)
    seen.add(value)
    return append !== undefined && isCommitted(append) ? append : undefined
  })
  const unseen = [...appends.values()].filter((append) => isCommitted(append) && !seen.has(append.value))
  const lost = lostAppends(unseen, reads)
  // What is lost has no place in any order; left in, it would be explained a second time as a cycle.
  const order = { key, values, writers, unseen: unseen.filter((append) => !lost.has(append)), reads: compatible }
  const torn = tornAppends(order, best)
  violations.push(...torn, ...intermediateReads(order, torn), ...lost.values())
  return { order, violations }
}

/** Values from some position on that are there twice, that nobody appended, or that an aborted transaction appended. */
function* wrongValues(
  { key, length, transaction: reader, values }: ExternalRead,
  from: number,
  appends: ReadonlyMap<Value, Append>
): Generator<Violation> {
  const seen = new Set(values.slice(0, from))
  for (const value of values.slice(from, length)) {
    const writer = appends.get(value)?.transaction
    const read = { reader, key, value, values, ...(writer !== undefined && { writer }) }
    if (seen.has(value)) yield { name: "duplicate-value", ...read }
    else if (writer === undefined) yield { name: "value-from-nowhere", ...read }
    else if (writer.committed === false) yield { name: "G1a", ...read }
    seen.add(value)
  }
}

/** Values that were seen before, or without, an earlier append of the same transaction to the same list. */
const tornAppends = (
  { key, writers, values }: VersionOrder,
  longest: ExternalRead | undefined
): ReadonlyArray<ReadViolation> => {
  const torn: Array<ReadViolation> = []
  const seen = new Map<Transaction, number>()
  for (const append of writers) {
    if (append === undefined || longest === undefined) continue
    const { transaction: writer, value, index } = append
    const before = seen.get(writer) ?? 0
    if (index > before) torn.push({ name: "append-order", reader: longest.transaction, writer, key, value, values })
    seen.set(writer, Math.max(before, index + 1))
  }
  return torn
}

/** Reads that end within the appends of a transaction, unless these are torn anyway. */
function* intermediateReads(
  { key, reads, writers }: VersionOrder,
  torn: ReadonlyArray<ReadViolation>
): Generator<ReadViolation> {
  const tornWriters = new Set(torn.map(({ writer }) => writer))
  for (const { transaction: reader, length, values } of reads) {
    const last = writers[length - 1]
    if (last === undefined || last.isLast || tornWriters.has(last.transaction)) continue
    yield { name: "G1b", reader, writer: last.transaction, key, value: last.value, values }
  }
}

/** Acknowledged appends that the last of the reads should show, but that no read shows at all. */
const lostAppends = (
  unseen: ReadonlyArray<Append>,
  reads: ReadonlyArray<ExternalRead>
): ReadonlyMap<Append, ReadViolation> => {
  const lost = new Map<Append, ReadViolation>()
  const final = reads.reduce<ExternalRead | undefined>(
    (last, read) => (last === undefined || read.transaction.start > last.transaction.start ? read : last),
    undefined
  )
  if (final === undefined) return lost
  const { key, transaction: reader, values } = final
  const inFinal = new Set(values)
  for (const append of unseen) {
    const { transaction: writer, value } = append
    const acknowledged = writer.committed === true ? writer.end : undefined
    if (acknowledged === undefined || acknowledged >= reader.start || inFinal.has(value)) continue
    lost.set(append, { name: "lost-append", reader, writer, key, value, values })
  }
  return lost
}
