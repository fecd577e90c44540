import * as Effect from "effect/Effect"
import { Directory } from "../../services/Directory.ts"

/** How often is looked. */
const LOOK_MILLIS = 20

/**
 * Waits until this node is active, and knows so many active peers that answer, itself included: as many as a cluster has. From then on it
 * finds what there is, and creates what there is not.
 */
export const untilReady = (peers: number): Effect.Effect<void, never, Directory> =>
  Effect.flatMap(Directory, ({ known, own }) => {
    const isReady = () =>
      own()?.active === true &&
      known().filter(({ isReachable, record }) => isReachable && record.active).length >= peers
    return Effect.asVoid(Effect.repeat(Effect.sleep(LOOK_MILLIS), { until: isReady }))
  })
