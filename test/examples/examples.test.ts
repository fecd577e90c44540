import { type ExecFileException, execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { beforeAll, describe, expect, it } from "vitest"

const CITIES = 600
const BATCH = 50
/** Of a machine that runs other tests beside: the network of the cities takes a quarter of it. */
const TIMEOUT_MILLIS = 240_000

interface Run {
  readonly code: ExecFileException["code"]
  readonly output: string
  readonly errors: string
}

/** Runs a built example, as `npm start` does. */
const run = (example: string, ...args: ReadonlyArray<string>): Promise<Run> => {
  const program = fileURLToPath(new URL(`../../dist/examples/${example}.js`, import.meta.url))
  if (!existsSync(program)) throw new Error(`${program} is missing: npm run build makes it`)
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { timeout: TIMEOUT_MILLIS }, (error, output, errors) => {
      resolve({ code: error === null ? 0 : error.code, errors, output })
    })
  })
}

/** The numbers in the one line that has this text. */
const numbersAt = (output: string, text: string): ReadonlyArray<number> => {
  const lines = output.split("\n").filter((line) => line.includes(text))
  expect(lines, text).toHaveLength(1)
  return Array.from(lines[0]!.matchAll(/\d[\d,]*/g), ([digits]) => Number(digits.replaceAll(",", "")))
}

describe("the cities example", { timeout: TIMEOUT_MILLIS }, () => {
  let cities: Run
  beforeAll(async () => {
    cities = await run("cities/main", "--cities", `${CITIES}`, "--batch", `${BATCH}`)
  }, TIMEOUT_MILLIS)

  it("imports cities through one node while another is killed, finds all of them through a third, and says so", () => {
    const { code, errors, output } = cities
    expect(errors).toBe("")
    expect(code).toBe(0)
    const transactions = Math.ceil(CITIES / BATCH)
    const missed = Math.floor((2 * transactions) / 3) - Math.floor(transactions / 3)
    expect(numbersAt(output, "were committed without the third node")).toEqual([missed])
    expect(numbersAt(output, "cities, got by their ids, are those that were imported")[0]).toBeGreaterThan(CITIES / 3)
    expect(output).toContain(
      "✓ both trees, read from end to end, hold all cities in order, and the diary every batch once"
    )
    expect(numbersAt(output, "Transactions  ")[0]).toBe(transactions)
    expect(numbersAt(output, "Cities imported")[0]).toBe(CITIES)
    expect(numbersAt(output, "Entries scanned")[0]).toBe(2 * CITIES + transactions)
    expect(numbersAt(output, "Gap at the kill")[0]).toBeGreaterThan(0)
  })

  it("the node that was killed has by itself all that it missed, with its certificates", () => {
    const { output } = cities
    expect(output).toContain("✓ by itself the third node has all that it missed")
    expect(output).toContain("✓ hash chains, certificates and trees are sound in the third node's own store")
    // Of each collection its creation, and of the three each batch.
    const transactions = Math.ceil(CITIES / BATCH)
    expect(numbersAt(output, "Revisions verified")[0]).toBe(3 * (transactions + 1))
    expect(numbersAt(output, "Caught up")[0]).toBe(numbersAt(output, "were committed without the third node")[0])
  })

  it("shows the largest cities of a country, the largest first", () => {
    const [, japan = ""] = cities.output.split("The largest cities of Japan\n")
    const [first, second] = japan.split("\n")
    expect(first).toMatch(/^ {2}1 {2}Tokyo +8,336,599 {2}35\.69° N {2}139\.69° E$/)
    expect(second).toMatch(/^ {2}2 {2}Yokohama +3,574,443 /)
  })

  it("leaves no database behind", () => {
    const [, directory] = /Database +(\S+)/.exec(cities.output)!
    expect(existsSync(directory!)).toBe(false)
  })

  it("says what an option takes, and fails", async () => {
    const { code, errors, output } = await run("cities/main", "--cities", "0")
    expect(code).toBe(1)
    expect(output + errors).toContain("--cities takes a number from 1 to 1,000,000")
  })
})

describe("the bank example", { timeout: TIMEOUT_MILLIS }, () => {
  it("neither makes nor loses money, and its ledger has every transfer that went through", async () => {
    const { code, errors, output } = await run("bank")
    expect(errors).toBe("")
    expect(code).toBe(0)
    const [accounts, opening, transfers] = numbersAt(output, "at a time")
    const balances = Array.from(output.matchAll(/^ {2}[a-z]+ +(\d+)$/gm), ([, balance]) => Number(balance))
    expect(balances).toHaveLength(accounts!)
    expect(balances.reduce((total, balance) => total + balance, 0)).toBe(accounts! * opening!)
    const [done] = numbersAt(output, "✓ the ledger has the")
    const [declined] = numbersAt(output, "were declined")
    expect(done! + declined!).toBe(transfers)
    expect(declined).toBeGreaterThan(0)
    expect(output).toContain("✓ and leaves no trace")
  })
})

/** What an example prints that ends well. */
const linesOf = async (example: string): Promise<ReadonlyArray<string>> => {
  const { code, errors, output } = await run(example)
  expect(errors).toBe("")
  expect(code).toBe(0)
  return output.trimEnd().split("\n")
}

describe("the audit diary example", { timeout: TIMEOUT_MILLIS }, () => {
  it("has every change in its diary, none that was refused, and reads on from its bookmark", async () => {
    expect(await linesOf("auditDiary")).toEqual([
      "  changes since the last review: 15, by dora",
      "  Emil may not raise Ann's limit by 1000: LimitTooHigh",
      "  changes since the last review: 1, by emil",
      "  changes since the last review: 0, by nobody",
      "  the diary explains 3 of 3 limits, with 0 gaps",
      "  signatures, hashes and structure of all three: 0 problems"
    ])
  })
})

describe("the examples of collections of one's own", { timeout: TIMEOUT_MILLIS }, () => {
  it("counter: increments count that were made at once, and those that were made offline", async () => {
    expect(await linesOf("counter")).toEqual([
      "  10 visits offline: 10 are seen there",
      "  100 visits online, 10 at a time: 100 are seen by all",
      "  both together: 110 are seen by all"
    ])
  })

  it("work queue: each job is done once, whoever stumbles over it", async () => {
    expect(await linesOf("workQueue")).toEqual([
      "  4 workers stumbled 6 times, and did 40 of 40 jobs",
      "  jobs done more than once: 0",
      "  jobs left: 0"
    ])
  })

  it("shared list: edits are moved to the places that are meant", async () => {
    expect(await linesOf("sharedList")).toEqual([
      "  Ann: butter, milk, eggs",
      "  Bob: milk, tea",
      "  All: butter, milk, tea"
    ])
  })
})
