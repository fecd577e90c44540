import { ClusterSimulation } from "effect-optimystic/simulator"
import { hasher } from "./dist/bench/simulate/hasher.js"
const [,, workload, faults, from, n, tx="10"] = process.argv
for (let seed=+from; seed< +from + +n; seed++){
const t=process.cpuUsage()
const r = ClusterSimulation.run(hasher, seed, {...ClusterSimulation.defaultOptions, workload, faults: faults==='none'?[]:faults==='all'?ClusterSimulation.defaultOptions.faults:faults.split(','), transactions:+tx})
const u=process.cpuUsage(t)
console.log(seed, 'cpu', (u.user/1e6).toFixed(1), 'virtual', r.nowMillis, 'committed', r.committed, 'aborted', r.aborted, 'unk', r.unknown, r.twoRounds, r.recovered, r.violations.slice(0,4).join('\n   '))
}
