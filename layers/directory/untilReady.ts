import * as Effect from "effect/Effect"
import { Directory, type DirectoryService } from "../../services/Directory.ts"

/** How often is looked. */
const LOOK_MILLIS = 20

/** The active peers that answer, as far as this node knows, itself included. */
export const servingPeers = ({ known }: Pick<DirectoryService, "known">): number =>
  known().filter(({ isReachable, record }) => isReachable && record.active).length

/**
 * What a node waits for until it is active, unless it is a client, and knows so many active peers that answer, itself included. Nothing, once
 * it is, and does.
 */
export const missing = (directory: DirectoryService, peers: number): ReadonlyArray<string> => {
  const there = servingPeers(directory)
  return [
    ...(directory.own()?.active === false ? ["its part of the cluster index: it is not active yet"] : []),
    ...(there >= peers ? [] : [`active peers that answer: it knows ${there} of the ${peers} that a cluster has`])
  ]
}

/**
 * Waits until this node is active, unless it is a client, and knows so many active peers that answer, itself included: as many as a cluster
 * has. From then on it finds what there is, and creates what there is not.
 */
export const untilReady = (peers: number): Effect.Effect<void, never, Directory> =>
  Effect.flatMap(Directory, (directory) =>
    Effect.asVoid(Effect.repeat(Effect.sleep(LOOK_MILLIS), { until: () => missing(directory, peers).length === 0 }))
  )
