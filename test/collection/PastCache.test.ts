import { describe, expect, it } from "@effect/vitest"
import { Rev } from "../../schemas/Ids.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import { PastCache } from "../../src/collection/PastCache.ts"
import { ReadCache } from "../../src/collection/ReadCache.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { hasher } from "../storage/TestServices.ts"

const collection = collectionId(hasher, "books")
const storedAt = (rev: number): StoredBlock => ({ after: "deleted", block: undefined, rev: Rev.make(rev) })
const NONE = new ReadCache(0)

describe("PastCache", () => {
  it("gives a block as it was at the revision asked for, and at no other", () => {
    const cache = new PastCache(10_000, NONE)
    cache.put(collection, collection, storedAt(2), 5)
    cache.put(collection, collection, storedAt(7), 9)
    expect(cache.lookup(collection, collection, 5)).toEqual(storedAt(2))
    expect(cache.lookup(collection, collection, 9)).toEqual(storedAt(7))
    for (const rev of [4, 6, 8]) expect(cache.lookup(collection, collection, rev)).toBeUndefined()
  })

  it("is bounded, whatever is read", () => {
    const cache = new PastCache(10_000, NONE)
    for (let rev = 1; rev <= 1_000; rev++) cache.put(collection, collection, storedAt(rev), rev)
    expect(cache.size).toBeGreaterThan(10)
    expect(cache.size).toBeLessThanOrEqual(50)
  })
})
