import type { DependencyGraph, Edge } from "./DependencyGraph.ts"

/** Which edges of a graph count. */
export type EdgeFilter = (edge: Edge) => boolean

/** The strongly connected components of a graph. */
export interface Components {
  /** The component of each node; UNREACHED where the search was restricted and did not get. */
  readonly of: Int32Array
  /** The nodes of each component. If an edge leads from one component to another, the other has the lower number. */
  readonly members: ReadonlyArray<ReadonlyArray<number>>
}

const UNREACHED = -1

/**
 * Strongly connected components by Tarjan's algorithm, with a stack of its own: dependency chains are longer than the
 * call stack is deep.
 */
export const stronglyConnected = (
  { edges }: DependencyGraph,
  counts: EdgeFilter,
  roots: Iterable<number> = edges.keys(),
  inScope: (node: number) => boolean = () => true
): Components => {
  const of = new Int32Array(edges.length).fill(UNREACHED)
  const index = new Int32Array(edges.length).fill(UNREACHED)
  const low = new Int32Array(edges.length)
  const nextEdge = new Int32Array(edges.length)
  const members: Array<ReadonlyArray<number>> = []
  const open: Array<number> = []
  const path: Array<number> = []
  let found = 0

  const enter = (node: number): void => {
    index[node] = low[node] = found++
    open.push(node)
    path.push(node)
  }
  const leave = (node: number): void => {
    path.pop()
    const parent = path.at(-1)
    if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number)
    if (low[node] !== index[node]) return
    const component = open.splice(open.lastIndexOf(node))
    for (const member of component) of[member] = members.length
    members.push(component)
  }

  for (const root of roots) {
    if (index[root] !== UNREACHED || !inScope(root)) continue
    enter(root)
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const place = nextEdge[node] as number
      nextEdge[node] = place + 1
      const edge = edges[node]?.[place]
      if (edge === undefined) leave(node)
      else if (!counts(edge) || !inScope(edge.to)) continue
      else if (index[edge.to] === UNREACHED) enter(edge.to)
      else if (of[edge.to] === UNREACHED) low[node] = Math.min(low[node] as number, index[edge.to] as number)
    }
  }
  return { of, members }
}
