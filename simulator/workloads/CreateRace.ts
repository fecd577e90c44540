/** All clients create the same collections at about the same time, and write to them: there is one of each, with all of it. */
import * as Effect from "effect/Effect"
import type { Placement } from "../../src/collection/Collection.ts"
import * as Tree from "../../src/collection/Tree.ts"
import * as Lists from "./Lists.ts"
import type { Body, Workload } from "./Workload.ts"

/** How much there is of it. */
export interface Shape {
  /** So many transactions a client makes before it goes on to the next collection. */
  readonly transactionsEach: number
  /** There are so many collections, at most. */
  readonly collections: number
}

export const defaultShape: Shape = { collections: 12, transactionsEach: 3 }

/** The one list of each collection. */
const LIST = "all"

/** The workload, for clients of a cluster. */
export const workload = (placement: Placement, shape: Shape = defaultShape): Workload => {
  const definitions = Array.from({ length: shape.collections }, (_, i) => Lists.define(`race-${i}`, placement))

  const write =
    (index: number): Body =>
    (run) =>
      Effect.flatMap(Tree.openOrCreate(definitions[index]!), (lists) => Lists.append(lists, LIST, run))

  const read =
    (index: number): Body =>
    (run) =>
      Tree.open(definitions[index]!).pipe(
        Effect.flatMap((lists) => Lists.read(lists, LIST, run)),
        Effect.catchTag("CollectionNotFound", () =>
          Effect.sync(() => Lists.readAbsent(definitions[index]!.name, LIST, run))
        )
      )

  let latestUsed = -1
  const used = () => definitions.slice(0, latestUsed + 1).map((_, index) => index)

  return {
    name: "create-race",
    next: (prng, step) => {
      const latest = Math.min(Math.floor(step / shape.transactionsEach), definitions.length - 1)
      latestUsed = Math.max(latestUsed, latest)
      return prng.nextInt(3) === 0 ? read(prng.nextInt(latest + 1)) : write(latest)
    },
    readAll: (run) => Effect.forEach(used(), (index) => read(index)(run), { discard: true }),
    setUp: []
  }
}
