import { describe, expect, it } from "@effect/vitest"
import { UndecidedFrame } from "../../layers/storage/journal/Segment.ts"
import * as Prng from "../../src/random/Prng.ts"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import { MemoryJournalFiles, type WriteFault } from "./MemoryJournalFiles.ts"
import { MemoryJournalIndex } from "./MemoryJournalIndex.ts"
import { open, openSettled, SEGMENT_BYTES, seen } from "./openJournal.ts"

describe("a journal through crashes and failures", () => {
  const KEYS = Array.from({ length: 9 }, (_, number) => `k${number}`)
  const SEEDS = 120
  const SESSIONS = 5

  /** Writes until the session ends; gives the batch in flight at the end, if there is one. */
  const writeSome = async (
    random: Prng.Prng,
    files: MemoryJournalFiles,
    index: MemoryJournalIndex,
    model: Map<string, string>
  ) => {
    const { journal, last: before } = await open(files, index)
    for (const key of KEYS) expect(seen(journal, index, key)).toBe(model.get(key))
    let last = before
    const landed = () => (random.nextInt(4) === 0 ? Number.POSITIVE_INFINITY : random.nextInt(200))
    const fault = (): WriteFault => ({ landed: landed(), outcome: random.pick(["error", "short"]) })
    for (let writes = random.nextInt(80); writes > 0; writes--) {
      const key = () => random.pick(KEYS)
      const operations = Array.from({ length: random.nextInt(5) }, (): JournalOperation => {
        const size = random.nextInt(40) === 0 ? 3 * SEGMENT_BYTES : random.nextInt(60)
        return { key: key(), value: random.nextInt(4) === 0 ? undefined : `${last}${"x".repeat(size)}` }
      })
      if (random.nextInt(12) === 0) files.faults.push(fault())
      if (random.nextInt(60) === 0) files.faults.push(fault(), fault())
      if (random.nextInt(20) === 0) index.failures.push(...Array.from({ length: 4 }, () => random.nextInt(2) === 0))
      if (writes === 1 && random.nextInt(2) === 0) {
        files.faults.splice(0, files.faults.length, { landed: landed(), outcome: "silence" })
        journal.append(operations, last + 1).catch(() => undefined)
        await new Promise((resolve) => setTimeout(resolve, random.nextInt(5)))
        return { inFlight: operations, journal }
      }
      try {
        await journal.append(operations, last + 1)
        last += 1
        for (const { key, value } of operations) {
          if (value === undefined) model.delete(key)
          else model.set(key, value)
        }
      } catch (cause) {
        if (cause instanceof UndecidedFrame) return { inFlight: operations, journal }
      }
      const asked = key()
      if (journal.indexer.isReadable) expect(seen(journal, index, asked)).toBe(model.get(asked))
      if (random.nextInt(10) === 0) await journal.indexer.settled().catch(() => undefined)
    }
    return { inFlight: [], journal }
  }

  const applied = (model: ReadonlyMap<string, string>, operations: ReadonlyArray<JournalOperation>) => {
    const state = new Map(model)
    for (const { key, value } of operations) {
      if (value === undefined) state.delete(key)
      else state.set(key, value)
    }
    return state
  }

  for (let seed = 0; seed < SEEDS; seed++) {
    it(`holds what was acknowledged, and nothing else but the batch that was being written (seed ${seed})`, async () => {
      const random = Prng.make(`journal/${seed}`)
      let files = new MemoryJournalFiles()
      let index = new MemoryJournalIndex()
      let model = new Map<string, string>()
      for (let session = 0; session < SESSIONS; session++) {
        index.survives = () => random.nextInt(3) > 0
        const { inFlight, journal } = await writeSome(random, files, index, model)
        files.faults.length = 0
        index.failures.length = 0
        if (inFlight.length === 0 && random.nextInt(2) === 0) {
          await journal.close()
          expect(files.contents.size).toBe(0)
        }
        index = index.crash()
        files = new MemoryJournalFiles(files.contents)
        // Reading it once more is reading the same: what a crash during recovery leaves is recovered.
        const probe = new MemoryJournalIndex(index.checkpoint, index.steps)
        await openSettled(new MemoryJournalFiles(files.contents), probe)
        const withInFlight = applied(model, inFlight)
        expect([model, withInFlight]).toContainEqual(probe.state)
        model = new Map(probe.state)
      }
    })
  }
})
