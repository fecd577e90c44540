/** `npm run bench:network -- [--json] [--only name,prefix] [--runs n]`: nodes and peers on sockets of this machine, in processes of their own, and who is close to a key. */
import { directories } from "./directory.ts"
import { calls } from "./network/calls.ts"
import { joining } from "./network/joining.ts"
import { kills } from "./network/kills.ts"
import { work } from "./network/work.ts"
import { runBenchmarks } from "./program.ts"

runBenchmarks([...work, ...kills, ...calls, ...directories, ...joining])
