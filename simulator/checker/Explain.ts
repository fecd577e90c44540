import type { Operation, Transaction, Value } from "./History.ts"
import type { CycleViolation, Dependency, ReadViolation, Violation } from "./Violation.ts"

/** Of a long list, so many of its last values are printed. */
const VALUES_SHOWN = 8
/** Of a transaction, at most so many of its operations are printed, those on the lists concerned. */
const OPERATIONS_SHOWN = 20

/** A violation as a text of several lines: the transactions, and why no order of them explains what they saw. */
export const explain = (violation: Violation): string => {
  switch (violation.name) {
    case "incompatible-order": {
      const { key, first, firstValues, position, second, secondValues } = violation
      return page(
        `incompatible-order: two reads of ${key} differ from position ${position + 1} on; no list grows into both.`,
        [first, second],
        [key],
        [
          `${first.id} read ${key} as ${list(firstValues, position)}.`,
          `${second.id} read ${key} as ${list(secondValues, position)}.`
        ]
      )
    }
    case "internal": {
      const { expected, key, transaction, values } = violation
      return page(
        `internal: ${transaction.id} contradicts itself about ${key}.`,
        [transaction],
        [key],
        [
          `After what it had itself read and appended, ${key} had to end in ${list(expected)}.`,
          `It was ${list(values)}.`
        ]
      )
    }
    case "G1a":
    case "G1b":
    case "lost-append":
    case "duplicate-value":
    case "value-from-nowhere":
    case "append-order":
      return explainRead(violation)
    default:
      return explainCycle(violation)
  }
}

const explainRead = ({ key, name, reader, value, values, writer }: ReadViolation): string => {
  const position = values.lastIndexOf(value)
  const read = `${reader.id} read ${key} as ${list(values, position < 0 ? undefined : position)}.`
  const by = writer?.id ?? "nobody"
  const transactions = writer === undefined ? [reader] : [writer, reader]
  const say = (what: string, ...reasons: ReadonlyArray<string>) =>
    page(`${name}: ${what}.`, transactions, [key], reasons)
  switch (name) {
    case "G1a":
      return say(
        `${reader.id} read what an aborted transaction appended`,
        read,
        `${value} was appended by ${by}, which aborted.`
      )
    case "G1b":
      return say(
        `${reader.id} read the unfinished state of ${by}`,
        read,
        `${by} appended more to ${key} after ${value}.`
      )
    case "lost-append":
      return say(
        `an acknowledged append of ${by} is gone`,
        `${by} appended ${value} to ${key}, and was told so at ${writer?.end}.`,
        `${read} It started later, at ${reader.start}, and no read of ${key} shows ${value}.`
      )
    case "duplicate-value":
      return say(`${value} was appended to ${key} once, and is there twice`, read)
    case "value-from-nowhere":
      return say(`nobody appended ${value} to ${key}`, read)
    case "append-order":
      return say(
        `the appends of ${by} to ${key} are not there in the order in which it made them`,
        read,
        `${by} had appended something else to ${key} before ${value}.`
      )
  }
}

const explainCycle = ({ name, dependencies }: CycleViolation): string => {
  const transactions = dependencies.map(({ from }) => from)
  const first = transactions[0]?.id
  return page(
    `${name}: ${transactions.length} transactions wait for each other, so no order of them explains what they saw.`,
    transactions,
    dependencies.flatMap(({ key = [] }) => key),
    [
      ...dependencies.map(
        (dependency) => `${dependency.from.id} is before ${dependency.to.id}: ${reason(dependency)}.`
      ),
      `So ${first} would have to be before itself.`
    ]
  )
}

const reason = ({ from, key = "", kind, previous, to, value }: Dependency): string => {
  switch (kind) {
    case "ww":
      return `${to.id} appended ${value} to ${key} after ${from.id} had appended ${previous} (ww)`
    case "wr":
      return `${to.id} read ${key} as ${readOf(to, key)}, with ${value} that ${from.id} appended (wr)`
    case "rw":
      return `${from.id} read ${key} as ${readOf(from, key)}, without ${value} that ${to.id} appended (rw)`
    case "rt":
      return `it ended at ${from.end}, and ${to.id} started later, at ${to.start} (real time)`
  }
}

const readOf = ({ operations }: Transaction, key: string): string => {
  const read = operations.find((operation) => operation.type === "read" && operation.key === key)
  return read?.type === "read" ? list(read.values) : "nothing"
}

/** A title, what the transactions did to the lists concerned, and the reasons. */
const page = (
  title: string,
  transactions: ReadonlyArray<Transaction>,
  keys: ReadonlyArray<string>,
  reasons: ReadonlyArray<string>
): string =>
  [
    title,
    "",
    ...[...new Set(transactions)].flatMap((transaction) => describe(transaction, new Set(keys))),
    "",
    ...reasons.map((line) => `  ${line}`)
  ].join("\n")

const describe = (
  { committed, end, id, operations, start }: Transaction,
  keys: ReadonlySet<string>
): ReadonlyArray<string> => {
  const outcome = committed === true ? "committed" : committed === false ? "aborted" : "outcome unknown"
  const shown = operations.filter(({ key }) => keys.has(key)).slice(0, OPERATIONS_SHOWN)
  const left = operations.length - shown.length
  return [
    `  ${id}, from ${start} to ${end ?? "?"}, ${outcome}`,
    ...shown.map((operation) => `    ${step(operation)}`),
    ...(left > 0 ? [`    … and ${left} more operation(s)`] : [])
  ]
}

const step = (operation: Operation): string =>
  operation.type === "append"
    ? `append ${operation.value} to ${operation.key}`
    : `read ${operation.key} as ${list(operation.values)}`

/** The end of a list, or what surrounds a position in it. */
const list = (values: ReadonlyArray<Value>, around = values.length): string => {
  const from = Math.max(0, Math.min(around - VALUES_SHOWN / 2, values.length - VALUES_SHOWN))
  const to = Math.min(values.length, from + VALUES_SHOWN)
  const before = from > 0 ? [`… ${from} more`] : []
  const after = to < values.length ? [`… ${values.length - to} more`] : []
  return `[${[...before, ...values.slice(from, to), ...after].join(", ")}]`
}
