/** All workloads by their names. */
import type { Placement } from "../../src/collection/Collection.ts"
import * as Bank from "./Bank.ts"
import * as CreateRace from "./CreateRace.ts"
import * as Diaries from "./Diaries.ts"
import * as GrowDuringCreate from "./GrowDuringCreate.ts"
import * as ListAppend from "./ListAppend.ts"
import * as Register from "./Register.ts"
import type { Workload } from "./Workload.ts"

export const WORKLOADS = ["list-append", "bank", "register", "create-race", "diary", "grow-during-create"] as const
export type WorkloadName = (typeof WORKLOADS)[number]

/** How many nodes join the network while clients work at it. */
export const newcomersOf = (name: WorkloadName): number =>
  name === "grow-during-create" ? GrowDuringCreate.NEWCOMERS : 0

const makers: Readonly<Record<WorkloadName, (placement: Placement) => Workload>> = {
  bank: Bank.workload,
  "create-race": CreateRace.workload,
  "grow-during-create": GrowDuringCreate.workload,
  diary: () => Diaries.workload(),
  "list-append": ListAppend.workload,
  register: Register.workload
}

/** A workload, made anew. Diaries are always together with their log. */
export const make = (name: WorkloadName, placement: Placement): Workload => makers[name](placement)
