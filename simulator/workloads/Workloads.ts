/** All workloads by their names. */
import type { Placement } from "../../src/collection/Collection.ts"
import * as Bank from "./Bank.ts"
import * as CreateRace from "./CreateRace.ts"
import * as Diaries from "./Diaries.ts"
import * as ListAppend from "./ListAppend.ts"
import * as Register from "./Register.ts"
import type { Workload } from "./Workload.ts"

export const WORKLOADS = ["list-append", "bank", "register", "create-race", "diary"] as const
export type WorkloadName = (typeof WORKLOADS)[number]

const makers: Readonly<Record<WorkloadName, (placement: Placement) => Workload>> = {
  bank: Bank.workload,
  "create-race": CreateRace.workload,
  diary: () => Diaries.workload(),
  "list-append": ListAppend.workload,
  register: Register.workload
}

/** A workload, made anew. Diaries are always together with their log. */
export const make = (name: WorkloadName, placement: Placement): Workload => makers[name](placement)
