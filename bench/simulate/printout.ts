import type { ClusterSimulation } from "effect-optimystic/simulator"

/** Of what a seed got wrong, so much is explained; the rest is more of the same. */
const MAX_EXPLAINED = 5
const EVENTS_SHOWN = 30

/** What a seed got wrong, what happened last in it, and how to see that again. */
export const printout = ({ events, seed, violations }: ClusterSimulation.Report, replay: string): string =>
  [
    `seed ${seed}: ${violations.length} violation(s)`,
    ...violations.slice(0, MAX_EXPLAINED).map((violation) => `\n${violation}`),
    "\nWhat happened last, in milliseconds of virtual time:",
    ...events.slice(-EVENTS_SHOWN).map(({ nowMillis, text }) => `  ${nowMillis.toFixed(1)} ${text}`),
    `\nreplay: ${replay}`
  ].join("\n")
