/** `npm run bench -- [--json] [--only name,prefix] [--runs n] [--directory path]`: one node, its disk, and clusters in one program. */
import { clusters } from "./cluster.ts"
import { disk } from "./disk.ts"
import { local } from "./local.ts"
import { runBenchmarks } from "./program.ts"
import { storage } from "./storage.ts"

runBenchmarks([...storage, ...local, ...disk, ...clusters])
