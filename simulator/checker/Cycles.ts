import { CycleSearch, type Hop, type PathRule } from "./CycleSearch.ts"
import type { DependencyGraph, Edge } from "./DependencyGraph.ts"
import { type EdgeFilter, stronglyConnected } from "./StronglyConnected.ts"
import type { CycleViolation, Dependency, DependencyKind } from "./Violation.ts"

/**
 * Edges looked at in one component in search of a shorter cycle, or of one with a single `rw`. When they are used up
 * the shortest so far is taken. The verdict does not depend on it; the name may then say G2 although a G-single exists.
 */
const MAX_VISITS = 20_000_000

/** No cycle is shorter. */
const SHORTEST = 2

/**
 * Cycles of these kinds of dependencies, in which, if `single`, the first kind comes once and the rest are of the
 * others.
 */
interface CycleClass {
  readonly kinds: ReadonlyArray<DependencyKind>
  readonly single: boolean
}

/** From the worst anomaly to the mildest; those that need real time last, as they break strictness only. */
const CLASSES: ReadonlyArray<CycleClass> = [
  { kinds: ["ww"], single: false },
  { kinds: ["ww", "wr"], single: false },
  { kinds: ["rw", "ww", "wr"], single: true },
  { kinds: ["rw", "ww", "wr"], single: false },
  { kinds: ["ww", "rt"], single: false },
  { kinds: ["ww", "wr", "rt"], single: false },
  { kinds: ["rw", "ww", "wr", "rt"], single: true },
  { kinds: ["rw", "ww", "wr", "rt"], single: false }
]

const among =
  (kinds: ReadonlyArray<DependencyKind>): EdgeFilter =>
  ({ kind }) =>
    kinds.includes(kind)

/**
 * A short cycle for each group of transactions that are entangled, named by the worst anomaly that is in the group.
 * Empty exactly if the graph has no cycle.
 */
export const findCycles = (graph: DependencyGraph): ReadonlyArray<CycleViolation> => {
  const violations: Array<CycleViolation> = []
  if (!hasCycle(graph)) return violations
  const isExplained = new Uint8Array(graph.edges.length)
  for (const cycleClass of CLASSES) {
    const components = stronglyConnected(graph, among(cycleClass.kinds))
    for (const members of components.members) {
      if (members.length < SHORTEST || members.some((node) => isExplained[node] === 1)) continue
      const component = components.of[members[0] as number] as number
      const inScope = (node: number) => components.of[node] === component
      const hops = shortestCycle(graph, members, inScope, cycleClass)
      if (hops === undefined) continue
      violations.push(describe(graph, hops))
      for (const node of members) isExplained[node] = 1
    }
  }
  return violations
}

const hasCycle = (graph: DependencyGraph): boolean =>
  stronglyConnected(graph, () => true).members.some((members) => members.length >= SHORTEST)

const shortestCycle = (
  graph: DependencyGraph,
  members: ReadonlyArray<number>,
  inScope: (node: number) => boolean,
  { kinds, single }: CycleClass
): ReadonlyArray<Hop> | undefined => {
  const search = new CycleSearch(graph)
  const ruleOf = single ? singleRule(graph, members, inScope, kinds) : () => wholeRule(inScope, kinds)
  let best: ReadonlyArray<Hop> | undefined
  let bestLength = Number.POSITIVE_INFINITY
  for (const node of members) {
    if (node >= graph.transactions.length) continue
    const cycle = search.through(node, ruleOf(node), bestLength)
    if (cycle !== undefined) {
      best = cycle
      bestLength = cycle.filter(({ edge }) => edge.to < graph.transactions.length).length
    }
    if (bestLength === SHORTEST || search.visits > MAX_VISITS) break
  }
  return best
}

const wholeRule = (through: (node: number) => boolean, kinds: ReadonlyArray<DependencyKind>): PathRule => {
  const counts = among(kinds)
  return { first: counts, later: counts, through }
}

/**
 * The rule for cycles with one `rw`, which is the first dependency. The others have no cycle by themselves here (it
 * would have been found before), so they have an order, and a way back to the start keeps to what is before it.
 */
const singleRule = (
  graph: DependencyGraph,
  members: ReadonlyArray<number>,
  inScope: (node: number) => boolean,
  [rw, ...others]: ReadonlyArray<DependencyKind>
): ((start: number) => PathRule) => {
  const first: EdgeFilter = ({ kind }) => kind === rw
  const later = among(others)
  const { of } = stronglyConnected(graph, later, members, inScope)
  const isJointOfFirst = (node: number) => node >= graph.transactions.length && graph.edges[node]?.every(first) === true
  return (start) => ({
    first,
    later,
    // Components are numbered from the last to the first.
    through: (node) => inScope(node) && (isJointOfFirst(node) || (of[node] as number) > (of[start] as number))
  })
}

/** Joins the hops between transactions to dependencies, and names the cycle. */
const describe = ({ transactions }: DependencyGraph, hops: ReadonlyArray<Hop>): CycleViolation => {
  const dependencies: Array<Dependency> = []
  let from = (hops[0] as Hop).from
  for (const { edge } of hops) {
    const to = transactions[edge.to]
    if (to === undefined) continue
    dependencies.push({ from: transactions[from] as Dependency["from"], to, ...detail(edge) })
    from = edge.to
  }
  const count = (kind: DependencyKind) => dependencies.filter((dependency) => dependency.kind === kind).length
  const anomaly = count("rw") > 1 ? "G2" : count("rw") === 1 ? "G-single" : count("wr") > 0 ? "G1c" : "G0"
  return { name: count("rt") > 0 ? `${anomaly}+realtime` : anomaly, dependencies }
}

const detail = ({ to: _, ...rest }: Edge): Omit<Dependency, "from" | "to"> => rest
