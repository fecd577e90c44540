import { describe, expect, it } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import { append } from "../../src/log/Log.ts"
import { readLogBlock } from "../../src/log/LogBlock.ts"
import { place } from "../../src/log/Payload.ts"
import { verifyLog } from "../../src/log/VerifyLog.ts"
import { hash, seeded, withBlock } from "../chain/MapBlockStore.ts"
import { actionOf, entryOf, logOf, verifyAll } from "./fixtures.ts"

const COUNT = 32 * 80
const { log, store } = logOf(COUNT)

const ids: Array<BlockId> = []
for (let id: BlockId | undefined = log.head; id !== undefined; id = readLogBlock(store, id).next) ids.push(id)
const blockAt = (k: number) => readLogBlock(store, ids[k]!)

const violationsWith = (changed: object) => verifyAll(withBlock(store, changed as Block), log)

/** The block with one leaf of its JSON changed, chosen at random. */
const corrupted = (block: LogBlock, random: () => number): object => {
  const copy = structuredClone(block) as unknown as { [key: string]: unknown }
  let at: { [key: string]: unknown } = copy
  while (true) {
    const keys = Object.keys(at).filter((key) => !(at === copy && key === "next"))
    const key = keys[Math.floor(random() * keys.length)]
    if (key === undefined) return { ...copy, extra: 1 }
    const value = at[key]
    if (typeof value === "object" && value !== null) at = value as typeof at
    else {
      at[key] =
        typeof value === "number"
          ? value + 1
          : `${String(value).slice(0, -1)}${String(value).endsWith("b") ? "c" : "b"}`
      return copy
    }
  }
}

describe("verifyLog", () => {
  it("finds nothing in a sound log, in pages of any size", () => {
    for (const limit of [1, 7, 1_000]) expect(verifyAll(store, log, limit)).toEqual([])
  })

  it("does a bounded part of the work in each page", () => {
    store.read.clear()
    const page = verifyLog(store, hash, log.head, log.tail, { after: ids[50]!, limit: 4 })
    expect(page.resume).toBe(ids[54])
    expect(store.read.size).toBeLessThanOrEqual(4 * (1 + 2 + 7))
  })

  it("finds any change of a closed block", () => {
    const random = seeded(1)
    for (let round = 0; round < 120; round++) {
      const block = blockAt(Math.floor(random() * 79))
      const changed = corrupted(block, random) as Block
      const violations = verifyAll(withBlock(store, changed, block.header.id), log)
      if (violations.length === 0) expect.fail(`unnoticed: ${JSON.stringify(changed)}`)
    }
  })

  it("finds a forged history even if the hash after it is forged, too, by the hash after that", () => {
    const forged = {
      ...blockAt(10),
      entries: blockAt(10).entries.with(3, entryOf(324, { actions: [actionOf("forged")] }))
    }
    const { next: _next, ...lasting } = forged
    const following = { ...blockAt(11), priorHash: hash(JSON.stringify(lasting)) }
    const reader = withBlock(withBlock(store, forged), following)
    expect(verifyAll(reader, log)).toEqual([expect.stringContaining(`Block ${ids[12]} has a priorHash`)])
  })

  it("finds wrong checkpoints, skips, links and revisions of the tail, which no hash covers yet", () => {
    const tail = blockAt(79)
    const { checkpoint, entries } = tail
    expect(violationsWith({ ...tail, checkpoint: { ...checkpoint, actions: 1 } })).toHaveLength(1)
    expect(violationsWith({ ...tail, checkpoint: { ...checkpoint, entries: 1 } })).toHaveLength(1)
    expect(violationsWith({ ...tail, checkpoint: { ...checkpoint, skip: checkpoint.skip.slice(1) } })).toHaveLength(1)
    expect(violationsWith({ ...tail, priorHash: hash("another") })).toHaveLength(1)
    expect(violationsWith({ ...tail, prior: ids[3] })).toHaveLength(1)
    expect(violationsWith({ ...tail, next: ids[3] })).toHaveLength(1)
    expect(violationsWith({ ...tail, entries: entries.toSpliced(5, 1) })).toHaveLength(1)
    expect(violationsWith({ ...tail, entries: [] })).toHaveLength(1)
    expect(violationsWith({ ...tail, entries: [...entries, entryOf(COUNT + 1, { actions: [] })] })).toHaveLength(1)
    const { actions: _actions, ...bare } = entries[0]!
    expect(violationsWith({ ...tail, entries: entries.with(0, bare) })).toHaveLength(1)
  })

  it("ends, with a violation, where the way onward is broken or leads back", () => {
    const { next: _next, ...open } = blockAt(20)
    expect(violationsWith(open)).toEqual([expect.stringContaining("ends the log before its tail")])
    expect(violationsWith({ ...blockAt(20), next: ids[5] })).toContainEqual(expect.stringContaining("is not later"))
    expect(violationsWith({ ...blockAt(20), next: "a".repeat(58) })).toContainEqual(expect.stringContaining("absent"))
  })

  it("finds a block that was left before it was full", () => {
    const { log, store } = logOf(10)
    const first = readLogBlock(store, log.tail)
    const header = store.allocate("log")
    store.insert({
      checkpoint: { actions: 10, entries: 10, rev: 10, skip: [{ id: log.tail, rev: 0 }] },
      entries: [entryOf(11, { actions: [] })],
      header,
      prior: log.tail,
      priorHash: hash(canonicalText(first))
    })
    store.update(log.tail, ["next", 0, 0, header.id])
    expect(verifyAll(store, { head: log.head, tail: header.id })).toEqual([
      expect.stringContaining("before it was full")
    ])
  })

  it("finds a payload that is not what its entry says", () => {
    const { log, store } = logOf(3)
    const placed = place(store, hash, [actionOf("x".repeat(9_000))])
    append(store, hash, log.tail, entryOf(4, placed))
    expect(verifyAll(store, log)).toEqual([])
    const payload = [...store.blocks.values()].find((block) => block.header.type === "payload")!
    const changed = withBlock(store, { ...payload, actions: [actionOf("y")] })
    expect(verifyAll(changed, log)).toEqual([expect.stringContaining("revision 4")])
  })
})
