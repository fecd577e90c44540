import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as metrics from "./metrics.ts"

/** What can go wrong with others on the wire. */
export type WireEvent =
  /** A peer that is not allowed, or whose id is of no known kind, wanted a connection. */
  | "ConnectionRefused"
  | "TooManyConnections"
  | "TooManyStreams"
  /** Somebody else answers where a peer was to be. */
  | "WrongIdentity"
  /** A peer of another network, by the protocols that it has. */
  | "OtherNetwork"
  /** An address to start from does not answer. */
  | "BootstrapFailed"
  /** A peer could not be reached. */
  | "DialFailed"
  /** What is no message of this direction, or an answer that nobody asked for. */
  | "MalformedFrame"
  | "FrameTooLarge"
  /** A frame was begun, and not gone on with. */
  | "HalfFrame"
  | "DuplicateQuestion"
  /** More questions, or more bytes, than a peer may have: told `Busy`. */
  | "TooManyQuestions"
  /** What it is sent is not read. */
  | "StalledReader"
  | "MalformedQuestion"
  | "MalformedAnswer"
  /** A handler here died. Nobody is told of what. */
  | "HandlerDied"

/** What happens in every network, and is nobody's fault. */
const ORDINARY: ReadonlySet<WireEvent> = new Set(["DialFailed"])
const LOGGED_PER_PERIOD = 20
const PERIOD_MILLIS = 1_000
/** Of what others said, so much is logged. */
const MAX_DETAIL = 200

/** Text of others, without what would do something to a terminal, or begin a line of its own in a log. */
const printable = (text: string): string => text.slice(0, MAX_DETAIL).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}")

/** Counts what happens on the wire of one node, and logs it: some of it in each second, for a flood must not go on in the logs. */
export class WireEvents {
  readonly #runtime: Runtime.Runtime<never>
  readonly #counts = new Map<WireEvent, number>()
  #periodMillis = 0
  #logged = 0

  constructor(runtime: Runtime.Runtime<never>) {
    this.#runtime = runtime
  }

  /** How often each kind happened. */
  get counts(): Readonly<Partial<Record<WireEvent, number>>> {
    return Object.fromEntries(this.#counts)
  }

  /** Counts an event, and logs it. */
  record(event: WireEvent, peer: string, detail: string): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1)
    metrics.count(event)
    const now = performance.now()
    if (now - this.#periodMillis >= PERIOD_MILLIS) {
      this.#periodMillis = now
      this.#logged = 0
    }
    if (++this.#logged > LOGGED_PER_PERIOD) return
    const log = ORDINARY.has(event) ? Effect.logDebug : Effect.logWarning
    const logged = Effect.annotateLogs(log(`${event}: ${printable(detail)}`), { peer: printable(peer) })
    Runtime.runFork(this.#runtime)(logged)
  }
}
