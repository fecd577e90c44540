import { describe, expect, it } from "@effect/vitest"
import * as ClusterSimulation from "../../../simulator/cluster/ClusterSimulation.ts"
import { FAULT_GROUPS } from "../../../simulator/cluster/FaultSchedule.ts"
import { FAULT_KINDS } from "../../../simulator/FaultCounts.ts"
import { WORKLOADS } from "../../../simulator/workloads/Workloads.ts"
import { hasher } from "../../storage/TestServices.ts"

/** A tenth of what `npm run simulate` does with each seed. */
const SHORT = { ...ClusterSimulation.defaultOptions, clients: 3, transactions: 7 }

const simulate = (seed: number, options: Partial<ClusterSimulation.Options> = {}) =>
  ClusterSimulation.run(hasher, seed, { ...SHORT, ...options })

const violationsOf = ({ seed, violations }: ClusterSimulation.Report) => violations.map((what) => `${seed}: ${what}`)

describe("A simulated cluster", () => {
  it("keeps its promises under all faults, whatever clients do", () => {
    const reports = WORKLOADS.flatMap((workload, i) => [simulate(i + 1, { workload })])
    expect(reports.flatMap(violationsOf)).toEqual([])
    for (const { committed } of reports) expect(committed).toBeGreaterThan(0)
  })

  it("keeps its promises with clusters among more nodes, and with members that crash but do not lie", () => {
    const reports = [
      simulate(11, { nodes: 9, placement: "scatter" }),
      simulate(12, { clusterSize: 3, faultModel: "crash" })
    ]
    expect(reports.flatMap(violationsOf)).toEqual([])
    const isOfLiar = (kind: string) => kind.startsWith("liar-")
    expect(Object.keys(reports[0]!.faults).some(isOfLiar)).toBe(true)
    expect(Object.keys(reports[1]!.faults).some(isOfLiar)).toBe(false)
  })

  it("without faults no transaction fails for any reason but another that was first", () => {
    const { aborted, committed, faults, unknown, violations } = simulate(1, { faults: [] })
    expect(violations).toEqual([])
    expect(faults).toEqual({})
    expect(unknown).toBe(0)
    expect(committed).toBeGreaterThan(20 * aborted)
  })

  it("a seed replays: the same trace, the same report", () => {
    const [first, second, other] = [simulate(3), simulate(3), simulate(4)]
    expect(second).toEqual(first)
    expect(other.traceHash).not.toBe(first.traceHash)
  })

  it("only what is chosen goes wrong", () => {
    const { faults } = simulate(5, { faults: ["partitions"] })
    const allowed: ReadonlyArray<string> = ["partition", "one-way-partition", "split-quorum", "muted-coordinator"]
    expect(Object.keys(faults).filter((kind) => !allowed.includes(kind))).toEqual([])
  })

  it("all groups together bring about most kinds of faults within a few seeds", () => {
    const reports = [21, 22, 23].map((seed) => simulate(seed, { faults: FAULT_GROUPS }))
    const kinds = new Set(reports.flatMap(({ faults }) => Object.keys(faults)))
    expect(reports.flatMap(violationsOf)).toEqual([])
    expect(kinds.size).toBeGreaterThan(FAULT_KINDS.length / 2)
  })

  it("says which clusters cannot be", () => {
    const { optionsProblem } = ClusterSimulation
    expect(optionsProblem(SHORT)).toBeUndefined()
    expect(optionsProblem({ ...SHORT, nodes: 3 })).toBe("3 nodes are too few for clusters of 4")
    expect(optionsProblem({ ...SHORT, clusterSize: 3 })).toContain("tolerates no fault")
  })
})
