/** The index behind a journal in memory: what was not flushed may be lost, any step by itself. */
import type { IndexStep, JournalIndex } from "../../layers/storage/journal/JournalIndex.ts"
import type { BatchRun } from "../../src/storage/BatchSequence.ts"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import type { Checkpoint } from "../../src/storage/StoreRecords.ts"

interface Step {
  readonly operations: ReadonlyArray<JournalOperation>
  readonly run: BatchRun
}

export class MemoryJournalIndex implements JournalIndex {
  checkpoint: Checkpoint
  steps: Array<Step>
  /** Steps that a loss does not touch. */
  flushed: number
  /** Says of the next call, one after another, whether it fails. */
  readonly failures: Array<boolean> = []
  /** While true, everything fails. */
  isBroken = false
  /** While false, there is none to start anew. */
  hasRoom = true
  /** Whether a step that was not flushed survives. */
  survives: () => boolean = () => true
  isDead = false
  staysReadable = false

  constructor(checkpoint: Checkpoint = { segments: 0, sequence: 0 }, steps: ReadonlyArray<Step> = []) {
    this.checkpoint = checkpoint
    this.steps = [...steps]
    this.flushed = steps.length
  }

  get state(): ReadonlyMap<string, string> {
    const state = new Map<string, string>()
    for (const { key, value } of this.steps.flatMap(({ operations }) => operations)) {
      if (value === undefined) state.delete(key)
      else state.set(key, value)
    }
    return state
  }

  get runs(): ReadonlyArray<BatchRun> {
    return this.steps.map(({ run }) => run)
  }

  readonly begin = (): IndexStep => {
    const operations: Array<JournalOperation> = []
    return {
      add: (more) => operations.push(...more),
      commit: (run) => this.#call(() => this.steps.push({ operations, run })),
      discard: () => Promise.resolve()
    }
  }

  readonly flush = (): Promise<void> => {
    const steps = this.steps.length
    return this.#call(() => {
      this.flushed = Math.max(this.flushed, steps)
    })
  }

  readonly checkRoom = async (): Promise<void> => {
    if (!this.hasRoom) throw new Error("no room to start anew")
  }

  readonly reopen = (): Promise<void> =>
    this.#call(() => {
      this.steps = this.#surviving()
    })

  readonly setCheckpoint = (checkpoint: Checkpoint): Promise<void> =>
    this.#call(() => {
      this.checkpoint = checkpoint
    })

  /** Ends without notice. What is there afterwards is another index. */
  crash(): MemoryJournalIndex {
    this.isDead = true
    return new MemoryJournalIndex(this.checkpoint, this.#surviving())
  }

  #surviving(): Array<Step> {
    return this.steps.filter((_, place) => place < this.flushed || this.survives())
  }

  async #call(act: () => void): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.isDead) return new Promise(() => {})
    if (this.failures.shift() === true || this.isBroken) throw new Error("the index fails")
    act()
  }
}
