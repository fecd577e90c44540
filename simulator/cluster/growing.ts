/** A network that begins with its founders, and grows while clients work. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Directory } from "../../services/Directory.ts"
import type { Prng } from "../../src/random/Prng.ts"
import { record } from "../Trace.ts"
import type { Cluster } from "./Cluster.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

/** The longest that the first of those who join is waited for, in milliseconds: there are to be some names by then. */
const MAX_LEAD_MILLIS = 500
/** The longest pause between two that join, in milliseconds: often all of them arrive before the first is active. */
const MAX_JOIN_PAUSE_MILLIS = 200
/** Who is to be active is looked at so often, */
const LOOK_MILLIS = 50
/** at most so many times. */
const MAX_LOOKS = 400

/** Whether a node says of itself that it is active. */
const isActive = ({ life }: SimulatedNode): boolean => {
  const directory = life === undefined ? undefined : Context.getOption(life.services, Directory)
  return directory?._tag === "Some" && directory.value.own()?.active === true
}

/** Waits until all nodes that are up and honest are active, for as long as that may take; whether they are. */
export const settled = (cluster: Cluster): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    if (cluster.around.growth === undefined) return true
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      if (cluster.honest.every((node) => node.life === undefined || isActive(node))) return true
      yield* Effect.sleep(Duration.millis(LOOK_MILLIS))
    }
    return false
  })

/** Those who are to join do so, one after another. */
export const joining = (cluster: Cluster, prng: Prng): Effect.Effect<void> => {
  const draw = prng.fork("newcomers")
  const pauseMillis = () => draw.nextInt(MAX_JOIN_PAUSE_MILLIS)
  const join = ({ name, start }: SimulatedNode) =>
    Effect.sleep(Duration.millis(pauseMillis())).pipe(Effect.zipRight(record(`${name} joins`)), Effect.zipRight(start))
  return Effect.zipRight(
    Effect.sleep(Duration.millis(1 + draw.nextInt(MAX_LEAD_MILLIS))),
    Effect.forEach(cluster.newcomers, join, { discard: true })
  )
}
