import { describe, expect, it } from "@effect/vitest"
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { LogEntry } from "../../schemas/Collection.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import { type BlockId, Rev } from "../../schemas/Ids.ts"
import type { BlockReader } from "../../src/block/BlockStore.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import { actionPage, findByAction, resolveRun } from "../../src/log/ActionPage.ts"
import { entriesAfter, entryAt } from "../../src/log/EntryPage.ts"
import { append, createLog } from "../../src/log/Log.ts"
import { isFull, lastRev, readLogBlock, totals } from "../../src/log/LogBlock.ts"
import { place } from "../../src/log/Payload.ts"
import { FaultyStore, hash, MapBlockStore, seeded } from "../chain/MapBlockStore.ts"
import { ArrayLog } from "../reference/ArrayLog.ts"
import { actionOf, appendMany, entryOf, logOf, verifyAll } from "./fixtures.ts"

/** The blocks of a log, first to last, found by `prior` alone. */
const blocksOf = (reader: BlockReader, tail: BlockId): Array<LogBlock> => {
  const blocks = [readLogBlock(reader, tail)]
  while (blocks[0]!.prior !== undefined) blocks.unshift(readLogBlock(reader, blocks[0]!.prior))
  return blocks
}

/** Holds the skips of all blocks of a log against their places in an array. */
const expectSkips = (blocks: ReadonlyArray<LogBlock>) =>
  blocks.forEach((block, k) => {
    const expected = [1, 8, 64, 512]
      .filter((distance) => distance <= k)
      .map((distance) => blocks[k - distance]!)
      .map(({ checkpoint, header }) => ({ id: header.id, rev: checkpoint.rev }))
    expect(block.checkpoint.skip).toEqual(expected)
  })

/** One random walk of appends and reads, each compared with an array. */
const walk = (seed: number, steps: number, faultChance: number) => {
  const random = seeded(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const faulty = new FaultyStore(random, faultChance)
  const model = new ArrayLog()
  const { head, tail: first } = faulty.run(createLog)
  let tail = first
  const largest = below(4) === 0 ? 40_000 : 400

  const appendOne = () => {
    const count = below(3) === 0 ? below(6) : 1
    const actions = Array.from({ length: count }, (_, i) =>
      actionOf([i, "ö".repeat(below(20) === 0 ? below(largest) : 9)])
    )
    const rev = model.entries.length + 1
    const willRollOver = isFull(readLogBlock(faulty.committed, tail))
    const [entry, appended] = faulty.run((store) => {
      const entry = entryOf(rev, place(store, hash, actions), willRollOver ? [tail, head] : [])
      return [entry, append(store, hash, tail, entry)] as const
    })
    expect(appended.rolledOver).toBe(willRollOver)
    expect(appended.tail !== tail).toBe(willRollOver)
    tail = appended.tail
    model.append(entry, actions)
  }

  for (let step = 0; step < steps; step++) {
    const burst = 1 + below(40)
    for (let i = 0; i < burst; i++) appendOne()
    const limit = below(90)
    const rev = below(model.entries.length + 3)
    expect(faulty.run((store) => entriesAfter(store, tail, rev, limit))).toEqual(model.entriesAfter(rev, limit))
    expect(faulty.run((store) => entryAt(store, tail, Rev.make(rev + 1)))).toEqual(model.entriesAfter(rev, 1)[0])
    const last = faulty.run((store) => readLogBlock(store, tail))
    expect(totals(last)).toEqual(model.totals())
    const from = below(model.totals().actions + 3)
    const reverse = random() < 0.5
    const page = faulty.run((store) =>
      actionPage(store, tail, { from, limit, reverse }).flatMap((run) => resolveRun(store, hash, run))
    )
    expect(page).toEqual(model.actionPage(from, limit, reverse))
    const found = faulty.run((store) => findByAction(store, tail, from))
    expect(found && { index: found.first, rev: found.entry.rev }).toEqual(
      model.actionPage(from, 1, false).map(({ index, rev }) => ({ index, rev }))[0]
    )
  }
  expectSkips(blocksOf(faulty.committed, tail))
  expect(verifyAll(faulty.committed, { head, tail }, 1 + below(20))).toEqual([])
  expect(faulty.committed.malformed()).toEqual([])
  return faulty.faults
}

describe("Log", () => {
  it("equals an array under random appends and reads", () => {
    for (let seed = 1; seed <= 10; seed++) walk(seed, 25, 0)
  })

  it("equals an array where blocks are missing at random and procedures start again", () => {
    let faults = 0
    for (let seed = 101; seed <= 110; seed++) faults += walk(seed, 12, 0.5)
    expect(faults).toBeGreaterThan(100)
  })

  it("starts with an empty block whose checkpoint is at 0", () => {
    const { log, store } = logOf(0)
    expect(log.head).toBe(log.tail)
    const { header: _header, ...block } = readLogBlock(store, log.head)
    expect(block).toEqual({ checkpoint: { actions: 0, entries: 0, rev: 0, skip: [] }, entries: [] })
    expect(totals(readLogBlock(store, log.tail))).toEqual({ actions: 0, entries: 0, rev: 0 })
    expect(actionPage(store, log.tail, { limit: 5, reverse: true })).toEqual([])
    expect(entriesAfter(store, log.tail, 0, 5)).toEqual([])
    expect(verifyAll(store, log)).toEqual([])
  })

  it("rolls over at the 33rd entry: checkpoint, hash and links tie the new block to the old", () => {
    const { log, store } = logOf(32)
    const open = readLogBlock(store, log.tail)
    const entry = entryOf(33, { actions: [] }, [log.tail])
    const { rolledOver, tail } = append(store, hash, log.tail, entry)
    expect(rolledOver).toBe(true)
    expect(readLogBlock(store, log.tail)).toEqual({ ...open, next: tail })
    expect(readLogBlock(store, tail)).toEqual({
      checkpoint: { actions: 32, entries: 32, rev: 32, skip: [{ id: log.tail, rev: 0 }] },
      entries: [entry],
      header: readLogBlock(store, tail).header,
      prior: log.tail,
      priorHash: hash(canonicalText(open))
    })
  })

  it("rolls over by what stands in the block before the entry, whatever the entry's own size", () => {
    const { log, store } = logOf(1)
    const manyIds = Array.from({ length: 1_000 }, () => log.head)
    expect(append(store, hash, log.tail, entryOf(2, { actions: [] }, manyIds)).rolledOver).toBe(false)
    expect(isFull(readLogBlock(store, log.tail))).toBe(true)
    expect(append(store, hash, log.tail, entryOf(3, { actions: [] })).rolledOver).toBe(true)
  })

  it("skips exactly 1, 8, 64 and 512 blocks back, with the revisions those blocks start from", () => {
    const { log, store } = logOf(32 * 600)
    const blocks = blocksOf(store, log.tail)
    expect(blocks).toHaveLength(600)
    expectSkips(blocks)
    expect(blocks.map((block) => block.checkpoint.rev)).toEqual(blocks.map((_, k) => 32 * k))
    expect(blocks.at(-1)!.prior).toBe(blocks.at(-1)!.checkpoint.skip[0]!.id)
  })

  it("passes over thousands of entries without actions at once", () => {
    const { log, store } = logOf(10)
    let tail = log.tail
    for (let rev = 11; rev <= 20_010; rev++) tail = append(store, hash, tail, entryOf(rev, { actions: [] })).tail
    tail = appendMany(store, tail, 20_010, 10)
    for (const selection of [
      { from: 5, limit: 10 },
      { from: 14, limit: 10, reverse: true }
    ]) {
      store.read.clear()
      const indexes = actionPage(store, tail, selection).map((run) => run.first)
      expect(indexes.toSorted((a, b) => a - b)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
      expect(store.read.size).toBeLessThan(40)
    }
  })

  it("refuses an entry out of turn, one without actions or payload, and a tail that is closed", () => {
    const { log, store } = logOf(40)
    const entry = entryOf(41, { actions: [] })
    const { actions: _actions, ...bare } = entry
    expect(() => append(store, hash, log.tail, entryOf(42, { actions: [] }))).toThrow("cannot follow")
    expect(() => append(store, hash, log.tail, bare)).toThrow("either actions or a payload")
    expect(() => append(store, hash, log.head, entry)).toThrow(CorruptBlock)
  })

  it("puts the keys of an entry in canonical order", () => {
    const { log, store } = logOf(0)
    const { actions, rev, ...rest } = entryOf(1, { actions: [actionOf(1)] })
    append(store, hash, log.tail, { rev, ...rest, actions } as LogEntry)
    const [stored] = readLogBlock(store, log.tail).entries
    expect(JSON.stringify(stored)).toBe(canonicalText(stored))
  })
})

describe("Log reads", () => {
  /** Distinct blocks read by the costliest of many calls spread over the log. */
  const worstReads = (store: MapBlockStore, count: number, call: (at: number) => void) => {
    let worst = 0
    for (let i = 0; i <= 200; i++) {
      store.read.clear()
      call(Math.floor((count * i) / 200))
      worst = Math.max(worst, store.read.size)
    }
    return worst
  }

  it("grow with the log no faster than its logarithm", () => {
    const store = new MapBlockStore()
    let { tail } = createLog(store)
    let length = 0
    const measured = [100, 1_000, 10_000, 100_000].map((count) => {
      tail = appendMany(store, tail, length, count - length)
      length = count
      const reads = {
        actionPage: worstReads(store, count, (at) => actionPage(store, tail, { from: at, limit: 1 })),
        actionPageBack: worstReads(store, count, (at) =>
          actionPage(store, tail, { from: at, limit: 1, reverse: true })
        ),
        append: 0,
        entriesAfter: worstReads(store, count, (at) => entriesAfter(store, tail, at, 1)),
        entryAt: worstReads(store, count, (at) => entryAt(store, tail, Rev.make(at + 1))),
        open: worstReads(store, count, () => lastRev(readLogBlock(store, tail)))
      }
      // 32 appends are sure to roll over once; 512 blocks of it pass every pattern of levels but the rarest.
      for (let i = 0; i < 512; i++) {
        store.read.clear()
        tail = appendMany(store, tail, length, 1)
        length += 1
        reads.append = Math.max(reads.append, store.read.size)
      }
      return { count, ...reads }
    })
    for (const { actionPage, actionPageBack, append, count, entriesAfter, entryAt, open } of measured) {
      const levels = Math.ceil(Math.log(count / 32) / Math.log(8))
      expect(open).toBe(1)
      expect(append).toBeLessThanOrEqual(levels + 9)
      expect(Math.max(entriesAfter, entryAt)).toBeLessThanOrEqual(7 * levels + 3)
      expect(Math.max(actionPage, actionPageBack)).toBeLessThanOrEqual(8 * levels + 3)
    }
  })

  it("of a long answer cost the blocks that it stands in, beside the way there", () => {
    const { log, store } = logOf(32 * 512)
    store.read.clear()
    expect(entriesAfter(store, log.tail, 100, 3_200)).toHaveLength(3_200)
    expect(store.read.size).toBeLessThanOrEqual(3_200 / 32 + 1 + 7 * 3 + 3)
  })
})
