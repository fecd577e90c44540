/** Clients create collections all the time, by names that others use too, while the network grows: there is one of each, for all. */
import type { Placement } from "../../src/collection/Collection.ts"
import * as CreateRace from "./CreateRace.ts"
import type { Workload } from "./Workload.ts"

/** So many nodes join meanwhile. */
export const NEWCOMERS = 7

/** More names than in a race, and a new one with each transaction: most find a name that is not there, or is only just being created. */
const SHAPE: CreateRace.Shape = { collections: 12, transactionsEach: 1 }

/** The workload, for clients of a network that grows. */
export const workload = (placement: Placement): Workload => ({
  ...CreateRace.workload(placement, SHAPE),
  name: "grow-during-create"
})
