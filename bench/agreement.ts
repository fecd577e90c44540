/**
 * Whether real nodes agree on who is closest to a key: `npm run check:agreement -- [--json] [--processes 4] [--nodes 5]`, so many nodes in each. All but the last are started and
 * come to know each other; the last joins, and within 5 s all have to give the same closest 4 for each of 1,000 keys. Then one process is
 * SIGKILLed: those who are closest stay the same, and within 15 s all others have to have marked its nodes, and nobody else.
 *
 * Ends 1 where that is not so, 2 where an option is wrong.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { optionsOf, wrong } from "./commandLine.ts"
import { type AgreementResult, agreement } from "./network/Agreement.ts"
import { CLUSTER_SIZE } from "./network/Town.ts"

const KEYS = 1_000
const AGREED_MILLIS = 5_000
const MARKED_MILLIS = 15_000
/** A busy machine is to be told from a mistake: how long it took is said, too. */
const PATIENCE_MILLIS = 60_000

const options = optionsOf({
  json: { default: false, type: "boolean" },
  nodes: { default: "5", type: "string" },
  processes: { default: "4", type: "string" }
})

const atLeast = (name: "nodes" | "processes", least: number): number => {
  const count = Number(options[name])
  return Number.isSafeInteger(count) && count >= least
    ? count
    : wrong(`--${name} must be a whole number, at least ${least}; it is ${options[name]}`)
}

const isRight = ({ agreed, agreedMillis, marked, markedMillis, stayed }: AgreementResult): boolean =>
  agreed === 1 && stayed === 1 && marked === 1 && agreedMillis <= AGREED_MILLIS && markedMillis <= MARKED_MILLIS

const percent = (share: number): string => `${(share * 100).toFixed(share === 1 ? 0 : 2)} %`
const seconds = (millis: number): string => `${(millis / 1_000).toFixed(1)} s`

const textOf = (result: AgreementResult): string =>
  [
    `${result.nodes} nodes in ${options.processes} processes; all but one knew each other ${seconds(result.settledMillis)} after the first was started`,
    `${seconds(result.agreedMillis)} after the last was started (≤ ${seconds(AGREED_MILLIS)}): ${percent(result.agreed)} of ${result.keys} keys have the same closest ${CLUSTER_SIZE} on all nodes`,
    `${seconds(result.markedMillis)} after ${result.killed} were killed (≤ ${seconds(MARKED_MILLIS)}): ${percent(result.marked)} of the others have marked just these; at least ${percent(result.stayed)} of what is closest stayed`,
    isRight(result) ? "ok" : "SHORT"
  ].join("\n")

const size = atLeast("nodes", 2)
const sizes = Array.from({ length: atLeast("processes", 2) }, () => size)

const program = Effect.gen(function* () {
  const result = yield* agreement({ keys: KEYS, patienceMillis: PATIENCE_MILLIS, sizes })
  console.log(options.json ? JSON.stringify({ name: "agreement", ...result, ok: isRight(result) }) : textOf(result))
  if (!isRight(result)) process.exitCode = 1
})

NodeRuntime.runMain(Effect.scoped(program))
