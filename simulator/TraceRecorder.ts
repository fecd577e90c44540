import type { TraceEvent, TraceService } from "./Trace.ts"
import { TraceHash } from "./TraceHash.ts"

/** Distinguishes what the hash is fed with, so that one kind cannot pass for another. */
const ENTRY = { decision: 1, jump: 2, event: 3 } as const

/** The trace of one run: a hash over everything, and the last events as texts. */
export class TraceRecorder implements TraceService {
  private readonly hash = new TraceHash()
  private readonly keepEvents: number
  private kept: Array<TraceEvent> = []
  private now = 0
  private taken = 0

  constructor(keepEvents: number) {
    this.keepEvents = keepEvents
  }

  /** How many tasks have run. */
  get steps(): number {
    return this.taken
  }

  /** A task of one lane is run, out of so many lanes that could have. */
  decision(lane: number, outOf: number): void {
    this.taken++
    this.hash.addWord(ENTRY.decision)
    this.hash.addWord(lane)
    this.hash.addWord(outOf)
  }

  /** The clock jumped. */
  jump(nowMillis: number): void {
    this.now = nowMillis
    this.hash.addWord(ENTRY.jump)
    this.hash.addNumber(nowMillis)
  }

  readonly record = (text: string): void => {
    this.hash.addWord(ENTRY.event)
    this.hash.addText(text)
    this.kept.push({ nowMillis: this.now, step: this.taken, text })
    if (this.kept.length > 2 * this.keepEvents) this.kept = this.events()
  }

  /** The last events, oldest first. */
  events(): Array<TraceEvent> {
    return this.keepEvents === 0 ? [] : this.kept.slice(-this.keepEvents)
  }

  digest(): string {
    return this.hash.digest()
  }
}
