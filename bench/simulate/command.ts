/** What `npm run simulate` is told. */
import { parseArgs } from "node:util"
import { ClusterSimulation, FaultSchedule, Workloads } from "effect-optimystic/simulator"

/** A command line, understood. */
export interface Command {
  readonly seeds: number
  readonly seedStart: number
  readonly options: ClusterSimulation.Options
  readonly json: boolean
  /** Threads; by default one for each core. */
  readonly workers: number | undefined
}

const SEEDS = 20
const { defaultOptions } = ClusterSimulation
const FAULT_MODELS = ["byzantine", "crash"] as const
const PLACEMENTS = ["together", "scatter"] as const

const OPTIONS = {
  clients: { default: String(defaultOptions.clients), type: "string" },
  "cluster-size": { default: String(defaultOptions.clusterSize), type: "string" },
  "fault-model": { default: defaultOptions.faultModel, type: "string" },
  faults: { default: "all", type: "string" },
  json: { default: false, type: "boolean" },
  nodes: { default: String(defaultOptions.nodes), type: "string" },
  placement: { default: defaultOptions.placement, type: "string" },
  "seed-start": { default: "1", type: "string" },
  seeds: { default: String(SEEDS), type: "string" },
  transactions: { default: String(defaultOptions.transactions), type: "string" },
  workers: { type: "string" },
  workload: { default: defaultOptions.workload, type: "string" }
} as const

class Misunderstood extends Error {}

const number = (name: string, text: string): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new Misunderstood(`--${name} must be a whole number, at least 1; it is ${JSON.stringify(text)}`)
}

const oneOf = <A extends string>(name: string, text: string, known: ReadonlyArray<A>): A => {
  const found = known.find((value) => value === text)
  if (found !== undefined) return found
  throw new Misunderstood(`--${name} must be one of ${known.join(", ")}; it is ${JSON.stringify(text)}`)
}

const faultsIn = (text: string): ClusterSimulation.Options["faults"] => {
  if (text === "all") return FaultSchedule.FAULT_GROUPS
  return text === "none" ? [] : text.split(",").map((group) => oneOf("faults", group, FaultSchedule.FAULT_GROUPS))
}

/** What a command line asks for, or what is wrong with it. */
export const parseCommand = (args: ReadonlyArray<string>): Command | string => {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    const options: ClusterSimulation.Options = {
      clients: number("clients", values.clients),
      clusterSize: number("cluster-size", values["cluster-size"]),
      faultModel: oneOf("fault-model", values["fault-model"], FAULT_MODELS),
      faults: faultsIn(values.faults),
      nodes: number("nodes", values.nodes),
      placement: oneOf("placement", values.placement, PLACEMENTS),
      transactions: number("transactions", values.transactions),
      workload: oneOf("workload", values.workload, Workloads.WORKLOADS)
    }
    const problem = ClusterSimulation.optionsProblem(options)
    if (problem !== undefined) return problem
    return {
      json: values.json,
      options,
      seedStart: number("seed-start", values["seed-start"]),
      seeds: number("seeds", values.seeds),
      workers: values.workers === undefined ? undefined : number("workers", values.workers)
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The line that simulates one seed as a command does. */
export const commandOf = ({ options }: Command, seed: number): string => {
  const { clients, clusterSize, faultModel, faults, nodes, placement, transactions, workload } = options
  const isAll = faults.length === FaultSchedule.FAULT_GROUPS.length
  const told = isAll ? "all" : faults.length === 0 ? "none" : faults.join(",")
  return [
    `npm run simulate -- --seeds 1 --seed-start ${seed} --nodes ${nodes} --cluster-size ${clusterSize}`,
    `--fault-model ${faultModel} --placement ${placement} --faults ${told} --workload ${workload}`,
    `--clients ${clients} --transactions ${transactions}`
  ].join(" ")
}
