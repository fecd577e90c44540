/** How long it takes to join a network. */
import * as Effect from "effect/Effect"
import { atMost, type Benchmark, timed } from "../harness.ts"
import { allKnow, startTown } from "./Town.ts"

/** Nodes in each process, before another joins in the last. */
const SIZES = [5, 5, 5, 4]
/** So long nothing happens before another joins. */
const QUIET_MILLIS = 1_000
const MOST_MILLIS = 3_000

const METHOD =
  "19 nodes in 4 processes, all active and known to all; a 20th starts in the last process, and knows the address of the first. Timed from " +
  "when its process is told to start it, until all 20 know it, and that it is active: it has taken over its part of the cluster index by then. " +
  "reachable: until it could be dialled. Each run is a network of its own, as who left would still be counted."

const join: Benchmark = {
  durable: false,
  method: METHOD,
  name: "directory.join",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const { join, nodes, processes } = yield* startTown(SIZES)
        yield* allKnow(
          processes,
          nodes.map(({ peer }) => peer)
        )
        yield* Effect.sleep(QUIET_MILLIS)
        const started = performance.now()
        const { peer } = yield* join(processes.at(-1)!)
        const reachable = performance.now() - started
        const rest = yield* timed(allKnow(processes, [peer]))
        return { reachable, value: reachable + rest }
      })
    ),
  runs: 3,
  target: atMost(MOST_MILLIS),
  unit: "ms"
}

/** All of joining. */
export const joining: ReadonlyArray<Benchmark> = [join]
