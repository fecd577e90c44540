import { describe, expect, it } from "@effect/vitest"
import { UndecidedFrame } from "../../layers/storage/journal/Segment.ts"
import * as Prng from "../../src/random/Prng.ts"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import { MemoryJournalFiles, type WriteFault } from "./MemoryJournalFiles.ts"
import { MemoryJournalIndex } from "./MemoryJournalIndex.ts"
import { OPTIONS, open, openSettled, SEGMENT_BYTES, seen } from "./openJournal.ts"

describe("a journal through crashes and failures", () => {
  const KEYS = Array.from({ length: 9 }, (_, number) => `k${number}`)
  const SEEDS = 120
  const SESSIONS = 5

  const applied = (model: ReadonlyMap<string, string>, operations: ReadonlyArray<JournalOperation>) => {
    const state = new Map(model)
    for (const { key, value } of operations) {
      if (value === undefined) state.delete(key)
      else state.set(key, value)
    }
    return state
  }

  /** Writes until the session ends, and notes each state; gives the batch in flight at the end, if there is one. */
  const writeSome = async (
    random: Prng.Prng,
    files: MemoryJournalFiles,
    index: MemoryJournalIndex,
    states: Array<ReadonlyMap<string, string>>
  ) => {
    const { journal, last: before } = await open(files, index)
    expect(before).toBe(states.length - 1)
    let [last, model] = [before, states[before]!]
    for (const key of KEYS) expect(seen(journal, index, key)).toBe(model.get(key))
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
        model = applied(model, operations)
        states.push(model)
      } catch (cause) {
        if (cause instanceof UndecidedFrame) return { inFlight: operations, journal }
      }
      const asked = key()
      if (journal.indexer.isReadable) expect(seen(journal, index, asked)).toBe(model.get(asked))
      if (random.nextInt(10) === 0) await journal.indexer.settled().catch(() => undefined)
    }
    return { inFlight: undefined, journal }
  }

  /** The files with one bit flipped. */
  const damaged = (random: Prng.Prng, files: MemoryJournalFiles) => {
    const damagedFiles = new MemoryJournalFiles(files.contents)
    const bytes = random.pick([...damagedFiles.contents.values()])
    bytes[random.nextInt(bytes.length)]! ^= 1 << random.nextInt(8)
    return damagedFiles
  }

  for (let seed = 0; seed < SEEDS; seed++) {
    it(`holds what was acknowledged, and nothing else but the batch that was being written (seed ${seed})`, async () => {
      const random = Prng.make(`journal/${seed}`)
      let files = new MemoryJournalFiles()
      let index = new MemoryJournalIndex()
      const states: Array<ReadonlyMap<string, string>> = [new Map()]
      for (let session = 0; session < SESSIONS; session++) {
        index.survives = () => random.nextInt(3) > 0
        const { inFlight, journal } = await writeSome(random, files, index, states)
        files.faults.length = 0
        index.failures.length = 0
        if (inFlight === undefined && random.nextInt(2) === 0) {
          await journal.close()
          expect(files.contents.size).toBe(0)
        }
        const acknowledged = states.length - 1
        if (inFlight !== undefined) states.push(applied(states[acknowledged]!, inFlight))
        index = index.crash()
        files = new MemoryJournalFiles(files.contents)
        // Reading it once more is reading the same: what a crash during recovery leaves is recovered.
        const probe = new MemoryJournalIndex(index.checkpoint, index.steps)
        const { last } = await openSettled(new MemoryJournalFiles(files.contents), probe)
        expect(last).toBeGreaterThanOrEqual(acknowledged)
        expect(probe.state).toEqual(states[last])
        states.splice(last + 1)
      }
    })
  }

  it("is right or refused with one bit flipped, however often its process was killed while the index took it up again", async () => {
    const TRIALS = 500
    const SMALL_STEPS = { ...OPTIONS, stepOperations: 1 }
    const turns = async (count: number) => {
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    const random = Prng.make("killed again")
    const met = { refused: 0, right: 0 }
    for (let trial = 0; trial < TRIALS; trial++) {
      const files = new MemoryJournalFiles()
      let index = new MemoryJournalIndex()
      const states: Array<ReadonlyMap<string, string>> = [new Map()]
      let { journal } = await open(files, index, SMALL_STEPS)
      while (states.length < OPTIONS.segment.maxFrames) {
        const operation = { key: random.pick(KEYS), value: `${states.length}` }
        await journal.append([operation], states.length)
        states.push(applied(states.at(-1)!, [operation]))
      }
      await journal.indexer.settled()
      // Power is lost before: steps at the end are gone, or any, where the log of the index is damaged, too.
      const [isTail, left] = [random.nextInt(2) === 0, { steps: random.nextInt(states.length) }]
      index.survives = () => (isTail ? left.steps-- > 0 : random.nextInt(4) > 0)
      for (let kills = random.nextInt(3); kills >= 0; kills--) {
        index = index.crash()
        ;({ journal } = await open(files, index, SMALL_STEPS))
        void journal.indexer.settled()
        await turns(random.nextInt(OPTIONS.segment.maxFrames))
      }
      // One that was brought in at once is gone.
      if (files.contents.size === 0) continue
      const killed = index.crash()
      const outcome = await openSettled(damaged(random, files), killed).then(
        ({ last }) => ({ last }),
        (cause: unknown) => String(cause)
      )
      if (typeof outcome === "string") {
        expect(outcome).toMatch(/CorruptStore.* missing/)
        met.refused += 1
      } else {
        // Of a damaged last batch nothing tells whether it was answered.
        expect(outcome.last).toBeGreaterThanOrEqual(states.length - 2)
        expect(killed.state).toEqual(states[outcome.last])
        met.right += 1
      }
    }
    // Most bits are in frames, and most frames are in the journal or in the index, which is enough.
    expect(met.refused).toBeGreaterThan(0)
    expect(met.right).toBeGreaterThan(TRIALS / 4)
  })
})
