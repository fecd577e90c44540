import { describe, expect, it } from "@effect/vitest"
import { mutated } from "../../../simulator/explore/Mutation.ts"
import { mutations } from "../../../simulator/explore/mutations.ts"
import { ensureBuilt, ROOT, run } from "../../package/Distribution.ts"

/** Those that are found within a second or two. `npm run explore -- --mutations` looks for all. */
const QUICK = [
  "quorum one smaller",
  "fast quorum one smaller",
  "vote not durable",
  "lock dropped on the coordinator's word",
  "end of what only reads forgotten",
  "approvals not bound to their shard",
  "own-shard certificate not checked at apply",
  "read locks one way only"
]

interface Row {
  readonly name: string
  readonly outcome: string
  readonly violation?: { readonly invariant: string; readonly trace: ReadonlyArray<string> }
}

const exploreCommand = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<Row>> => {
  await ensureBuilt()
  const { stdout } = await run(process.execPath, ["dist/bench/explore.js", "--json", ...args], { cwd: ROOT })
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row)
}

describe("A build with a deliberate mistake", () => {
  it.each(QUICK)("is caught by all states of a small world: %s", async (mistake) => {
    const [row, ...others] = await exploreCommand("--mutations", "--only", mistake)
    expect(row?.name).toBe(mistake)
    expect(row?.outcome).toBe("violation")
    expect(row?.violation?.trace.length).toBeGreaterThan(0)
    expect(others).toEqual([])
  })

  it("has it where it is meant to be, and nowhere else", () => {
    const replacement = { file: "a.js", find: "quorum", replace: "quorum - 1" }
    expect(mutated("const a = quorum;", replacement)).toBe("const a = quorum - 1;")
    expect(() => mutated("const a = 1;", replacement)).toThrow("nothing in a.js")
    expect(() => mutated("quorum(quorum)", replacement)).toThrow("more than one place in a.js")
  })

  it("has a name of its own", () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length)
  })
})

describe("The command that explores", () => {
  it("ends well where nothing is wrong", async () => {
    const rows = await exploreCommand("--only", "authors-own")
    expect(rows.map(({ name, outcome }) => [name, outcome])).toEqual([["authors-own", "complete"]])
  })

  it("ends 2 where it is asked for what there is not", async () => {
    await expect(exploreCommand("--only", "nowhere")).rejects.toMatchObject({ code: 2 })
  })
})
