/**
 * One row of `explore.ts`, in a process of its own, so that its memory is its own, and its machine that of the build it is part of:
 * `exploreRow.js --configuration one-byzantine-2` or `exploreRow.js --mutation "vote not durable"`. A line of JSON.
 */
import { parseArgs } from "node:util"
import { Explore } from "effect-optimystic/simulator"

const { values } = parseArgs({ options: { configuration: { type: "string" }, mutation: { type: "string" } } })

const configuration =
  values.mutation === undefined
    ? Explore.configurations.find(({ name }) => name === values.configuration)
    : Explore.mutations.find(({ name }) => name === values.mutation)?.configuration
if (configuration === undefined) throw new Error(`there is no ${values.mutation ?? values.configuration}`)

const PROGRESS_EVERY_MILLIS = 10_000
const started = performance.now()
let told = started

const exploration = Explore.explore(configuration, {
  progress: (depth, states) => {
    const now = performance.now()
    if (now - told < PROGRESS_EVERY_MILLIS) return
    told = now
    console.error(`  ${configuration.name}: ${states} states, depth ${depth}, ${Math.round((now - started) / 1000)} s`)
  }
})

const KIBIBYTES_PER_MEBIBYTE = 1024
const { about, housekeeping } = configuration
const events = ["pend", "join", "propose", "accept", ...housekeeping, "restart"]
console.log(
  JSON.stringify({
    ...exploration,
    about,
    events,
    peakMebibytes: Math.round(process.resourceUsage().maxRSS / KIBIBYTES_PER_MEBIBYTE),
    seconds: Number(((performance.now() - started) / 1000).toFixed(1))
  })
)
