/** What the files of a journal hold, looked for at every place where a frame may start: damage hides no frame behind it. */
import { ALIGNMENT_BYTES, type ByteChecksum, FrameReader, type JournalOperation } from "./JournalFrame.ts"

/** Whole frames, and the highest number that anything of a frame bears (0 where there is nothing). */
export interface JournalFrames {
  readonly frames: ReadonlyMap<number, ReadonlyArray<JournalOperation>>
  readonly highest: number
}

/** Where the writing of one file ended: what stands behind is left from an earlier use of it, or of a write that was cut short. */
export interface WrittenFile {
  readonly sizeBytes: number
  readonly endBytes: number
  /** The number of the last whole frame, 0 where there is none. */
  readonly last: number
  /** Whole frames up to that one. */
  readonly frames: number
}

/** What all files hold together, and where each of them ends. */
export interface JournalScan extends JournalFrames {
  readonly files: ReadonlyArray<WrittenFile>
}

/** Looks through the files of a journal, given as their bytes. */
export const scan = (files: ReadonlyArray<Uint8Array>, crc32: ByteChecksum): JournalScan => {
  const frames = new Map<number, ReadonlyArray<JournalOperation>>()
  let highest = 0
  const written = files.map((bytes): WrittenFile => {
    const reader = new FrameReader(bytes, crc32)
    const sizeBytes = bytes.length
    let end: WrittenFile = { endBytes: 0, frames: 0, last: 0, sizeBytes }
    let count = 0
    for (let at = 0; at < bytes.length; ) {
      const found = reader.read(at)
      if (found !== undefined) highest = Math.max(highest, found.sequence)
      if (found?._tag !== "Frame") {
        at += ALIGNMENT_BYTES
        continue
      }
      frames.set(found.sequence, found.operations)
      at += found.length
      count += 1
      if (found.sequence > end.last) end = { endBytes: at, frames: count, last: found.sequence, sizeBytes }
    }
    return end
  })
  return { files: written, frames, highest }
}

/** The longest run of frames after `after` without a gap that ends with `last`, in order; empty where that one is missing. */
export const runUpTo = (
  { frames }: JournalFrames,
  after: number,
  last: number
): ReadonlyArray<readonly [sequence: number, operations: ReadonlyArray<JournalOperation>]> => {
  const run: Array<readonly [number, ReadonlyArray<JournalOperation>]> = []
  for (let sequence = last; sequence > after; sequence--) {
    const operations = frames.get(sequence)
    if (operations === undefined) break
    run.push([sequence, operations])
  }
  return run.reverse()
}
