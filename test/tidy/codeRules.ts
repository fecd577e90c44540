/** What may not stand in code. */
import { isIn, matches, perSource, type Rule, violation } from "./Rule.ts"
import { lineAt } from "./SourceText.ts"

/** Folders that live in the real world, and may ask it for the time. */
const REAL_WORLD = ["layers", "cli", "bench", "examples", "test"]

const AMBIENT =
  /\b(?:Date\.now|Math\.random|performance\.now|set(?:Timeout|Interval|Immediate)|randomUUID|getRandomValues|process\.hrtime)\b|\bnew Date(?:\(\s*\)|\b(?!\())|(?<!new )\bDate\(/g

const clocks = perSource("time and chance come through a port", (file) =>
  REAL_WORLD.some((folder) => isIn(file.path, folder))
    ? []
    : matches(file.path, file.code, AMBIENT, ([found]) => `uses ${found}`)
)

const ANY = /\bas any\b|<any>|: any\b/g
const SILENCED = /@ts-(?:ignore|nocheck)\b/g
const EXPECTED = /@ts-expect-error\b(?:\s*:)?\s*(?:\S[^\n]*)?/g
const LINT = /\bbiome-ignore(?:-all|-start)?\b[^\n]*/g

/** A reason is words; `biome-ignore` names its rule first. */
const hasReason = (comment: string): boolean => /[A-Za-z]{2,}\s+\S*[A-Za-z]{2,}/.test(comment.replace(/^[^:]*:/, ""))

const escapes = perSource("the type checker is never silenced, and the linter only with a reason", (file) => [
  ...matches(file.path, file.code, ANY, ([found]) => `has "${found}"`),
  ...matches(file.path, file.comments, SILENCED, ([found]) => `has ${found}`),
  ...[EXPECTED, LINT].flatMap((pattern) =>
    [...file.comments.matchAll(pattern)]
      .filter(([comment]) => !hasReason(comment.replace(/^@ts-expect-error/, "$&:").replace("::", ":")))
      .map((match) => violation(file.path, lineAt(file.comments, match.index), `gives no reason: ${match[0].trim()}`))
  )
])

const SELECTED = /\b(?:it|test|describe|suite|bench|layer)(?:\.\w+)*\.(?:only|skip|todo|fails|skipIf|runIf)\b/g

const selection = perSource("every test runs", (file) =>
  isIn(file.path, "test") ? matches(file.path, file.code, SELECTED, ([found]) => `has ${found}`) : []
)

const UNFINISHED = /\b(?:TO)(?:DO)\b|\b(?:FIX)(?:ME)\b|\bXXX\b/g

const unfinished = perSource("nothing is left to be done", (file) =>
  matches(file.path, file.comments, UNFINISHED, ([found]) => `has a ${found}`)
)

/** Rules about code. */
export const codeRules = { clocks, escapes, selection, unfinished } satisfies Record<string, Rule>
