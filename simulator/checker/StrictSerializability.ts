/**
 * Decides whether a history of transactions over append-only lists is strictly serializable: whether some order of the
 * committed transactions, in which each comes after those that had ended when it started, explains every read. Exact:
 * it errs to neither side. After Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
 * Observations" (VLDB 2020).
 */
import { findCycles } from "./Cycles.ts"
import { type DependencyGraph, dependencyGraph } from "./DependencyGraph.ts"
import { type ExternalRead, externalReads } from "./ExternalReads.ts"
import type { History, Transaction } from "./History.ts"
import { settle } from "./SettledHistory.ts"
import { stronglyConnected } from "./StronglyConnected.ts"
import { versionOrder } from "./VersionOrder.ts"
import type { CycleViolation, Violation } from "./Violation.ts"

export { explain } from "./Explain.ts"
export type { History, Operation, Transaction, Value } from "./History.ts"
export type { CycleViolation, Dependency, DependencyKind, Violation } from "./Violation.ts"

/** So many violations of each name are returned; one of any is enough to reject a history. */
export const DEFAULT_MAX_PER_NAME = 5

/**
 * What proves that a history is not strictly serializable; nothing if it is. Outcomes that are unknown count as commits
 * where somebody read from them. Raises an error if the history is malformed: a value appended to one key twice, two
 * transactions of one id, an end before its start.
 */
export const check = (history: History, options: { readonly maxPerName?: number } = {}): ReadonlyArray<Violation> => {
  const { graph, violations } = analyse(history)
  const accused = new Set(violations.flatMap(pairOf))
  const cycles = findCycles(graph).filter((cycle) => !pairOf(cycle).some((pair) => accused.has(pair)))
  return firstOfEachName([...violations, ...cycles], options.maxPerName ?? DEFAULT_MAX_PER_NAME)
}

/**
 * An order that explains every read, of all transactions that committed; undefined if there is none. It is to a history
 * that is accepted what a violation is to one that is not: proof that can be checked without trust in the checker.
 */
export const serialOrder = (history: History): ReadonlyArray<Transaction> | undefined => {
  const { graph, violations } = analyse(history)
  const { members } = stronglyConnected(graph, () => true)
  if (violations.length > 0 || members.some((component) => component.length > 1)) return undefined
  return members
    .flat()
    .reverse()
    .flatMap((node) => graph.transactions[node] ?? [])
}

/** What is wrong with reads whatever the order, and what is known of the order. */
const analyse = (
  history: History
): { readonly graph: DependencyGraph; readonly violations: ReadonlyArray<Violation> } => {
  const settled = settle(history)
  const committed = new Set(settled.committed)
  const externals = settled.committed.map(externalReads)
  const violations: Array<Violation> = externals.flatMap((external) => external.violations)
  const readsOf = new Map<string, Array<ExternalRead>>([...settled.appends.keys()].map((key) => [key, []]))
  for (const read of externals.flatMap((external) => external.reads)) {
    const ofKey = readsOf.get(read.key)
    if (ofKey === undefined) readsOf.set(read.key, [read])
    else ofKey.push(read)
  }
  const orders = [...readsOf].map(([key, reads]) => {
    const found = versionOrder(key, reads, settled, ({ transaction }) => committed.has(transaction))
    violations.push(...found.violations)
    return found.order
  })
  return { graph: dependencyGraph(settled.committed, orders), violations }
}

const firstOfEachName = (violations: ReadonlyArray<Violation>, count: number): ReadonlyArray<Violation> => {
  const counts = new Map<string, number>()
  return violations.filter(({ name }) => {
    const before = counts.get(name) ?? 0
    counts.set(name, before + 1)
    return before < count
  })
}

/** The two transactions of a violation. A cycle between two that already stand accused adds nothing. */
const pairOf = (violation: Violation): ReadonlyArray<string> => {
  const two = "dependencies" in violation ? cyclePair(violation) : "reader" in violation ? readPair(violation) : []
  return two.length === 2 ? [JSON.stringify(two.map(({ id }) => id).sort())] : []
}

const cyclePair = ({ dependencies }: CycleViolation): ReadonlyArray<Transaction> => dependencies.map(({ from }) => from)

const readPair = (violation: { readonly reader: Transaction; readonly writer?: Transaction }) =>
  violation.writer === undefined ? [] : [violation.reader, violation.writer]
