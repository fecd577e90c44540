import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const run = promisify(execFile)
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What a snippet prints, as its comments say: `// → first line, second line`. */
const printedBy = (code: string): string => Array.from(code.matchAll(/\/\/ → (.*)$/gm), ([, text]) => text).join(", ")

describe("README", () => {
  let folder: string
  beforeAll(async () => {
    // Inside the package, so that its own name resolves to what was built.
    await mkdir(join(root, "dist"), { recursive: true })
    folder = await mkdtemp(join(root, "dist", "readme-"))
  })
  afterAll(() => rm(folder, { force: true, recursive: true }))

  it("every snippet compiles strictly, runs, and prints what it says", { timeout: 60_000 }, async () => {
    const text = await readFile(join(root, "README.md"), "utf8")
    const snippets = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code!)
    expect(snippets.length).toBeGreaterThan(0)
    expect(snippets.filter((code) => printedBy(code) === "")).toEqual([])
    for (const [i, code] of snippets.entries()) await writeFile(join(folder, `snippet${i}.mts`), code)
    const compiler = {
      lib: ["ES2023"],
      module: "NodeNext",
      skipLibCheck: true,
      strict: true,
      target: "ES2022",
      types: ["node"]
    }
    const config = { compilerOptions: compiler, include: ["*.mts"] }
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], { cwd: root })
    for (const i of snippets.keys()) {
      const { stdout } = await run(process.execPath, [join(folder, `snippet${i}.mjs`)], { cwd: folder })
      expect(stdout.trimEnd().split("\n").join(", "), snippets[i]).toBe(printedBy(snippets[i]!))
    }
  })
})
