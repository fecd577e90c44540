/** A member forgets by itself what nobody can ask for any more, and nothing else. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Diary, Transaction } from "effect-optimystic"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import * as Roster from "../../layers/network/Roster.ts"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import type { ActionId, Rev } from "../../schemas/Ids.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher, signerOf } from "../storage/TestServices.ts"
import { CLUSTER_SIZE, nodeWith, on } from "./MemoryCluster.ts"

const SEEDS = [1, 2, 3, 4, 5]
const ONLY_READS_HERE = 4
const WRITES = [0, 1, 2, 3]
const FORGET_MILLIS = 10
const ROUNDS = 5

const peers = SEEDS.map((seed) => signerOf(seed).peer)
const roster = new Neighbourhood(hasher, peers)
const names = Array.from({ length: 100 }, (_, i) => `diary-${i}`)
const isKeptBy = (name: string, node: number) =>
  roster.closest(collectionId(hasher, name), CLUSTER_SIZE).includes(peers[node]!)
const readName = names.find((name) => isKeptBy(name, ONLY_READS_HERE))!
const writtenName = names.find((name) => !isKeptBy(name, ONLY_READS_HERE))!

const open = (name: string) => Diary.openOrCreate(Diary.define(name, { entry: Schema.Int }))
const append = (name: string) => Transaction.run(Effect.flatMap(open(name), (diary) => diary.append(1)))

const status = (action: ActionId) =>
  Effect.flatMap(StorageRepo, (repo) => Effect.map(repo.status(action), ({ _tag }) => _tag))

/** The transaction that wrote a diary last, as a member has it. */
const lastOf = (name: string) =>
  Effect.gen(function* () {
    const repo = yield* StorageRepo
    const [header] = yield* repo.get([{ id: collectionId(hasher, name) }])
    const { tail } = (header!.block as unknown as CollectionBlock).log
    return (yield* repo.revisions(tail, { from: 1 as Rev, limit: 10 })).at(-1)!.actionId
  })

const until = <A, E, R>(look: Effect.Effect<A, E, R>, expected: A) =>
  Effect.repeat(look, { schedule: Schedule.spaced("5 millis"), until: (found) => found === expected })

describe("A member forgets by itself", () => {
  it.scopedLive("a transaction that only read here, once what it read has changed, but not where it wrote", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const patience = { forgetMillis: FORGET_MILLIS }
      const nodes = yield* Effect.forEach(SEEDS, (seed) =>
        Layer.build(nodeWith(hub, seed, Roster.layer(peers), { patience }))
      )
      const [writer] = nodes
      const reader = nodes[ONLY_READS_HERE]!
      yield* on(writer!)(append(readName))
      yield* on(writer!)(append(writtenName))
      const both = Effect.flatMap(open(readName), ({ length }) => Effect.zipRight(length, append(writtenName)))
      yield* on(writer!)(Transaction.run(both))
      const action = yield* on(writer!)(lastOf(writtenName))
      yield* until(on(reader)(status(action)), "Committed")
      yield* Effect.sleep(ROUNDS * FORGET_MILLIS)
      expect(yield* on(reader)(status(action))).toBe("Committed")
      yield* on(writer!)(append(readName))
      yield* until(on(reader)(status(action)), "Unknown")
      for (const node of WRITES) expect(yield* on(nodes[node]!)(status(action))).toBe("Committed")
    })
  )
})
