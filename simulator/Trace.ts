import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Something that happened in a run. */
export interface TraceEvent {
  readonly nowMillis: number
  /** How many tasks had run before. */
  readonly step: number
  readonly text: string
}

/** Where events of a run go. */
export interface TraceService {
  /** Adds an event to the trace, and so to its hash. Synchronous. */
  readonly record: (text: string) => void
}

/** The trace of the simulation around an effect. Outside one, events go nowhere. */
export class Trace extends Context.Reference<Trace>()("optimystic/simulator/Trace", {
  defaultValue: (): TraceService => ({ record: () => {} })
}) {}

/**
 * Adds an event to the trace. The text must depend on the seed only: no real time, no fiber ids.
 */
export const record = (text: string): Effect.Effect<void> => Effect.map(Trace, (trace) => trace.record(text))
