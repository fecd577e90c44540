import type { Space, StorageRange } from "../../../services/RawStorage.ts"
import type { BatchRun } from "../../../src/storage/BatchSequence.ts"
import type { JournalOperation } from "../../../src/storage/JournalFrame.ts"
import type { Checkpoint } from "../../../src/storage/StoreRecords.ts"
import { reasonOf } from "../StorageFailure.ts"
import { applyTo, type IndexStep, type JournalIndex } from "./JournalIndex.ts"
import { latestOperations, type SpaceChanges, Unindexed, type UnindexedBatch } from "./Unindexed.ts"

const runOf = (batches: ReadonlyArray<UnindexedBatch>): BatchRun => ({
  first: batches[0]!.sequence,
  last: batches.at(-1)!.sequence
})

/** How an {@link Indexer} goes about it. */
export interface IndexerOptions {
  /** A batch waits so long for others, that they enter the index together, … */
  readonly lingerMillis: number
  /** … unless so many operations wait. One step takes about that many. */
  readonly stepOperations: number
  /** The pause after a failure; it doubles with each, up to a longest. */
  readonly firstRetryMillis: number
  readonly lastRetryMillis: number
}

/** What an {@link Indexer} stands between. */
export interface IndexerPlace {
  readonly index: JournalIndex
  readonly checkpoint: Checkpoint
  /** Batches up to this one are in the index, though perhaps not durably. */
  readonly applied: number
  /** Reads the batches of the journal after a number and up to another one, as far back as they go. */
  readonly readBack: (after: number, last: number) => Promise<ReadonlyArray<UnindexedBatch>>
  /** Hears of each failure of the index that is followed by another try. */
  readonly warn: (message: string) => void
}

/** A journal that is closed goes on at most so often after a failure of its index. */
const LAST_TRIES = 2

/** A step that was not committed yet, and what is in it. */
interface OpenStep {
  readonly step: IndexStep
  readonly batches: Array<UnindexedBatch>
  operations: number
}

interface Waiter {
  readonly isMet: () => boolean
  readonly resolve: () => void
  readonly reject: (cause: Error) => void
}

/**
 * Brings batches from a journal into the index behind it, in the background, in order, and makes them durable there when
 * the journal wants room. A failure ends nothing: the index is opened anew, given back what it may have lost, and goes on.
 */
export class Indexer {
  readonly #index: JournalIndex
  readonly #readBack: IndexerPlace["readBack"]
  readonly #warn: IndexerPlace["warn"]
  readonly #options: IndexerOptions
  readonly #unindexed = new Unindexed()
  readonly #waiters = new Set<Waiter>()
  #open: OpenStep | undefined
  #checkpoint: Checkpoint
  #applied: number
  /** Up to where batches are to enter the index without waiting for more. */
  #wanted = 0
  #wantedCheckpoint = 0
  #running: Promise<void> | undefined
  #flushing: Promise<void> | undefined
  #linger: NodeJS.Timeout | undefined
  #failure: string | undefined
  #failures = 0
  #readable = true
  #endPause: (() => void) | undefined
  #isClosing = false

  constructor({ applied, checkpoint, index, readBack, warn }: IndexerPlace, options: IndexerOptions) {
    this.#index = index
    this.#readBack = readBack
    this.#warn = warn
    this.#options = options
    this.#checkpoint = checkpoint
    this.#applied = applied
  }

  /** The latest operation on a key that is not in the index yet. */
  get(key: string): JournalOperation | undefined {
    return this.#unindexed.get(key)
  }

  /** Whether the index lacks anything in a range. */
  lacks(range: StorageRange): boolean {
    return this.#unindexed.isIn(range)
  }

  /** What the index lacks in a space. */
  changesOf(space: Space): SpaceChanges {
    return this.#unindexed.changesOf(space)
  }

  /** Whether the index may be read now, for what {@link get} does not know. */
  get isReadable(): boolean {
    return this.#readable
  }

  /** Takes a batch that the journal holds; the ones before it were taken before. */
  add(batch: UnindexedBatch): void {
    this.#unindexed.add(batch)
    if (this.#running === undefined) this.#waitForMore()
  }

  /** Prepares what it has, and begins to work if that is enough. The moment for it is while the disk is busy with the journal. */
  nudge(): void {
    this.#stage()
    if (this.#isFull) this.#goOn()
  }

  /** Ends once the index may be read. */
  readable(): Promise<void> {
    return this.#when(() => this.#readable)
  }

  /** Ends once every batch taken before is in the index. */
  settled(): Promise<void> {
    const last = this.#applied + this.#unindexed.batches
    return this.#when(() => this.#applied >= last && this.#readable)
  }

  /** Ends once the batches up to this one are durable in the index. */
  checkpointed(sequence: number): Promise<void> {
    this.wantCheckpoint(sequence)
    return this.#when(() => this.#checkpoint.sequence >= sequence)
  }

  /** Has the batches up to this one made durable in the index once they are in it. */
  planCheckpoint(sequence: number): void {
    this.#wantedCheckpoint = Math.max(this.#wantedCheckpoint, sequence)
  }

  /** Makes the batches up to this one durable in the index, in the background. */
  wantCheckpoint(sequence: number): void {
    this.planCheckpoint(sequence)
    this.#start()
  }

  /** Says durably, in the index, that so many segments of the journal must be there from now on, and how long they are at least. */
  async announceSegments(segments: number, segmentBytes: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failed()
    const checkpoint = { ...this.#checkpoint, segmentBytes, segments }
    try {
      await this.#index.setCheckpoint(checkpoint)
    } catch (cause) {
      this.#fail(cause)
      throw this.#failed()
    }
    this.#checkpoint = checkpoint
  }

  /**
   * Brings everything into the index, durably, so that it needs no journal any more. Fails where the index does; the
   * journal is needed then.
   */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#failures = Math.min(this.#failures, LAST_TRIES - 1)
    this.#endPause?.()
    this.#start()
    while (this.#running !== undefined || this.#flushing !== undefined) {
      await this.#running
      await this.#flushing
    }
    if (this.#failure !== undefined) throw this.#failed()
    if (this.#checkpoint.segments === 0) return
    // In this order the checkpoint enters a table, too: nothing is left in the index's own log.
    await this.#index.setCheckpoint({ sequence: this.#applied, segments: 0 })
    await this.#index.flush()
  }

  #when(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve()
    if (this.#failure !== undefined && this.#readable) return Promise.reject(this.#failed())
    this.#start()
    return new Promise((resolve, reject) => this.#waiters.add({ isMet, resolve, reject }))
  }

  /** Brings what was taken so far into the index. */
  #start(): void {
    clearTimeout(this.#linger)
    this.#linger = undefined
    this.#wanted = this.#applied + this.#unindexed.batches
    this.#goOn()
  }

  #goOn(): void {
    if (this.#hasWork) this.#running ??= this.#run()
    else this.#flushIfWanted()
  }

  get #hasWork(): boolean {
    if (this.#failure === undefined) return this.#isFull || this.#applied < this.#wanted
    return !this.#isClosing || this.#failures < LAST_TRIES
  }

  async #run(): Promise<void> {
    while (this.#hasWork) {
      await (this.#failure === undefined ? this.#applyNext() : this.#heal(this.#failure))
      this.#flushIfWanted()
      this.#notify()
    }
    this.#running = undefined
    if (this.#unindexed.batches > 0) this.#waitForMore()
  }

  #waitForMore(): void {
    this.#linger ??= setTimeout(() => this.#start(), this.#options.lingerMillis)
  }

  get #isFull(): boolean {
    return this.#open !== undefined && this.#open.operations >= this.#options.stepOperations
  }

  /** Moves batches into the open step, until it is full. */
  #stage(): void {
    if (this.#failure !== undefined) return
    try {
      while (!this.#isFull) {
        const batch = this.#unindexed.stage()
        if (batch === undefined) return
        this.#open ??= { batches: [], operations: 0, step: this.#index.begin() }
        this.#open.step.add(batch.operations)
        this.#open.batches.push(batch)
        this.#open.operations += batch.operations.length
      }
    } catch (cause) {
      this.#fail(cause)
    }
  }

  async #applyNext(): Promise<void> {
    this.#stage()
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    const { batches, step } = open
    try {
      await step.commit(runOf(batches))
      this.#applied = batches.at(-1)!.sequence
      this.#unindexed.drop(batches)
      if (!this.#isFlushDue) this.#failures = 0
    } catch (cause) {
      this.#fail(cause)
    }
  }

  get #isFlushDue(): boolean {
    return this.#checkpoint.sequence < this.#wantedCheckpoint && this.#wantedCheckpoint <= this.#applied
  }

  #flushIfWanted(): void {
    if (this.#isFlushDue && this.#failure === undefined) this.#flushing ??= this.#flush(this.#applied)
  }

  async #flush(sequence: number): Promise<void> {
    try {
      await this.#index.flush()
      // Only now: a checkpoint must never be ahead of what the index holds durably.
      const checkpoint = { ...this.#checkpoint, sequence }
      await this.#index.setCheckpoint(checkpoint)
      this.#checkpoint = checkpoint
      this.#failures = 0
    } catch (cause) {
      this.#fail(cause)
    }
    this.#flushing = undefined
    this.#notify()
    this.#start()
  }

  #fail(cause: unknown): void {
    this.#failure ??= reasonOf(cause)
    this.#failures += 1
    this.#unindexed.unstage()
    this.#open?.step.discard().catch(() => {})
    this.#open = undefined
    for (const waiter of this.#waiters) waiter.reject(this.#failed())
    this.#waiters.clear()
    this.#start()
  }

  #failed(): Error {
    return new Error(`the journal cannot be brought into the index: ${this.#failure}`)
  }

  /** Opens the index anew, and gives it what it had since the checkpoint: it may have lost any of that. */
  async #heal(reason: string): Promise<void> {
    await this.#pause()
    await this.#flushing
    try {
      await this.#index.checkRoom?.()
      this.#readable = this.#index.staysReadable === true
      await this.#index.reopen()
      // Nothing older: were the process to end in the middle of it, nothing would bring the index up to its checkpoint again.
      const { sequence } = this.#checkpoint
      const batches = await this.#readBack(sequence, this.#applied)
      if (batches.length < this.#applied - sequence) throw new Error(`${reason}; the journal is damaged`)
      // In one step: whoever reads the index, now or after the process was killed, finds nothing older than was there before.
      if (batches.length > 0) await applyTo(this.#index, latestOperations(batches), runOf(batches))
      await this.#index.setCheckpoint(this.#checkpoint)
      this.#readable = true
      this.#failure = undefined
    } catch (cause) {
      this.#failure = undefined
      this.#fail(cause)
    }
  }

  #pause(): Promise<void> {
    if (this.#isClosing) return Promise.resolve()
    const { firstRetryMillis, lastRetryMillis } = this.#options
    const millis = Math.min(lastRetryMillis, firstRetryMillis * 2 ** (this.#failures - 1))
    this.#warn(`${this.#failed().message}; failure ${this.#failures}, tried again in ${millis} ms`)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, millis)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #notify(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.isMet()) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }
}
