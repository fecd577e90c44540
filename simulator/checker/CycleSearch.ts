import type { DependencyGraph, Edge } from "./DependencyGraph.ts"

/** An edge, and the node that it leaves. */
export interface Hop {
  readonly from: number
  readonly edge: Edge
}

/** Which edges a path may take, as its first dependency and after it. */
export interface PathRule {
  readonly first: (edge: Edge) => boolean
  readonly later: (edge: Edge) => boolean
  /** Whether a path may pass through a node. */
  readonly through: (node: number) => boolean
}

/** A node, and whether the path to it has its first dependency behind it: 2 × node, or 2 × node + 1. */
type State = number

const UNSEEN = -1

/**
 * Searches for short ways from a transaction back to itself: breadth first, one step for each dependency, however many
 * joints lie in it. Keeps its tables from one search to the next, as one check makes thousands.
 */
export class CycleSearch {
  /** Edges looked at so far, in all searches. */
  visits = 0
  private readonly graph: DependencyGraph
  private readonly round: Int32Array
  private readonly parents: Int32Array
  private readonly ways: Array<Edge | undefined>
  private rounds = 0

  constructor(graph: DependencyGraph) {
    this.graph = graph
    const states = 2 * graph.edges.length
    this.round = new Int32Array(states).fill(UNSEEN)
    this.parents = new Int32Array(states)
    this.ways = new Array<Edge | undefined>(states)
  }

  /** The shortest cycle through a transaction of fewer than `limit` dependencies, or undefined. */
  through(start: number, rule: PathRule, limit: number): ReadonlyArray<Hop> | undefined {
    this.rounds++
    const joints = this.graph.transactions.length
    let level: Array<State> = [2 * start]
    this.round[2 * start] = this.rounds
    for (let length = 1; length < limit && level.length > 0; length++) {
      const nextLevel: Array<State> = []
      // Joints cost nothing: they join the level that is being walked.
      for (const state of level) {
        const node = state >> 1
        const counts = state % 2 === 0 ? rule.first : rule.later
        for (const edge of this.graph.edges[node] ?? []) {
          this.visits++
          if (!counts(edge)) continue
          const isJoint = edge.to >= joints
          // Behind a joint the dependency goes on, so the rule for its edges stays the same.
          const reached: State = isJoint ? 2 * edge.to + (state % 2) : 2 * edge.to + 1
          if (this.round[reached] === this.rounds || !(edge.to === start || rule.through(edge.to))) continue
          this.round[reached] = this.rounds
          this.parents[reached] = state
          this.ways[reached] = edge
          if (edge.to === start) return this.pathTo(reached, 2 * start)
          if (isJoint) level.push(reached)
          else nextLevel.push(reached)
        }
      }
      level = nextLevel
    }
    return undefined
  }

  private pathTo(end: State, start: State): ReadonlyArray<Hop> {
    const hops: Array<Hop> = []
    for (let state = end; state !== start; state = this.parents[state] as number) {
      hops.push({ from: (this.parents[state] as number) >> 1, edge: this.ways[state] as Edge })
    }
    return hops.reverse()
  }
}
