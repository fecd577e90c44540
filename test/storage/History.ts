/** A repository on memory, a history of random changes in it, and a model of that. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as StorageRepoLayer from "../../layers/repo/StorageRepo.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import { Restorer } from "../../services/Restorer.ts"
import type { StorageRepoService } from "../../services/StorageRepo.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import type * as Prng from "../../src/random/Prng.ts"
import { noRestorer } from "../../src/storage/BlockStorage.ts"
import type { RevisionPolicy } from "../../src/storage/planApply.ts"
import { NaiveStorage } from "../reference/NaiveStorage.ts"
import { Author, addLeaf, type Edit, emptyWorld, type World } from "./Requests.ts"
import { hasher, identityOf, network, signerOf } from "./TestServices.ts"

const signer = signerOf(1)

export interface RepoSettings extends RevisionPolicy {
  readonly cacheBytes?: number
  readonly restore?: (id: BlockId, rev: number) => Block | undefined
}

export const LARGE_CACHE = 1 << 24

export const repoLayer = ({ cacheBytes = LARGE_CACHE, restore, ...revisions }: RepoSettings) =>
  StorageRepoLayer.layer({ cacheBytes, revisions }).pipe(
    Layer.provideMerge(MemoryStorage.layer),
    Layer.provide(NodeCrypto.layer(identityOf(1))),
    Layer.provide(
      Layer.succeed(
        Restorer,
        restore === undefined
          ? noRestorer
          : { restore: (id, { rev }) => Effect.succeed(Option.fromNullable(restore(id, rev))) }
      )
    )
  )

/** Commits transactions of an author, and keeps a model of what they lead to. */
export class History {
  readonly author = new Author({ hasher, network, signer })
  readonly model = new NaiveStorage()
  readonly #repo: StorageRepoService
  #world: World = emptyWorld
  #rev = 0

  constructor(repo: StorageRepoService) {
    this.#repo = repo
  }

  get world(): World {
    return this.#world
  }

  get rev(): number {
    return this.#rev
  }

  block(id: BlockId): Block | undefined {
    return this.#world.get(id)?.block
  }

  /** Commits a transaction on the one collection. */
  commit(edit: Edit) {
    const prepared = this.author.transaction(this.#world, { writes: { books: edit } })
    return Effect.map(
      this.#repo.pendAndCommit(prepared.request, (action) => this.author.proof(action)),
      (answer) => {
        if (answer._tag !== "Committed") throw new Error(`not committed: ${JSON.stringify(answer)}`)
        this.#rev++
        for (const id of Object.keys(prepared.request.payload) as unknown as ReadonlyArray<BlockId>) {
          this.model.add(id, this.#rev, prepared.world.get(id)!.block)
        }
        this.#world = prepared.world
      }
    )
  }
}

/** A random change: blocks come, change in several ways, and go. */
export const randomEdit =
  (random: Prng.Prng, live: Array<BlockId>): Edit =>
  (store, collection) => {
    const changes = 1 + random.nextInt(3)
    for (let change = 0; change < changes; change++) {
      const kind = random.nextInt(10)
      if (kind === 0 || live.length === 0) {
        addLeaf(
          Array.from({ length: random.nextInt(20) }, (_, i) => `new ${i}`),
          (id) => live.push(id)
        )(store, collection)
      } else if (kind === 1) store.remove(live.splice(random.nextInt(live.length), 1)[0]!)
      else {
        const id = random.pick(live)
        const length = (store.get(id)!.entries as ReadonlyArray<Json>).length
        const index = random.nextInt(length + 1)
        const deleteCount = random.nextInt(length - index + 1) % 3
        const inserted = Array.from({ length: random.nextInt(3) }, () => `entry ${random.nextInt(1_000)}`)
        store.update(id, ["entries", index, deleteCount, inserted], ["keys", index, deleteCount, inserted])
      }
    }
  }

export const same = (actual: Block | undefined, expected: Block | undefined) =>
  actual === undefined || expected === undefined
    ? actual === expected
    : canonicalText(actual) === canonicalText(expected)
