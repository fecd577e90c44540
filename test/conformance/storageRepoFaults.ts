/** The rules of a {@link StorageRepo} whose store fails it: one that stands on `FaultyStorage`. */
import * as Effect from "effect/Effect"
import type { Rev } from "../../schemas/Ids.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import { keys } from "../../src/storage/records.ts"
import { keyText, StorageFaults } from "../storage/FaultyStorage.ts"
import { addLeaf, onlyLog, type Prepared } from "../storage/Requests.ts"
import { type ConformanceCase, expectEqual, expectFailure } from "./Conformance.ts"
import { expectTag, type RepoServices, replace, rule, tagOf, textOf } from "./StorageRepoClient.ts"

const RIVALS = 12

const failing = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | StorageFaults> =>
  Effect.flatMap(StorageFaults, (faults) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        faults.failWrites = true
      }),
      () => effect,
      () =>
        Effect.sync(() => {
          faults.failWrites = false
        })
    )
  )

const expectUnavailable = <A>(effect: Effect.Effect<A, ReadError>, label: string) =>
  expectFailure(failing(effect), "StorageUnavailable", label)

/** The rules of a {@link StorageRepo} on a store that does not take every write. */
export const failedWrites: ReadonlyArray<ConformanceCase<RepoServices | StorageFaults>> = [
  rule<StorageFaults>(
    "a transaction that could not be written shows nowhere, and goes through when sent again",
    (client) =>
      Effect.gen(function* () {
        const a = yield* client.leaf("a", ["a1"])
        const b = yield* client.leaf("b", ["b1"])
        const prepared = client.prepare({ writes: { a: replace(a, "a2"), b: replace(b, "b2") } })
        yield* expectUnavailable(client.decide(prepared), "the failed write")
        yield* expectEqual((yield* client.latest(a, b)).map(textOf), ["a1", "b1"], "both blocks")
        yield* expectTag(yield* client.repo.status(prepared.actionId), "Unknown", "status")
        yield* expectEqual(yield* client.decide(prepared), client.committed(prepared), "sent again")
        yield* expectEqual((yield* client.latest(a, b)).map(textOf), ["a2", "b2"], "both blocks, in the end")
      })
  ),
  rule<StorageFaults>("a pend that could not be written holds no lock", (client) =>
    Effect.gen(function* () {
      yield* client.leaf("a")
      const { actionId, request } = client.prepare({ writes: { a: onlyLog } })
      yield* expectUnavailable(client.repo.pend(request), "the failed write")
      yield* expectTag(yield* client.repo.status(actionId), "Unknown", "status")
      yield* client.commit({ writes: { a: onlyLog } })
    })
  ),
  rule<StorageFaults>("a commit or a cancel that could not be written leaves the transaction pended", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a", ["a1"])
      const prepared = client.prepare({ writes: { a: replace(a, "a2") } })
      const { actionId, request } = prepared
      const proof = client.author.proof(actionId)
      yield* client.repo.pend(request)
      yield* expectUnavailable(client.repo.commit({ actionId, proof }), "the failed commit")
      yield* expectUnavailable(client.repo.cancel(actionId), "the failed cancel")
      yield* expectTag(yield* client.repo.status(actionId), "Pended", "status")
      yield* expectTag(yield* client.decide(client.prepare({ writes: { a: onlyLog } })), "Locked", "another writer")
      yield* expectEqual(yield* client.repo.commit({ actionId, proof }), client.committed(prepared), "commit again")
      yield* expectEqual((yield* client.latest(a)).map(textOf), ["a2"], "the block")
    })
  ),
  rule<StorageFaults>(
    "of two rivals in a write that may have landed, the one that would have lost cannot have",
    (client) =>
      Effect.gen(function* () {
        const faults = yield* StorageFaults
        const a = yield* client.leaf("a", ["a1"])
        const rivals = ["a2", "a3"].map((text) => client.prepare({ writes: { a: replace(a, text) } }))
        const errors = Effect.forEach(rivals, (rival) => Effect.flip(client.decide(rival)), {
          concurrency: "unbounded"
        })
        faults.mayHaveLanded = true
        const landed = (yield* failing(errors)).map((error) => "mayHaveLanded" in error && error.mayHaveLanded)
        faults.mayHaveLanded = false
        yield* expectEqual(landed, [true, false], "whether they may have landed")
      })
  ),
  rule<StorageFaults>("what waits together fails together, and all of it goes through when sent again", (client) =>
    Effect.gen(function* () {
      const rivals = Array.from({ length: RIVALS }, (_, i) => client.prepare({ writes: { [`c${i}`]: addLeaf(["x"]) } }))
      const all = <A, E, R>(send: (rival: Prepared) => Effect.Effect<A, E, R>) =>
        Effect.all(rivals.map(send), { concurrency: "unbounded" })
      yield* failing(all((rival) => expectFailure(client.decide(rival), "StorageUnavailable", "while writes fail")))
      yield* expectEqual(
        (yield* all((rival) => client.repo.status(rival.actionId))).map(tagOf),
        Array(RIVALS).fill("Unknown"),
        "statuses"
      )
      yield* expectEqual(
        (yield* all((rival) => client.decide(rival))).map(tagOf),
        Array(RIVALS).fill("Committed"),
        "answers"
      )
    })
  )
]

/** Longer than any change of it here, so that a change is kept as such. */
const LONG = "long ".repeat(100)

/** The rules of a {@link StorageRepo} on a store that gives other records than it took. It keeps no block in memory. */
export const corruptRecords: ReadonlyArray<ConformanceCase<RepoServices | StorageFaults>> = [
  rule<StorageFaults>("a corrupt record fails the requests that need it, and no other", (client) =>
    Effect.gen(function* () {
      const { readAs } = yield* StorageFaults
      const a = yield* client.leaf("a", ["a1"])
      const b = yield* client.leaf("b", ["b1"])
      const broken = [
        [keys.head(a), "{"],
        [keys.members(a), undefined],
        [keys.revision(a, 1 as Rev), undefined],
        [keys.whole(a, 1 as Rev), undefined],
        [keys.whole(a, 1 as Rev), "no JSON"]
      ] as const
      for (const [key, text] of broken) {
        readAs.set(keyText(key), text)
        const label = `${key.join("/")} read as ${text}`
        const onA = client.prepare({ writes: { a: replace(a, "a2") } })
        const results = yield* Effect.all(
          [
            expectFailure(client.latest(a), "CorruptRecord", `${label}: a read`),
            expectFailure(client.repo.pend(onA.request), "CorruptRecord", `${label}: a pend`),
            client.latest(b),
            expectFailure(client.latest(b, a), "CorruptRecord", `${label}: a read of both`),
            client.commit({ writes: { b: onlyLog } })
          ],
          { concurrency: "unbounded" }
        )
        yield* expectEqual(results[2].map(textOf), ["b1"], `${label}: a read of the other`)
        readAs.clear()
        yield* expectEqual((yield* client.latest(a)).map(textOf), ["a1"], `${label}: once it is read right`)
      }
      yield* client.commit({ writes: { a: replace(a, "a2"), b: replace(b, "b2") } })
    })
  ),
  rule<StorageFaults>("content that is not what its revision says is a corrupt block", (client) =>
    Effect.gen(function* () {
      const { readAs } = yield* StorageFaults
      const a = yield* client.leaf("a", ["a1"])
      const forged = JSON.stringify({ ...client.world.get(a)?.block, entries: ["forged"] })
      readAs.set(keyText(keys.whole(a, 1 as Rev)), forged)
      yield* expectFailure(client.latest(a), "CorruptBlock", "a read")
      readAs.clear()
    })
  ),
  rule<StorageFaults>("a change that is no change of a block is a corrupt record", (client) =>
    Effect.gen(function* () {
      const { readAs } = yield* StorageFaults
      const a = yield* client.leaf("a", [LONG])
      yield* client.commit({ writes: { a: replace(a, "a2") } })
      const key = keys.change(a, 2 as Rev)
      for (const text of [
        "{}",
        "7",
        "null",
        '{"operations":{}}',
        '{"operations":[7]}',
        '{"operations":[["a","b",0,[]]]}'
      ]) {
        readAs.set(keyText(key), text)
        const error = yield* expectFailure(client.repo.stored(a, 2 as Rev), "CorruptRecord", text)
        yield* expectEqual(error.key, key.join("/"), text)
        readAs.clear()
      }
      yield* expectEqual(textOf(yield* client.repo.stored(a, 2 as Rev)), "a2", "once it is read right")
    })
  ),
  rule<StorageFaults>("a revision without its manifest or proof is a corrupt record", (client) =>
    Effect.gen(function* () {
      const { readAs } = yield* StorageFaults
      const a = yield* client.leaf("a")
      const { actionId } = yield* client.commit({ writes: { a: replace(a, "a2") } })
      for (const key of [keys.manifest(actionId), keys.proof(actionId)]) {
        readAs.set(keyText(key), undefined)
        yield* expectFailure(client.repo.proof(a, 2 as Rev), "CorruptRecord", key.join("/"))
        readAs.clear()
      }
    })
  )
]
