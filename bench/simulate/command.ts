/** What `npm run simulate` is told. */
import { parseArgs } from "node:util"
import { ClusterMutations, ClusterSimulation, FaultSchedule, Liars, Workloads } from "effect-optimystic/simulator"

/** A command line, understood. */
export interface Command {
  readonly seeds: number
  /** The mistakes that are looked for, each in so many seeds at most; undefined where none is made. */
  readonly mutations: ReadonlyArray<ClusterMutations.Mutation> | undefined
  readonly seedStart: number
  readonly options: ClusterSimulation.Options
  readonly json: boolean
  /** Threads; by default one for each core. */
  readonly workers: number | undefined
}

const SEEDS = 20
/** More would rather ask for a sharper liar. */
const SEEDS_OF_MUTANT = 25
const { defaultOptions } = ClusterSimulation
const FAULT_MODELS = ["byzantine", "crash"] as const
const PLACEMENTS = ["together", "scatter"] as const

const OPTIONS = {
  clients: { default: String(defaultOptions.clients), type: "string" },
  "cluster-size": { default: String(defaultOptions.clusterSize), type: "string" },
  "fault-model": { default: defaultOptions.faultModel, type: "string" },
  "fault-millis": { default: String(defaultOptions.faultMillis), type: "string" },
  "fault-pause": { default: String(defaultOptions.faultPauseMillis), type: "string" },
  faults: { default: "all", type: "string" },
  json: { default: false, type: "boolean" },
  "liar-transactions": { default: String(defaultOptions.liarTransactions), type: "string" },
  lies: { default: "all", type: "string" },
  mutations: { default: false, type: "boolean" },
  nodes: { default: String(defaultOptions.nodes), type: "string" },
  only: { type: "string" },
  placement: { default: defaultOptions.placement, type: "string" },
  "seed-start": { default: "1", type: "string" },
  seeds: { type: "string" },
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

/** All of some names, none, or those in a list. */
const someOf = <A extends string>(name: string, text: string, known: ReadonlyArray<A>): ReadonlyArray<A> => {
  if (text === "all") return known
  return text === "none" ? [] : text.split(",").map((one) => oneOf(name, one, known))
}

const told = (chosen: ReadonlyArray<string>, known: ReadonlyArray<string>): string => {
  if (chosen.length === known.length) return "all"
  return chosen.length === 0 ? "none" : chosen.join(",")
}

const mutationsIn = (only: string | undefined): ReadonlyArray<ClusterMutations.Mutation> => {
  const prefixes = only?.split(",") ?? [""]
  const found = ClusterMutations.mutations.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)))
  if (found.length > 0) return found
  throw new Misunderstood(
    `--only ${only}: there are\n  ${ClusterMutations.mutations.map(({ name }) => name).join("\n  ")}`
  )
}

/** What a command line asks for, or what is wrong with it. */
export const parseCommand = (args: ReadonlyArray<string>): Command | string => {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    const options: ClusterSimulation.Options = {
      clients: number("clients", values.clients),
      clusterSize: number("cluster-size", values["cluster-size"]),
      faultModel: oneOf("fault-model", values["fault-model"], FAULT_MODELS),
      faultMillis: number("fault-millis", values["fault-millis"]),
      faultPauseMillis: number("fault-pause", values["fault-pause"]),
      faults: someOf("faults", values.faults, FaultSchedule.FAULT_GROUPS),
      liarTransactions: number("liar-transactions", values["liar-transactions"]),
      lies: someOf("lies", values.lies, Liars.LIES),
      nodes: number("nodes", values.nodes),
      placement: oneOf("placement", values.placement, PLACEMENTS),
      transactions: number("transactions", values.transactions),
      workload: oneOf("workload", values.workload, Workloads.WORKLOADS)
    }
    const problem = ClusterSimulation.optionsProblem(options)
    if (problem !== undefined) return problem
    return {
      json: values.json,
      mutations: values.mutations ? mutationsIn(values.only) : undefined,
      options,
      seedStart: number("seed-start", values["seed-start"]),
      seeds: number("seeds", values.seeds ?? String(values.mutations ? SEEDS_OF_MUTANT : SEEDS)),
      workers: values.workers === undefined ? undefined : number("workers", values.workers)
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The line that simulates one seed as a command does. */
export const commandOf = ({ options }: Command, seed: number): string => {
  const { clients, clusterSize, faultMillis, faultModel, faultPauseMillis, faults, liarTransactions, lies, nodes } =
    options
  const { placement, transactions, workload } = options
  return [
    `npm run simulate -- --seeds 1 --seed-start ${seed} --nodes ${nodes} --cluster-size ${clusterSize}`,
    `--fault-model ${faultModel} --placement ${placement} --faults ${told(faults, FaultSchedule.FAULT_GROUPS)}`,
    `--lies ${told(lies, Liars.LIES)} --workload ${workload} --clients ${clients}`,
    `--transactions ${transactions} --liar-transactions ${liarTransactions} --fault-pause ${faultPauseMillis} --fault-millis ${faultMillis}`
  ].join(" ")
}
