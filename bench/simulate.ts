/**
 * `npm run simulate -- [--seeds 20] [--seed-start 1] [--nodes 5] [--cluster-size 4] [--fault-model byzantine|crash]
 * [--placement together|scatter] [--faults all|none|network,partitions,…] [--lies all|none|scheme,…]
 * [--workload list-append] [--workers 2] [--json]`
 *
 * Progress, and of each seed that fails an explanation and the line that replays it, go to standard error; the summary to
 * standard output, its last line one JSON object with `--json`. Ends 0 if nothing is wrong, 1 if something is, 2 where an option
 * is.
 *
 * `npm run simulate -- --mutations [--only name,prefix] [--seeds 25] [--seed-start 1] [--workers 2] [--json]` makes builds with one
 * deliberate mistake each, which must be found: a row for each to standard output, then a summary. Ends 0 if all are.
 */
import { parseCommand } from "./simulate/command.ts"
import { simulateMutants } from "./simulate/mutants.ts"
import { simulateSeeds } from "./simulate/seeds.ts"

const command = parseCommand(process.argv.slice(2))
if (typeof command === "string") {
  console.error(command)
  process.exitCode = 2
} else if (command.mutations !== undefined) {
  process.exitCode = (await simulateMutants(command, command.mutations)) ? 0 : 1
} else simulateSeeds(command)
