import { describe, expect, it } from "@effect/vitest"
import { importsOf } from "./Import.ts"
import { readRepository } from "./Repository.ts"
import { parse } from "./SourceText.ts"

const count = (text: string, characters: string): number => [...text].filter((c) => characters.includes(c)).length

describe("SourceText", () => {
  it("what stands in comments and quotes is no code", () => {
    const { code, comments } = parse('a(\'x // y\') // z "q"\nb /* w */ ("/* v")')
    expect(code).toBe("a('      ')         \nb         (\"    \")")
    expect(comments).toBe('            // z "q"\n  /* w */         ')
  })

  it("a template is no code, but for what it evaluates", () => {
    const $ = "$"
    expect(parse(`a(\`t ${$}{b({ c: \`d ${$}{e}\` })} f\`)`).code).toBe(`a(\`  ${$}{b({ c: \`  ${$}{e}\` })}  \`)`)
  })

  it("a regular expression is no code, whatever it quotes", () => {
    expect(parse("a(/[\"/]'/g, b)").code).toBe("a(/       , b)")
  })

  it("a slash after a value divides", () => {
    expect(parse("const a = b / c // d\nconst e = f(g) / 2").code).toBe("const a = b / c     \nconst e = f(g) / 2")
  })

  it("every file of the repository is understood to its end: what opens in it closes", () => {
    for (const { code, path } of readRepository().sources.values()) {
      for (const [open, close] of ["()", "[]", "{}"] as const) {
        expect([path, open, count(code, open!)]).toEqual([path, open, count(code, close!)])
      }
    }
  })

  it("imports are found in all their forms, and only where they are code", () => {
    const source = parse(
      [
        'import "a"',
        'import type { B } from "b"',
        "import {",
        "  type C,",
        "  type D",
        "} from 'c'",
        'import { type E, f } from "e"',
        'export * as G from "g"',
        'const h = await import("h")',
        'const text = "from \\"no\\""; // import "no"',
        'const range = { from: "no" }'
      ].join("\n")
    )
    expect(
      importsOf(source).map(({ isDynamic, isType, line, specifier }) => [specifier, line, isType, isDynamic])
    ).toEqual([
      ["a", 1, false, false],
      ["b", 2, true, false],
      ["c", 6, true, false],
      ["e", 7, false, false],
      ["g", 8, false, false],
      ["h", 9, false, true]
    ])
  })
})
