/** `npm run bench:network -- [--json] [--only name,prefix] [--runs n]`: peers on sockets of this machine, in processes of their own. */
import { calls } from "./network/calls.ts"
import { runBenchmarks } from "./program.ts"

runBenchmarks([...calls])
