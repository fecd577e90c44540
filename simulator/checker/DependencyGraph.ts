import type { Transaction, Value } from "./History.ts"
import type { Append } from "./SettledHistory.ts"
import type { VersionOrder } from "./VersionOrder.ts"
import type { DependencyKind } from "./Violation.ts"

/** An edge, as in {@link Dependency}. */
export interface Edge {
  readonly to: number
  readonly kind: DependencyKind
  readonly key?: string
  readonly value?: Value
  readonly previous?: Value
}

/**
 * Which transaction must come before which. Nodes below `transactions.length` are transactions, in their order. The
 * others are joints: an edge into a joint and one out of it are together one dependency, so that "each of these before
 * each of those" costs edges for the sum and not for the product. No path leads from a transaction through joints back
 * to itself.
 */
export interface DependencyGraph {
  readonly transactions: ReadonlyArray<Transaction>
  readonly edges: ReadonlyArray<ReadonlyArray<Edge>>
}

/** The graph of committed transactions under the version orders of their lists and the order of real time. */
export const dependencyGraph = (
  transactions: ReadonlyArray<Transaction>,
  orders: ReadonlyArray<VersionOrder>
): DependencyGraph => {
  const builder = new GraphBuilder(transactions)
  for (const order of orders) builder.addOrder(order)
  builder.addRealTime()
  return builder
}

class GraphBuilder implements DependencyGraph {
  readonly transactions: ReadonlyArray<Transaction>
  readonly edges: Array<Array<Edge>>
  private readonly nodes: ReadonlyMap<Transaction, number>

  constructor(transactions: ReadonlyArray<Transaction>) {
    this.transactions = transactions
    this.edges = transactions.map(() => [])
    this.nodes = new Map(transactions.map((transaction, node) => [transaction, node]))
  }

  addOrder(order: VersionOrder): void {
    const { key, reads } = order
    const written = order.writers.map((append) => append && { append, node: this.nodeOf(append.transaction) })
    const seenBy = lastDefined(written)
    const nextAfter = lastDefined([...written].reverse()).reverse()
    const unseen = this.firstOfEach(order.unseen)
    for (const [position, later] of written.entries()) {
      const earlier = seenBy[position - 1]
      if (later !== undefined) this.addWrite(key, earlier, later)
    }
    for (const later of unseen) this.addWrite(key, seenBy.at(-1), later)
    const readersOfAll: Array<number> = []
    for (const read of reads) {
      const reader = this.nodeOf(read.transaction)
      const seen = seenBy[read.length - 1]
      const missed = nextAfter[read.length]
      if (seen !== undefined) this.add(seen.node, { to: reader, kind: "wr", key, value: seen.append.value })
      if (missed !== undefined) this.add(reader, { to: missed.node, kind: "rw", key, value: missed.append.value })
      else readersOfAll.push(reader)
    }
    this.addBefore(readersOfAll, unseen, key)
  }

  /**
   * Real time as a chain of joints, one for each instant when a transaction ended: it leads from there to all
   * that started later.
   */
  addRealTime(): void {
    const ended = this.transactions
      .map((transaction, node) => ({ end: transaction.committed === true ? transaction.end : undefined, node }))
      .filter((entry): entry is { end: number; node: number } => entry.end !== undefined)
      .sort((left, right) => left.end - right.end)
    const started = this.transactions
      .map(({ start }, node) => ({ start, node }))
      .sort((left, right) => left.start - right.start)
    let passed = 0
    let instant: number | undefined
    for (const { start, node } of started) {
      for (let next = ended[passed]; next !== undefined && next.end < start; next = ended[++passed]) {
        const joint = this.addJoint()
        if (instant !== undefined) this.add(instant, { to: joint, kind: "rt" })
        this.add(next.node, { to: joint, kind: "rt" })
        instant = joint
      }
      if (instant !== undefined) this.add(instant, { to: node, kind: "rt" })
    }
  }

  private nodeOf(transaction: Transaction): number {
    return this.nodes.get(transaction) as number
  }

  private addJoint(): number {
    return this.edges.push([]) - 1
  }

  private add(from: number, edge: Edge): void {
    if (from !== edge.to) this.edges[from]?.push(edge)
  }

  private addWrite(key: string, earlier: Written | undefined, { node, append: { value } }: Written): void {
    if (earlier !== undefined) {
      this.add(earlier.node, { to: node, kind: "ww", key, value, previous: earlier.append.value })
    }
  }

  private firstOfEach(appends: ReadonlyArray<Append>): Array<Written> {
    const firsts = new Map<number, Written>()
    for (const append of appends) {
      const node = this.nodeOf(append.transaction)
      const first = firsts.get(node)
      if (first === undefined || append.index < first.append.index) firsts.set(node, { append, node })
    }
    return [...firsts.values()]
  }

  /**
   * Each reader before each writer other than itself: joints for the first so many writers, and for the last so many.
   */
  private addBefore(readers: ReadonlyArray<number>, writers: ReadonlyArray<Written>, key: string): void {
    if (readers.length === 0 || writers.length === 0) return
    const chain = (targets: ReadonlyArray<Written>): Array<number> => {
      const joints: Array<number> = []
      for (const { node, append } of targets) {
        const joint = this.addJoint()
        this.add(joint, { to: node, kind: "rw", key, value: append.value })
        const before = joints.at(-1)
        if (before !== undefined) this.add(joint, { to: before, kind: "rw" })
        joints.push(joint)
      }
      return joints
    }
    const first = chain(writers)
    const last = chain([...writers].reverse()).reverse()
    const places = new Map(writers.map(({ node }, place) => [node, place]))
    for (const reader of readers) {
      const place = places.get(reader)
      const joints = place === undefined ? [first.at(-1)] : [first[place - 1], last[place + 1]]
      for (const joint of joints) if (joint !== undefined) this.add(reader, { to: joint, kind: "rw" })
    }
  }
}

interface Written {
  readonly append: Append
  readonly node: number
}

/** At each position, the last element up to there that is defined. */
const lastDefined = <A>(elements: ReadonlyArray<A | undefined>): Array<A | undefined> => {
  let last: A | undefined
  return elements.map((element) => {
    last = element ?? last
    return last
  })
}
