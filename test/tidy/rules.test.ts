/** Each rule is shown to fail where it should, and to hold its peace where it should. */
import { describe, expect, it } from "@effect/vitest"
import { codeRules } from "./codeRules.ts"
import { importRules } from "./importRules.ts"
import { leakRules } from "./leakRules.ts"
import { repositoryOf } from "./Repository.ts"
import type { Rule } from "./Rule.ts"
import { shapeRules } from "./shapeRules.ts"

/** Files by path. */
type Files = Readonly<Record<string, string>>

interface Sample {
  readonly rule: Rule
  readonly bad: ReadonlyArray<Files>
  readonly good: ReadonlyArray<Files>
}

const file = (path: string, ...lines: ReadonlyArray<string>): Files => ({ [path]: lines.join("\n") })
const empty = (...paths: ReadonlyArray<string>): Files => Object.fromEntries(paths.map((path) => [path, ""]))
/** What a rule looks for in plain text must not stand here in one piece. */
const apart = (...parts: ReadonlyArray<string>): string => parts.join("")

const importSamples: Readonly<Record<keyof typeof importRules, Omit<Sample, "rule">>> = {
  conformance: {
    bad: [
      file("test/conformance/a.ts", 'import { it } from "vitest"'),
      {
        ...file("test/conformance/a.ts", 'import { b } from "../reference/b.ts"'),
        ...file("test/reference/b.ts", 'import { it } from "@effect/vitest"')
      }
    ],
    good: [
      file("test/conformance/a.ts", 'import type { TestAPI } from "vitest"', 'import * as Effect from "effect/Effect"')
    ]
  },
  indexes: {
    bad: [file("index.ts", 'export * from "./src/a.ts"', "export const version = 1"), file("src/index.ts", "run()")],
    good: [
      file(
        "index.ts",
        "/** What a user imports. */",
        'export * as Node from "./layers/Node.ts"',
        'export { type A, B } from "./src/b.ts"',
        'export type { C } from "./src/c.ts"'
      )
    ]
  },
  layering: {
    bad: [
      file("schemas/a.ts", 'import { b } from "../services/b.ts"'),
      file("services/a.ts", 'import type { b } from "../src/b.ts"'),
      file("src/a.ts", 'export * from "../layers/b.ts"'),
      file("src/a.ts", 'import "node:fs"'),
      file("src/a.ts", "import {", "  type FileSystem", '} from "@effect/platform/FileSystem"'),
      file("src/a.ts", 'const level = await import("classic-level")'),
      file("layers/a.ts", 'import { main } from "../cli/main.ts"'),
      file("simulator/a.ts", 'import { createLibp2p } from "libp2p"'),
      file("bench/a.ts", 'import * as Tree from "../src/collection/Tree.ts"'),
      file("examples/a.ts", 'import { ClassicLevel } from "classic-level"'),
      file("elsewhere/a.ts", "")
    ],
    good: [
      file("src/a/b.ts", 'import { c } from "../../schemas/c.ts"', 'import * as Effect from "effect/Effect"'),
      file("layers/a.ts", 'import "node:fs"', 'import { b } from "../src/b.ts"'),
      file("src/a.ts", "// import 'node:fs'", 'const text = `import "node:fs"`'),
      file("bench/a.ts", 'import { Tree } from "effect-optimystic"', 'import { Effect } from "effect"')
    ]
  },
  plainDynamic: {
    bad: [file("layers/a.ts", "const load = (name: string) => import(name)"), file("src/a.ts", "import(`./b.ts`)")],
    good: [file("layers/a.ts", 'const load = () => import("./b.ts")')]
  },
  ownDoor: {
    bad: [
      file("layers/a.ts", 'import type { Libp2p } from "@libp2p/interface"'),
      file("cli/a.ts", 'const { createLibp2p } = await import("libp2p")'),
      {
        ...file("layers/index.ts", 'export * as A from "./a.ts"'),
        ...file("layers/a.ts", 'import { b } from "./network/libp2p/b.ts"'),
        ...empty("layers/network/libp2p/b.ts")
      }
    ],
    good: [
      file("layers/network/libp2p/a.ts", 'import { createLibp2p } from "libp2p"'),
      file("test/network/a.test.ts", 'import { createLibp2p } from "libp2p"'),
      {
        ...file("layers/a.ts", 'import type { b } from "./network/libp2p/b.ts"'),
        ...empty("layers/network/libp2p/b.ts")
      }
    ]
  },
  quickStart: {
    bad: [
      file("cli/main.ts", 'import { ClassicLevel } from "classic-level"'),
      {
        ...file("cli/main.ts", 'import { tree } from "./tree.ts"'),
        ...file("cli/tree.ts", 'import * as Tree from "../src/collection/Tree.ts"'),
        ...empty("src/collection/Tree.ts")
      }
    ],
    good: [
      {
        ...file(
          "cli/main.ts",
          'import type { A } from "../src/a.ts"',
          'const load = () => import("../layers/Node.ts")'
        ),
        ...empty("src/a.ts", "layers/Node.ts")
      }
    ]
  },
  relative: {
    bad: [
      { ...file("src/a.ts", 'import { b } from "./b"'), ...empty("src/b.ts") },
      { ...file("src/a.ts", 'import { b } from "./b.js"'), ...empty("src/b.ts") },
      { ...file("src/a.ts", 'import { b } from "../B.ts"'), ...empty("b.ts") }
    ],
    good: [{ ...file("src/a.ts", 'import { b } from "../b/c.ts"'), ...empty("b/c.ts") }]
  },
  simulator: {
    bad: [
      file("simulator/a.ts", 'import "node:timers"'),
      {
        ...file("simulator/a.ts", 'import * as Node from "../layers/Node.ts"'),
        ...file("layers/Node.ts", 'export * from "./storage/b.ts"'),
        ...file("layers/storage/b.ts", 'import { open } from "node:fs/promises"')
      }
    ],
    good: [
      {
        ...file("simulator/a.ts", 'import type { Node } from "../layers/Node.ts"'),
        ...file("layers/Node.ts", 'import "node:net"')
      }
    ]
  },
  subpaths: {
    bad: [
      file("src/a.ts", 'import { Effect } from "effect"'),
      file("layers/a.ts", 'import { FileSystem } from "@effect/platform"'),
      file("test/conformance/a.ts", 'import { Effect } from "effect"')
    ],
    good: [
      file("src/a.ts", 'import * as Effect from "effect/Effect"'),
      file("test/a.test.ts", 'import { Effect } from "effect"')
    ]
  }
}

const codeSamples: Readonly<Record<keyof typeof codeRules, Omit<Sample, "rule">>> = {
  clocks: {
    bad: [
      file("src/a.ts", "const now = Date.now()"),
      file("src/a.ts", "const now = new Date()"),
      file("services/a.ts", "const r = Math.random()"),
      file("simulator/a.ts", "setTimeout(run, 5)"),
      file("schemas/a.ts", `const late = \`\${setInterval(run, 5)}\``)
    ],
    good: [
      file("layers/a.ts", "const now = Date.now()"),
      file("src/a.ts", "const then = new Date(millis)", "// Date.now() is not for here", 'const name = "Math.random"')
    ]
  },
  escapes: {
    bad: [
      file("src/a.ts", "const x = y as any"),
      file("src/a.ts", "const f = (x: any) => x"),
      file("src/a.ts", "// @ts-ignore: it is known to be right"),
      file("src/a.ts", "// @ts-expect-error", "f(1)"),
      file("src/a.ts", "// biome-ignore lint/style/useConst:", "let x = 1")
    ],
    good: [
      file("src/a.ts", "// biome-ignore lint/style/useConst: assigned by the loop below", "let x = 1"),
      file("src/a.ts", "// @ts-expect-error a key of another type is refused", "f(1)"),
      file("src/a.ts", 'const text = "as any"', "const many = all as Company")
    ]
  },
  selection: {
    bad: [
      file("test/a.test.ts", 'it.only("…", () => {})'),
      file("test/a.test.ts", 'it.effect.skip("…", () => Effect.void)'),
      file("test/a.test.ts", 'describe.todo("…")')
    ],
    good: [file("test/a.test.ts", 'it("…", () => expect(block.checkpoint.skip).toEqual([]))')]
  },
  unfinished: {
    bad: [file("src/a.ts", apart("// TO", "DO: the rest")), file("src/a.ts", apart("/* FIX", "ME */"))],
    good: [file("src/a.ts", "// What is to do is done.")]
  }
}

const shapeSamples: Readonly<Record<keyof typeof shapeRules, Omit<Sample, "rule">>> = {
  docstrings: {
    bad: [
      file("src/a.ts", "export const a = 1"),
      file("src/a.ts", "/** A. */", "", "export class A {}"),
      file("src/a.ts", "/** A. */", "export const a = 1", "export interface B {}"),
      file("src/a.ts", "// A.", "export function a() {}")
    ],
    good: [
      file("src/a.ts", "/** A. */", "export const a = 1", "export type A = typeof a"),
      file("src/a.ts", "/**", " * A.", " */", "export async function a() {}"),
      file("test/a.ts", "export const a = 1")
    ]
  },
  length: {
    bad: [file("src/a.ts", ...Array.from({ length: 401 }, (_, i) => `// ${i}`))],
    good: [file("src/a.ts", ...Array.from({ length: 400 }, (_, i) => `// ${i}`), "")]
  },
  tags: {
    bad: [
      file("services/A.ts", 'export class A extends Context.Tag("A")<A, AService>() {}'),
      file("services/A.ts", 'export class A extends Context.Tag("optimystic/B")<A, AService>() {}'),
      file("services/A.ts", 'export const A = Context.GenericTag<AService>("optimystic/A")'),
      file("services/A.ts", 'export const A = Context.Tag("optimystic/A")<A, AService>()')
    ],
    good: [file("services/A.ts", 'export class A extends Context.Tag("optimystic/A")<A, AService>() {}')]
  }
}

const leakSamples: Readonly<Record<keyof typeof leakRules, Omit<Sample, "rule">>> = {
  machinePaths: {
    bad: [
      file("docs/a.md", apart("see /ho", "me/somebody/notes.md")),
      file("src/a.ts", apart('const data = "/wo', 'rk/data"')),
      file("a.json", apart('{ "at": "file:///Us', 'ers/somebody" }'))
    ],
    good: [file("docs/a.md", "The path of a block: src/work/block.ts, https://example.org/home/page")]
  },
  registries: {
    bad: [
      file("docs/a.md", apart("from https://regis", "try.example.org/pkg")),
      file("package-lock.json", '{ "resolved": "https://packages.example.org/a.tgz" }'),
      file("package-lock.json", '{ "resolved": "git+ssh://example.org/a.git" }')
    ],
    good: [file("package-lock.json", '{ "resolved": "", "integrity": "sha512-…" }')]
  }
}

const samples: ReadonlyArray<Sample> = [
  ...Object.entries(importSamples).map(([name, sample]) => ({ ...sample, rule: importRules[name as "layering"] })),
  ...Object.entries(codeSamples).map(([name, sample]) => ({ ...sample, rule: codeRules[name as "clocks"] })),
  ...Object.entries(shapeSamples).map(([name, sample]) => ({ ...sample, rule: shapeRules[name as "length"] })),
  ...Object.entries(leakSamples).map(([name, sample]) => ({ ...sample, rule: leakRules[name as "registries"] }))
]

/** As much of a sample as the name of its test shows. */
const SHOWN_CHARACTERS = 120

const check = (rule: Rule, files: Files) =>
  rule.check(repositoryOf(Object.entries(files).map(([path, text]) => ({ path, text }))))

for (const { bad, good, rule } of samples) {
  describe(rule.name, () => {
    for (const files of bad) {
      it(`is broken by ${JSON.stringify(files).slice(0, SHOWN_CHARACTERS)}`, () => {
        expect(check(rule, files)).not.toEqual([])
      })
    }

    it("is kept by what is right", () => {
      expect(good.flatMap((files) => check(rule, files))).toEqual([])
    })
  })
}
