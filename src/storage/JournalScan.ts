/** What the files of a journal hold, looked for at every place where a frame may start: damage hides no frame behind it. */
import { ALIGNMENT_BYTES, type ByteChecksum, FrameReader, type JournalOperation } from "./JournalFrame.ts"

/** Whole frames, and the highest number that anything of a frame bears (0 where there is nothing). */
export interface JournalScan {
  readonly frames: ReadonlyMap<number, ReadonlyArray<JournalOperation>>
  readonly highest: number
}

/** Looks through the files of a journal, given as their bytes. */
export const scan = (files: ReadonlyArray<Uint8Array>, crc32: ByteChecksum): JournalScan => {
  const frames = new Map<number, ReadonlyArray<JournalOperation>>()
  let highest = 0
  for (const bytes of files) {
    const reader = new FrameReader(bytes, crc32)
    for (let at = 0; at < bytes.length; ) {
      const found = reader.read(at)
      if (found !== undefined) highest = Math.max(highest, found.sequence)
      if (found?._tag === "Frame") frames.set(found.sequence, found.operations)
      at += found?._tag === "Frame" ? found.length : ALIGNMENT_BYTES
    }
  }
  return { frames, highest }
}

/** The longest run of frames without a gap that ends with `last`, in order; empty where that one is missing. */
export const runUpTo = (
  { frames }: JournalScan,
  last: number
): ReadonlyArray<readonly [sequence: number, operations: ReadonlyArray<JournalOperation>]> => {
  const run: Array<readonly [number, ReadonlyArray<JournalOperation>]> = []
  for (let sequence = last; ; sequence--) {
    const operations = frames.get(sequence)
    if (operations === undefined) return run.reverse()
    run.push([sequence, operations])
  }
}
