import { HEAD_BYTES } from "../../../src/storage/JournalFrame.ts"
import type { WrittenFile } from "../../../src/storage/JournalScan.ts"
import { reasonOf } from "../StorageFailure.ts"
import type { JournalFile } from "./JournalFiles.ts"

const NO_HEAD = new Uint8Array(HEAD_BYTES)
const NOTHING_WRITTEN: WrittenFile = { endBytes: 0, frames: 0, last: 0, sizeBytes: 0 }

/** A frame could neither be written nor be undone: whether it landed shows when the journal is read again. */
export class UndecidedFrame extends Error {}

/** What a segment may hold. */
export interface SegmentLimits {
  readonly sizeBytes: number
  readonly maxFrames: number
}

/** One file of a journal, which is filled from its start, and used again once its frames are needed no more. */
export class Segment {
  readonly #file: JournalFile
  readonly #limits: SegmentLimits
  #end: number
  #frames: number
  #last: number
  /** Up to where the file may reach. */
  #reach: number

  constructor(file: JournalFile, limits: SegmentLimits, written: WrittenFile = NOTHING_WRITTEN) {
    this.#file = file
    this.#limits = limits
    this.#end = written.endBytes
    this.#frames = written.frames
    this.#last = written.last
    this.#reach = Math.max(limits.sizeBytes, written.sizeBytes)
  }

  /** The number of the last frame in it. */
  get last(): number {
    return this.#last
  }

  /** Whether a frame may be added. An empty segment takes any. */
  hasRoom(length: number): boolean {
    return this.#frames === 0 || (this.#end + length <= this.#limits.sizeBytes && this.#frames < this.#limits.maxFrames)
  }

  /**
   * Adds a frame, durably. Where that fails the frame is made to be none, and the next one takes its place; an
   * {@link UndecidedFrame} says that even this failed.
   */
  append(frame: Uint8Array, length: number, sequence: number): Promise<void> {
    this.#reach = Math.max(this.#reach, this.#end + length)
    return new Promise((resolve, reject) => {
      this.#write(frame, length, this.#end, (cause) => {
        if (cause === undefined && this.#file.isRemoved()) {
          reject(new Error("the file of the journal was removed; the store must be opened again"))
        } else if (cause === undefined) {
          this.#end += length
          this.#frames += 1
          this.#last = sequence
          resolve()
        } else this.#undo(cause, reject)
      })
    })
  }

  /** Makes it empty. What is in it stays until it is written over. */
  async recycle(): Promise<void> {
    if (this.#reach > this.#limits.sizeBytes) await this.#file.truncate(this.#limits.sizeBytes)
    this.#reach = this.#limits.sizeBytes
    this.#end = 0
    this.#frames = 0
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  #write(bytes: Uint8Array, length: number, position: number, done: (cause?: Error) => void): void {
    this.#file.write(bytes, length, position, (error, written) => {
      if (error !== null) done(error)
      else if (written >= length) done()
      else if (written <= 0) done(new Error("the file took nothing"))
      else this.#write(bytes.subarray(written), length - written, position + written, done)
    })
  }

  #undo(cause: Error, reject: (cause: Error) => void): void {
    this.#write(NO_HEAD, HEAD_BYTES, this.#end, (undoCause) => {
      reject(
        undoCause === undefined ? cause : new UndecidedFrame(`${reasonOf(cause)}; undoing it: ${undoCause.message}`)
      )
    })
  }
}
