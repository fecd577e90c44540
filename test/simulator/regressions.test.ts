import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import * as ClusterSimulation from "../../simulator/cluster/ClusterSimulation.ts"
import { mutations } from "../../simulator/cluster/mutations.ts"
import { ensureBuilt, ROOT, run } from "../package/Distribution.ts"
import { hasher } from "../storage/TestServices.ts"

/** A seed that once failed, and the mistake that made it fail; without one, the code itself was wrong. */
interface Regression {
  readonly mutation?: string
  readonly seed: number
  readonly options: Partial<ClusterSimulation.Options>
}

const FOLDER = new URL("./regressions/", import.meta.url)

const regressions = readdirSync(FOLDER).map((file) => ({
  file,
  ...(JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Regression)
}))

/** Caught within a second or two. `npm run simulate -- --mutations` looks for all. */
const QUICK = ["applied without a decision", "two member sets for one id"]
/** A change of the code changes what a seed does: another one may catch the mistake now. */
const SEEDS = "8"
const TIMEOUT_MILLIS = 120_000

interface Row {
  readonly name: string
  readonly caughtBy: string
  readonly explanation: string
}

const simulateMutants = async (...args: ReadonlyArray<string>) => {
  await ensureBuilt()
  const command = ["dist/bench/simulate.js", "--mutations", "--json", "--workers", "1", ...args]
  const { stderr, stdout } = await run(process.execPath, command, { cwd: ROOT })
  const [row] = stdout.split("\n").map((line) => JSON.parse(line || "null") as Row)
  return { row, stderr }
}

describe("A seed that once failed", () => {
  it.each(regressions)("is well on the correct code: $file", { timeout: TIMEOUT_MILLIS }, ({ options, seed }) => {
    const { violations } = ClusterSimulation.run(hasher, seed, { ...ClusterSimulation.defaultOptions, ...options })
    expect(violations).toEqual([])
  })

  it.each(QUICK)("catches the mistake again: %s", { timeout: TIMEOUT_MILLIS }, async (mistake) => {
    const { seed } = regressions.find(({ mutation }) => mutation === mistake)!
    const { row } = await simulateMutants("--only", mistake, "--seed-start", String(seed), "--seeds", SEEDS)
    expect(row).toMatchObject({ caughtBy: "seed", name: mistake })
  })

  it("is of a mistake that there is", () => {
    const names = mutations.map(({ name }) => name)
    expect(regressions.filter(({ mutation }) => mutation !== undefined && !names.includes(mutation))).toEqual([])
  })
})

describe("A mistake in the nodes of a simulation", () => {
  it.each(mutations)("finds the place where it is made: $name", async ({ replacements = [] }) => {
    await ensureBuilt()
    for (const { file, find } of replacements) {
      expect(readFileSync(`${ROOT}dist/${file}`, "utf8").split(find)).toHaveLength(2)
    }
  })

  it("has a name of its own", () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length)
  })

  it("is looked for by seeds, two of three times at least; elsewhere it is said why not", () => {
    const bySeeds = mutations.filter(({ search }) => !("unreachable" in search))
    expect(bySeeds.length * 3).toBeGreaterThanOrEqual(mutations.length * 2)
  })

  it("prints what the guide shows", { timeout: TIMEOUT_MILLIS }, async () => {
    const guide = readFileSync(`${ROOT}docs/internals/simulation.md`, "utf8")
    const [, only = ""] = /--mutations --only "([^"]+)"/.exec(guide)!
    const [, shown = ""] = /```text\n([\s\S]*?)\n```/.exec(guide)!
    const [, seed = ""] = /--seed-start (\d+)/.exec(shown)!
    const { stderr } = await simulateMutants("--only", only, "--seed-start", seed, "--seeds", SEEDS)
    // Numbers, instants and names change with the code; the sentences do not.
    expect(sentencesOf(stderr)).toEqual(expect.arrayContaining(sentencesOf(shown).slice(0, 2)))
    for (const line of [
      "What happened last, in milliseconds of virtual time:",
      `replay: npm run simulate -- --mutations --only "${only}"`
    ]) {
      expect(shown).toContain(line)
      expect(stderr).toContain(line)
    }
  })
})

/** The lines without what is drawn from a seed. */
const sentencesOf = (text: string): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) => {
    const sentence = line
      .replaceAll(/(?:client|liar|node|final|touch|lists)-[\w.-]+(?:\/[\w-]+)?|\d[\d.]*/g, "…")
      .trim()
    return sentence === "" ? [] : [sentence]
  })
