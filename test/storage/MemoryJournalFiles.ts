/** The files of a journal in memory, whose writes go wrong where a test wants it. */
import type { JournalFile, JournalFilesService } from "../../layers/storage/journal/JournalFiles.ts"

/** What happens to a write: so many bytes land, and then it fails, ends early, or is never answered. */
export interface WriteFault {
  readonly landed: number
  readonly outcome: "error" | "short" | "silence"
}

export class MemoryJournalFiles implements JournalFilesService {
  readonly contents: Map<string, Uint8Array>
  /** Bytes that all files may have. */
  roomBytes = Number.POSITIVE_INFINITY
  /** What happens to the next writes, one after another. */
  readonly faults: Array<WriteFault> = []
  writes = 0

  constructor(contents: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.contents = new Map(Array.from(contents, ([path, bytes]) => [path, bytes.slice()]))
  }

  readonly create = async (path: string, sizeBytes: number): Promise<JournalFile> => {
    this.#resize(path, sizeBytes)
    this.contents.get(path)!.fill(0)
    return this.open(path)
  }

  readonly open = async (path: string): Promise<JournalFile> => {
    if (!this.contents.has(path)) throw new Error("ENOENT: no such file")
    return {
      close: async () => {},
      isRemoved: () => !this.contents.has(path),
      truncate: async (size) => this.#resize(path, size),
      write: (bytes, length, position, done) => setImmediate(() => this.#write(path, bytes, length, position, done))
    }
  }

  readonly read = async (path: string): Promise<Uint8Array | undefined> => this.contents.get(path)?.slice()

  readonly remove = async (path: string): Promise<void> => {
    this.contents.delete(path)
  }

  #write(path: string, bytes: Uint8Array, length: number, position: number, done: Parameters<JournalFile["write"]>[3]) {
    this.writes += 1
    const fault = this.faults.shift()
    const landed = Math.min(length, fault?.landed ?? length)
    try {
      if (position + landed > this.contents.get(path)!.length) this.#resize(path, position + landed)
    } catch (cause) {
      return done(cause as Error, 0)
    }
    this.contents.get(path)!.set(bytes.subarray(0, landed), position)
    if (fault?.outcome === "silence") return
    done(fault?.outcome === "error" ? new Error("EIO: i/o error") : null, landed)
  }

  #resize(path: string, sizeBytes: number) {
    const before = this.contents.get(path)
    let others = 0
    for (const [other, bytes] of this.contents) if (other !== path) others += bytes.length
    if (sizeBytes > (before?.length ?? 0) && others + sizeBytes > this.roomBytes) {
      throw new Error("ENOSPC: no space left on device")
    }
    const resized = new Uint8Array(sizeBytes)
    if (before !== undefined) resized.set(before.subarray(0, sizeBytes))
    this.contents.set(path, resized)
  }
}
