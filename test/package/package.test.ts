/** A fresh project installs the package as a tarball, and uses it with its types and as it runs. */
import { readFileSync } from "node:fs"
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { importsOf } from "../tidy/Import.ts"
import { resolve } from "../tidy/Reach.ts"
import { parse } from "../tidy/SourceText.ts"
import { ensureBuilt, ROOT, run, TSC } from "./Distribution.ts"

/** A first installation may have to fetch some 250 packages. */
const INSTALL_TIMEOUT_MILLIS = 300_000

const PEERS = ["effect", "@effect/platform", "@effect/platform-node", "@types/node"]

interface PackageJson {
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly import: string }>>
  readonly bin: Readonly<Record<string, string>>
}

const readPackage = (directory: string) =>
  JSON.parse(readFileSync(Path.join(directory, "package.json"), "utf8")) as PackageJson

const versionOf = (name: string): string => readPackage(Path.join(ROOT, "node_modules", name)).version

/** Folders that other tests make in `dist` while this one runs. */
const PASSING = /dist\/readme-/

/** What could be packed, and what must not be, at rest: other tests are at work in the checkout. */
const copyPackage = async (target: string): Promise<void> => {
  for (const name of ["package.json", "README.md", "LICENSE", "docs", "dist", "src", "test"]) {
    const copying = { filter: (path: string) => !PASSING.test(path), recursive: true }
    await FileSystem.cp(Path.join(ROOT, name), Path.join(target, name), copying)
  }
}

let project = ""
let installed = ""
/** The files of the tarball. */
let files: ReadonlyArray<string> = []

beforeAll(async () => {
  await ensureBuilt()
  project = await FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-package-"))
  installed = Path.join(project, "node_modules", "effect-optimystic")
  const source = Path.join(project, "source")
  await copyPackage(source)
  // What is built is packed as it is: the script before packing would build it again.
  const packing = ["pack", "--ignore-scripts", "--json", "--pack-destination", project]
  const [packed] = JSON.parse((await run("npm", packing, { cwd: source, maxBuffer: 2 ** 24 })).stdout) as [
    { readonly filename: string; readonly files: ReadonlyArray<{ readonly path: string }> }
  ]
  files = packed.files.map(({ path }) => path)
  await FileSystem.writeFile(Path.join(project, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const wanted = [`./${packed.filename}`, ...PEERS.map((name) => `${name}@${versionOf(name)}`)]
  const quietly = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"]
  await run("npm", ["install", ...wanted, ...quietly], { cwd: project })
}, INSTALL_TIMEOUT_MILLIS)

afterAll(() => FileSystem.rm(project, { force: true, recursive: true }))

describe("The package", () => {
  it("holds what its exports and its commands name", () => {
    const { bin, exports } = readPackage(installed)
    const named = [...Object.values(exports), ...Object.values(bin)]
      .flatMap((target) => (typeof target === "string" ? [target] : [target.types, target.import]))
      .map((target) => target.replace(/^\.\//, ""))
    expect(named.length).toBeGreaterThan(12)
    expect(named.filter((target) => !files.includes(target))).toEqual([])
  })

  it("holds built code, documentation, and nothing else", () => {
    const expected =
      /^(?:package\.json|LICENSE|README\.md|docs\/.*\.md|dist\/bin\/LICENSES\.txt|dist\/.*\.(?:js|d\.ts))$/
    expect(files.filter((path) => !expected.test(path))).toEqual([])
    expect(files.filter((path) => /^dist\/(?:bench|cli|examples)\/|\.test\./.test(path))).toEqual([])
  })

  it("holds no test code but the conformance suites and what they load, and those load no test runner", () => {
    const reached = new Set<string>()
    const outside = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      for (const { specifier } of importsOf(parse(readFileSync(Path.join(installed, path), "utf8")))) {
        if (specifier.startsWith(".")) visit(resolve(path, specifier))
        else outside.add(specifier)
      }
    }
    visit("dist/test/conformance/index.js")
    expect(files.filter((path) => /^dist\/test\/.*\.js$/.test(path) && !reached.has(path))).toEqual([])
    expect([...outside].filter((specifier) => !/^(?:effect\/|@exodus\/|@noble\/)/.test(specifier))).toEqual([])
  })

  it("is understood by a strict compiler, library declarations included, and runs in plain node", async () => {
    await FileSystem.copyFile(Path.join(ROOT, "test", "package", "program.ts"), Path.join(project, "program.ts"))
    const compilerOptions = {
      exactOptionalPropertyTypes: true,
      lib: ["ES2023", "DOM"],
      module: "NodeNext",
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      strict: true,
      target: "ES2022",
      types: ["node"]
    }
    await FileSystem.writeFile(
      Path.join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["program.ts"] })
    )
    const compiled = await run(process.execPath, [TSC, "-p", "."], { cwd: project }).catch((error) => error)
    expect(compiled.stdout).toBe("")
    const { stderr, stdout } = await run(process.execPath, ["program.js"], { cwd: project })
    expect(stderr).toBe("")
    expect(JSON.parse(stdout)).toEqual({
      bank: {
        accounts: [
          [true, "ada", 70],
          [true, "ben", 80]
        ],
        failed: true,
        index: 2,
        ledger: 1,
        poorest: "ada"
      },
      doors: {
        digestBytes: 32,
        heldToRules: true,
        isName: false,
        overSockets: "PeerUnreachable",
        simulatedMillis: 3_600_000
      }
    })
  })

  it("brings the optimystic command", async () => {
    const command = Path.join(project, "node_modules", ".bin", "optimystic")
    const { stdout } = await run(command, ["--help"])
    expect(stdout).toMatch(/tree put .*\[--data DIR\]/)
  })
})
