import * as FileSystem from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll, describe, expect, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as StorageRepoLayer from "../../layers/repo/StorageRepo.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { ActionId } from "../../schemas/Ids.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { Restorer } from "../../services/Restorer.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import { noRestorer } from "../../src/storage/BlockStorage.ts"
import { puts } from "../../src/storage/records.ts"
import { storageRepo } from "../conformance/storageRepo.ts"
import { durableStorageRepo } from "../conformance/storageRepoDurable.ts"
import { corruptRecords, failedWrites } from "../conformance/storageRepoFaults.ts"
import * as FaultyStorage from "./FaultyStorage.ts"
import { Author, addLeaf, emptyWorld, onlyLog } from "./Requests.ts"
import { onDisk, stores } from "./stores.ts"
import { hasher, identityOf, network, signerOf } from "./TestServices.ts"

const services = Layer.merge(NodeCrypto.layer(identityOf(1)), Layer.succeed(Restorer, noRestorer))

const repo = (options: Partial<StorageRepoLayer.StorageRepoOptions> = {}) =>
  StorageRepoLayer.layer(options).pipe(Layer.provideMerge(services))

const NO_CACHE = { cacheBytes: 0 }

for (const [name, store] of Object.entries(stores)) {
  layer(repo().pipe(Layer.provide(store)))(`StorageRepo on ${name}`, (it) => {
    for (const { check, name } of storageRepo) it.effect(name, () => check)
  })

  layer(repo(NO_CACHE).pipe(Layer.provide(store)))(`StorageRepo on ${name}, with nothing in memory`, (it) => {
    for (const { check, name } of storageRepo) it.effect(name, () => check)
  })

  const faulty = FaultyStorage.layer.pipe(Layer.provide(store))
  layer(repo().pipe(Layer.provideMerge(faulty)))(`StorageRepo on ${name} that fails`, (it) => {
    for (const { check, name } of failedWrites) it.effect(name, () => check)
  })

  layer(repo(NO_CACHE).pipe(Layer.provideMerge(faulty)))(
    `StorageRepo on ${name} that fails, with nothing in memory`,
    (it) => {
      for (const { check, name } of [...failedWrites, ...corruptRecords]) it.effect(name, () => check)
    }
  )
}

for (const [name, layerIn] of Object.entries(onDisk)) {
  describe(`StorageRepo on ${name}, opened again`, () => {
    const directory = FileSystem.mkdtempSync(Path.join(Os.tmpdir(), "optimystic-repo-"))
    afterAll(() => FileSystem.rmSync(directory, { recursive: true }))

    const reopened = repo().pipe(Layer.provide(layerIn(directory)))
    for (const { check, name } of durableStorageRepo(reopened)) it.effect(name, () => check)
  })
}

describe("StorageRepo", () => {
  const author = new Author({ hasher, network, signer: signerOf(1) })

  it.effect("a commit that is sent right after its pend finds it, without its manifest", () =>
    Effect.gen(function* () {
      const repo = yield* StorageRepo
      const first = author.transaction(emptyWorld, { writes: { books: addLeaf(["a"]) } })
      const second = author.transaction(first.world, { writes: { books: addLeaf(["b"]) } })
      for (const { actionId, request, world } of [first, second]) {
        const proof = author.proof(actionId)
        const answers = yield* Effect.all([repo.pend(request), repo.commit({ actionId, proof })], {
          concurrency: "unbounded"
        })
        expect(answers.map(({ _tag }) => _tag)).toEqual(["Pended", "Committed"])
        expect(yield* repo.get([...world.keys()].map((id) => ({ id })))).toEqual([...world.values()])
      }
    }).pipe(Effect.provide(repo().pipe(Layer.provide(MemoryStorage.layer))))
  )

  it.effect("takes over all locks of its store when it starts, however many there are on one block", () =>
    Effect.gen(function* () {
      const raw = yield* RawStorage
      const first = author.transaction(emptyWorld, { writes: { books: onlyLog } })
      yield* Effect.provide(
        Effect.flatMap(StorageRepo, (repo) => repo.pendAndCommit(first.request, (action) => author.proof(action))),
        repo()
      )
      const tail = author.tail(first.world, "books")
      const holders = Array.from({ length: 2_500 }, (_, i) => `holder ${i}` as ActionId)
      yield* raw.write(holders.map((holder) => puts.lock(tail, holder, { mode: "read" })))
      const second = author.transaction(first.world, { writes: { books: onlyLog } })
      const answer = yield* Effect.provide(
        Effect.flatMap(StorageRepo, (repo) => repo.pend(second.request)),
        Layer.fresh(repo())
      )
      expect(answer._tag === "Locked" && new Set(answer.by.map(({ holder }) => holder))).toEqual(new Set(holders))
    }).pipe(Effect.provide(MemoryStorage.layer))
  )

  it.effect("does not start on a lock that cannot be read", () =>
    Effect.gen(function* () {
      const raw = yield* RawStorage
      const tail = author.tail(author.transaction(emptyWorld, { writes: { books: onlyLog } }).world, "books")
      yield* raw.write([{ ...puts.lock(tail, "holder" as ActionId, { mode: "read" }), type: "put", value: "no JSON" }])
      const started = yield* Effect.either(Effect.scoped(Layer.build(repo())))
      expect(started._tag === "Left" && started.left._tag).toBe("CorruptRecord")
    }).pipe(Effect.provide(MemoryStorage.layer))
  )

  it.effect("a repository that is closed answers nothing more, and what it took before is answered", () =>
    Effect.gen(function* () {
      const first = author.transaction(emptyWorld, { writes: { books: onlyLog } })
      const late = author.transaction(first.world, { writes: { books: onlyLog } })
      const closed = yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* Layer.build(repo().pipe(Layer.provide(MemoryStorage.layer)))
          const service = yield* Effect.provide(StorageRepo, opened)
          const answer = yield* service.pendAndCommit(first.request, (action) => author.proof(action))
          expect(answer._tag).toBe("Committed")
          return service
        })
      )
      const error = yield* Effect.flip(closed.pend(late.request))
      expect(error._tag).toBe("StorageUnavailable")
    })
  )
})
