import { describe, expect, it } from "@effect/vitest"
import { codeRules } from "./tidy/codeRules.ts"
import { importRules } from "./tidy/importRules.ts"
import { leakRules } from "./tidy/leakRules.ts"
import { readRepository } from "./tidy/Repository.ts"
import { shapeRules } from "./tidy/shapeRules.ts"

/** The files that there were when this was written; far fewer would mean that they were not found. */
const FEWEST_SOURCES = 100

const rules = [importRules, codeRules, shapeRules, leakRules].flatMap((group) => Object.values(group))

describe("The house is tidy", () => {
  const repository = readRepository()

  it("there is something to look at", () => {
    expect(repository.sources.size).toBeGreaterThan(FEWEST_SOURCES)
  })

  for (const { check, name } of rules) {
    it(name, () => {
      expect(check(repository)).toEqual([])
    })
  }
})
