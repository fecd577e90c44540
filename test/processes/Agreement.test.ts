import { beforeAll, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { agreement } from "../../bench/network/Agreement.ts"
import { startProcess } from "../../bench/network/Town.ts"
import type { NodeSettings } from "../../bench/processes/NodeSettings.ts"
import { ensureBuilt } from "../package/Distribution.ts"

/** Of a machine that runs other tests beside; `npm run check:agreement` holds a larger network to the time that it has. */
const PATIENCE_MILLIS = 60_000
const TIMEOUT_MILLIS = 180_000
/** A process ends by itself in less than this. */
const STOP_MILLIS = 10_000

beforeAll(ensureBuilt, TIMEOUT_MILLIS)

it.scopedLive(
  "nodes in two processes agree on who is closest to 1,000 keys; when one process is killed that stays, and its nodes are marked",
  () =>
    Effect.gen(function* () {
      const result = yield* agreement({ keys: 1_000, patienceMillis: PATIENCE_MILLIS, sizes: [4, 4] })
      expect(result).toMatchObject({ agreed: 1, killed: 4, marked: 1, nodes: 8, stayed: 1 })
    }),
  TIMEOUT_MILLIS
)

it.scopedLive("a process of nodes that is told to end closes them, and ends with 0", () =>
  Effect.gen(function* () {
    const { client, stop } = yield* startProcess
    const settings: NodeSettings = { bootstrap: [], clusterSize: 4, faultModel: "byzantine", network: "bench", seed: 1 }
    expect((yield* client.Start({ settings })).addresses).toHaveLength(1)
    const asked = performance.now()
    expect(yield* stop).toBe(0)
    expect(performance.now() - asked).toBeLessThan(STOP_MILLIS)
  })
)
