/**
 * A journal in front of an index: a batch is durable once its frame is, with one write to a file that is already there and
 * as long as it will be; the index takes it in afterwards. Two files take turns. The one that is full becomes free again once
 * the index holds all of it durably; until then what only the index's own log holds is in the journal, too.
 */
import * as Path from "node:path"
import {
  FrameWriter,
  frameBytesOf,
  type JournalOperation,
  MAX_PAYLOAD_BYTES,
  maxTextBytes
} from "../../../src/storage/JournalFrame.ts"
import * as JournalScan from "../../../src/storage/JournalScan.ts"
import type { Checkpoint } from "../../../src/storage/StoreRecords.ts"
import * as Checksum from "../Checksum.ts"
import { Indexer, type IndexerOptions } from "./Indexer.ts"
import type { JournalFilesService } from "./JournalFiles.ts"
import type { JournalIndex } from "./JournalIndex.ts"
import { Segment, type SegmentLimits } from "./Segment.ts"
import type { UnindexedBatch } from "./Unindexed.ts"

const FILE_NAMES = ["journal-a", "journal-b"] as const

/** The files that a journal in a directory may have. */
export const paths = (directory: string): ReadonlyArray<string> => FILE_NAMES.map((name) => Path.join(directory, name))

/** How large a journal is, and how its index follows. */
export interface JournalOptions extends IndexerOptions {
  readonly segment: SegmentLimits
  /** Memory kept for frames. A larger frame gets memory of its own. */
  readonly bufferBytes: number
}

/** Where a journal is, what stands behind it, and who hears of its troubles. */
export interface JournalPlace {
  readonly directory: string
  readonly files: JournalFilesService
  readonly index: JournalIndex
  /** Where it begins. Only the files that this announces are in the directory. */
  readonly checkpoint: Checkpoint
  readonly warn: (message: string) => void
}

/** What an earlier process left of a journal that is gone on with. */
export interface JournalRemains {
  /** The index has the batches up to this one, though perhaps not durably, … */
  readonly indexed: number
  /** … and may lack these, which follow, in order. */
  readonly batches: ReadonlyArray<UnindexedBatch>
  /** Its files, as the checkpoint announces them. */
  readonly files: ReadonlyArray<JournalScan.WrittenFile>
}

/** A journal that is being written. */
export class Journal {
  /** What follows behind the journal. */
  readonly indexer: Indexer
  readonly #paths: ReadonlyArray<string>
  readonly #files: JournalFilesService
  readonly #limits: SegmentLimits
  readonly #writer: { readonly bytes: Uint8Array; readonly frames: FrameWriter }
  readonly #segments: Array<Segment> = []
  #announced = 0
  #active: Segment | undefined

  private constructor(place: JournalPlace, indexed: number, options: JournalOptions) {
    const { checkpoint, directory, files, index, warn } = place
    this.#paths = paths(directory)
    this.#files = files
    // Files that are there keep the length that is announced of all of them: a shorter one would be taken for cut off.
    const sizeBytes = checkpoint.segmentBytes ?? options.segment.sizeBytes
    this.#limits = { ...options.segment, sizeBytes }
    this.#writer = newWriter(options.bufferBytes)
    const readBack = (after: number, last: number) => this.#readBack(after, last)
    this.indexer = new Indexer({ applied: indexed, checkpoint, index, readBack, warn }, options)
  }

  /** Opens a journal where an earlier one ended: what that held is durable then, and follows into the index in the background. */
  static async open(place: JournalPlace, remains: JournalRemains, options: JournalOptions): Promise<Journal> {
    const journal = new Journal(place, remains.indexed, options)
    await journal.#goOnWith(remains)
    return journal
  }

  /**
   * Adds a batch, durably; the one before must have ended. A failure leaves no trace of it, unless it is an `UndecidedFrame`,
   * after which nothing more may be added.
   */
  async append(operations: ReadonlyArray<JournalOperation>, sequence: number): Promise<void> {
    const fits = frameBytesOf(operations, maxTextBytes) <= this.#writer.bytes.length
    const { bytes, frames } = fits ? this.#writer : newWriter(exactBytes(operations))
    const length = frames.write(operations, sequence)
    const segment = this.#active?.hasRoom(length) === true ? this.#active : await this.#nextSegment()
    const written = segment.append(bytes, length, sequence)
    // While the disk is busy, what was written before costs nobody time.
    this.indexer.nudge()
    await written
    this.indexer.add({ operations, sequence })
  }

  /** Brings everything into the index and removes the files. Where it fails they stay, and hold what the index may not. */
  async close(): Promise<void> {
    try {
      await this.indexer.close()
    } finally {
      for (const segment of this.#segments) await segment.close()
    }
    for (const path of this.#paths.slice(0, this.#segments.length)) await this.#files.remove(path)
  }

  /** A segment to go on with: the one not written last, once nothing in it is needed any more. */
  async #nextSegment(): Promise<Segment> {
    const full = this.#active
    const place = full === undefined ? 0 : (this.#segments.indexOf(full) + 1) % FILE_NAMES.length
    const segment = this.#segments[place] ?? (await this.#addSegment(place))
    await this.indexer.checkpointed(segment.last)
    await segment.recycle()
    if (this.#announced <= place) {
      // From the first frame in it on, a file that is missing is a loss.
      await this.indexer.announceSegments(place + 1, this.#limits.sizeBytes)
      this.#announced = place + 1
    }
    this.#active = segment
    if (full !== undefined) this.indexer.wantCheckpoint(full.last)
    return segment
  }

  async #addSegment(place: number): Promise<Segment> {
    const file = await this.#files.create(this.#paths[place]!, this.#limits.sizeBytes)
    const segment = new Segment(file, this.#limits)
    this.#segments.push(segment)
    return segment
  }

  async #goOnWith({ batches, files }: JournalRemains): Promise<void> {
    try {
      for (const [place, written] of files.entries()) {
        this.#segments.push(new Segment(await this.#files.open(this.#paths[place]!), this.#limits, written))
      }
    } catch (cause) {
      for (const segment of this.#segments) await segment.close()
      throw cause
    }
    this.#announced = files.length
    for (const segment of this.#segments) if (segment.last > (this.#active?.last ?? 0)) this.#active = segment
    for (const batch of batches) this.indexer.add(batch)
    // The process that began with the next file may have ended before the one that was full became free.
    for (const segment of this.#segments) if (segment !== this.#active) this.indexer.planCheckpoint(segment.last)
  }

  async #readBack(after: number, last: number): Promise<ReadonlyArray<UnindexedBatch>> {
    const scan = JournalScan.scan(await readFiles(this.#files, this.#paths), Checksum.ofBytes)
    const run = JournalScan.runUpTo(scan, after, last)
    return run.map(([sequence, operations]) => ({ operations, sequence }))
  }
}

const newWriter = (sizeBytes: number) => {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  return { bytes, frames: new FrameWriter(bytes, Checksum.ofBytes) }
}

const exactBytes = (operations: ReadonlyArray<JournalOperation>): number => {
  const bytes = frameBytesOf(operations, Buffer.byteLength)
  if (bytes <= MAX_PAYLOAD_BYTES) return bytes
  throw new Error(`a batch of ${bytes} bytes is larger than the ${MAX_PAYLOAD_BYTES} that a journal takes`)
}

/** What is in those of the files that are there. */
export const readFiles = async (
  files: JournalFilesService,
  of: ReadonlyArray<string>
): Promise<ReadonlyArray<Uint8Array>> => {
  const found: Array<Uint8Array> = []
  for (const path of of) {
    const bytes = await files.read(path)
    if (bytes !== undefined) found.push(bytes)
  }
  return found
}
