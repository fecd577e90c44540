/** A tree with some history on a store that a test can damage, and the records of that history. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Tree } from "effect-optimystic"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as NodeEntropy from "../../layers/crypto/NodeEntropy.ts"
import { layerEmbedded } from "../../layers/Node.ts"
import { RawStorage, type StorageRecord } from "../../services/RawStorage.ts"
import { Transactor, type TransactorService } from "../../services/Transactor.ts"
import * as Database from "../../src/transaction/Database.ts"
import * as FaultyStorage from "../storage/FaultyStorage.ts"
import { identityOf, network } from "../storage/TestServices.ts"

const Item = Schema.Struct({ key: Schema.Int, text: Schema.String })
export const Items = Tree.define("items", { entry: Item, key: Schema.Int, keyOf: ({ key }) => key })

/** Commits of the tree: enough for its log to roll over twice. */
const COMMITS = 70

export const fill = Effect.gen(function* () {
  const items = yield* Tree.openOrCreate(Items)
  yield* items.putAll(Array.from({ length: 300 }, (_, key) => ({ key, text: "first" })))
  for (let n = 2; n < COMMITS; n++) yield* items.put({ key: (n * 7) % 300, text: `text ${n}` })
  yield* items.putAll(Array.from({ length: 40 }, (_, key) => ({ key, text: "large ".repeat(100) })))
  return items
})

/** Nothing stays in memory: every read is of the store. */
const UNCACHED = { storage: { cacheBytes: 0 }, transactions: { cacheBytes: 0, pastCacheBytes: 0 } }

const crypto = Layer.merge(NodeCrypto.layer(identityOf(1)), NodeEntropy.layer)

/** A database on a store with faults to switch on. */
export const damageable = <E, R>(store: Layer.Layer<RawStorage, E, R>) =>
  layerEmbedded(network, UNCACHED).pipe(
    Layer.provideMerge(FaultyStorage.layer.pipe(Layer.provide(store))),
    Layer.provideMerge(crypto)
  )

/** The database below as one sees it through a transactor that answers otherwise. */
export const answering = (change: (transactor: TransactorService) => Partial<TransactorService>) =>
  Database.layer(UNCACHED.transactions).pipe(
    Layer.provide(
      Layer.effect(
        Transactor,
        Effect.map(Transactor, (transactor) => ({ ...transactor, ...change(transactor) }))
      )
    )
  )

/** The records that an ordinary check of a collection reads: revisions and contents of blocks, manifests and proofs. */
export const historyRecords = Effect.gen(function* () {
  const raw = yield* RawStorage
  const limit = 100_000
  const records: Array<StorageRecord> = []
  for (const space of ["block", "transaction", "proof"] as const) {
    for (const block of yield* raw.blocks(space, { limit })) {
      const kinds = space === "block" ? ["rev", "whole", "change"] : space === "transaction" ? ["manifest"] : [""]
      const found = yield* Effect.forEach(kinds, (kind) => raw.range({ block, kind, limit, space }))
      const [, wholes] = found
      const isRead = ({ key: [, , kind, rev] }: StorageRecord) =>
        // A revision that is stored whole is not put together from its change.
        kind !== "change" || !wholes?.some(({ key }) => key[3] === rev)
      records.push(...found.flat().filter(isRead))
    }
  }
  return records
})
