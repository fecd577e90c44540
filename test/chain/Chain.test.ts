import { describe, expect, it } from "@effect/vitest"
import type { ChainBlock } from "../../schemas/BlockTypes.ts"
import { Invalid, LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockReader } from "../../src/block/BlockStore.ts"
import * as Chain from "../../src/chain/Chain.ts"
import { type ChainProgress, verifyChainPage } from "../../src/chain/verifyChainPage.ts"
import { ArrayChain } from "../reference/ArrayChain.ts"
import { FaultyStore, MapBlockStore, seeded, withBlock } from "./MapBlockStore.ts"

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

const chainOf = (...entries: ReadonlyArray<Json>) => {
  const store = new MapBlockStore()
  const chain = Chain.create(store)
  Chain.add(store, chain, ...entries)
  return { chain, store }
}

const selectAll = (reader: BlockReader, chain: BlockId, limit: number, reverse: boolean) => {
  const entries: Array<Json> = []
  let page = Chain.select(reader, chain, { limit, reverse })
  entries.push(...page.entries)
  while (page.next !== undefined) {
    page = Chain.select(reader, chain, { from: page.next, limit, reverse })
    entries.push(...page.entries)
  }
  return entries
}

/** One random walk of operations, each compared with an array. */
const walk = (seed: number, steps: number, faultChance: number) => {
  const random = seeded(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const faulty = new FaultyStore(random, faultChance)
  const chain = faulty.run(Chain.create)
  const model = new ArrayChain()
  // Some walks grow, some shrink: both ends of the range of lengths are visited often.
  const growth = 0.3 + random() * 0.4
  for (let step = 0; step < steps; step++) {
    const count = below(4) === 0 ? below(120) : below(5)
    const size = below(10) === 0 ? 6_000 : 8
    if (random() < growth) {
      const entries = Array.from({ length: count }, (_, i) => ({ step: `${step}.${i}`, text: "é".repeat(below(size)) }))
      faulty.run((store) => Chain.add(store, chain, ...entries))
      model.add(...entries)
    } else if (random() < 0.5) {
      expect(faulty.run((store) => Chain.pop(store, chain, count))).toEqual(model.pop(count))
    } else {
      expect(faulty.run((store) => Chain.dequeue(store, chain, count))).toEqual(model.dequeue(count))
    }
    const reverse = random() < 0.5
    const from = below(model.entries.length + 2)
    const limit = 1 + below(100)
    const page = faulty.run((store) => Chain.select(store, chain, { from, limit, reverse }))
    expect(page.entries).toEqual(model.select(from, limit, reverse))
    expect(faulty.run((store) => Chain.length(store, chain))).toBe(model.entries.length)
    expect(verifyChain(faulty.committed, chain)).toEqual([])
  }
  expect(selectAll(faulty.committed, chain, 1 + below(50), false)).toEqual(model.entries)
  expect(selectAll(faulty.committed, chain, 1 + below(50), true)).toEqual(model.entries.toReversed())
  expect(faulty.committed.malformed()).toEqual([])
  return faulty.faults
}

/** What a check finds that looks at a few blocks at a time. */
const verifyChain = (reader: BlockReader, chain: BlockId): ReadonlyArray<string> => {
  const found: Array<string> = []
  let at: ChainProgress | undefined
  do {
    const { blocks, next, violations } = verifyChainPage(reader, chain, at, 2)
    expect(blocks).toBeLessThanOrEqual(2)
    found.push(...violations.map(({ block, reason }) => `${block} ${reason}`))
    at = next
  } while (at !== undefined)
  return found
}

describe("Chain", () => {
  it("equals an array under random operations", () => {
    for (let seed = 1; seed <= 30; seed++) walk(seed, 80, 0)
  })

  it("equals an array where blocks are missing at random and procedures start again", () => {
    let faults = 0
    for (let seed = 101; seed <= 120; seed++) faults += walk(seed, 40, 0.3)
    expect(faults).toBeGreaterThan(100)
  })

  it("takes 32 entries to a block", () => {
    const { chain, store } = chainOf(...numbers(64))
    expect(store.blocks.size).toBe(1 + 2)
    Chain.add(store, chain, 64)
    expect(store.blocks.size).toBe(1 + 3)
  })

  it("takes 32 KiB of entries to a block", () => {
    const eightKiB = "x".repeat(8 * 1024 - 2)
    const { chain, store } = chainOf(eightKiB, eightKiB, eightKiB, eightKiB)
    expect(store.blocks.size).toBe(1 + 1)
    Chain.add(store, chain, 1)
    expect(store.blocks.size).toBe(1 + 2)
  })

  it("refuses an entry over 32 KiB, and adds none of those beside it", () => {
    const { chain, store } = chainOf(1)
    const largest = "é".repeat(16 * 1024 - 1)
    expect(() => Chain.add(store, chain, 2, `${largest}x`)).toThrow(LimitExceeded)
    expect(selectAll(store, chain, 10, false)).toEqual([1])
    Chain.add(store, chain, largest)
    expect(verifyChain(store, chain)).toEqual([])
  })

  it("removes emptied blocks, and keeps one when all entries are gone", () => {
    const { chain, store } = chainOf(...numbers(100))
    expect(Chain.pop(store, chain, 3)).toEqual([99, 98, 97])
    expect(Chain.dequeue(store, chain, 33)).toEqual(numbers(33))
    expect(store.blocks.size).toBe(1 + 3)
    Chain.pop(store, chain, 1_000)
    expect(store.blocks.size).toBe(1 + 1)
    expect(verifyChain(store, chain)).toEqual([])
    Chain.add(store, chain, "again")
    expect(Chain.dequeue(store, chain, 5)).toEqual(["again"])
  })

  it("reads a constant number of blocks at both ends, and the nearer half for an index", () => {
    const { chain, store } = chainOf(...numbers(32_000))
    const readsOf = (procedure: () => void) => {
      store.read.clear()
      procedure()
      return store.read.size
    }
    expect(readsOf(() => Chain.add(store, chain, 1, 2))).toBeLessThanOrEqual(2)
    expect(readsOf(() => Chain.pop(store, chain, 2))).toBeLessThanOrEqual(3)
    expect(readsOf(() => Chain.dequeue(store, chain, 2))).toBeLessThanOrEqual(2)
    expect(readsOf(() => Chain.select(store, chain, { limit: 10, reverse: true }))).toBeLessThanOrEqual(2)
    expect(readsOf(() => Chain.select(store, chain, { from: 31_900, limit: 10 }))).toBeLessThanOrEqual(6)
  })

  it("goes on from a position after entries were added, and refuses one whose block is gone", () => {
    const { chain, store } = chainOf(...numbers(40))
    const { next } = Chain.select(store, chain, { from: 30, limit: 5 })
    Chain.add(store, chain, 40)
    expect(Chain.select(store, chain, { from: next!, limit: 100 }).entries).toEqual([35, 36, 37, 38, 39, 40])
    Chain.pop(store, chain, 20)
    expect(() => Chain.select(store, chain, { from: next!, limit: 1 })).toThrow(Invalid)
  })

  it("is found unsound where a link, a count or an end is wrong", () => {
    const { chain, store } = chainOf(...numbers(100))
    const ends = store.blocks.get(chain)!
    const head = store.blocks.get(ends.head as BlockId)! as unknown as ChainBlock
    const second = store.blocks.get(head.next!)!
    const violationsWith = (changed: object) => verifyChain(withBlock(store, changed as never), chain)
    expect(verifyChain(store, chain)).toEqual([])
    expect(violationsWith({ ...ends, length: 99 })).toHaveLength(1)
    expect(violationsWith({ ...ends, tail: head.next })).toHaveLength(1)
    expect(violationsWith({ ...head, entries: head.entries.slice(1) })).toHaveLength(1)
    expect(violationsWith({ ...head, entries: [...head.entries, 0] })).toHaveLength(2)
    expect(violationsWith({ ...second, entries: [] })).toHaveLength(2)
    expect(violationsWith({ ...second, next: ends.head })).toHaveLength(1)
    expect(violationsWith({ ...second, next: ends.tail })).toHaveLength(1)
    expect(violationsWith({ ...second, prior: ends.tail })).toHaveLength(1)
    expect(violationsWith({ ...second, header: { ...second.header, type: "log" } })).toHaveLength(1)
  })
})
