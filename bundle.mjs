/**
 * Puts programs with all that they load into a few files: `node bundle.mjs dist` reads `dist/cli`, writes `dist/bin`, and puts the programs
 * of node processes in their own place. To start from 900 modules takes three times as long. The library is not bundled: programs share their
 * Effect with it.
 */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { build } from "esbuild"

const dist = process.argv[2] ?? "dist"
const bin = Path.join(dist, "bin")

/** Code that is not JavaScript stays where it is installed. */
const NATIVE = ["classic-level", "sodium-native"]
/** What packages that are not ES modules expect to find. */
const REQUIRE =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);'

const OPTIONS = {
  banner: { js: REQUIRE },
  bundle: true,
  external: NATIVE,
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  platform: "node",
  splitting: true,
  target: "node20.19"
}

/** Programs with nodes, which benchmarks and examples start many processes of. */
const NODE_PROGRAMS = ["bench/network/nodes", "bench/network/workNode", "examples/cities/node"]

await build({
  ...OPTIONS,
  allowOverwrite: true,
  chunkNames: "bench/processes/chunks/[name]-[hash]",
  entryPoints: NODE_PROGRAMS.map((program) => Path.join(dist, `${program}.js`)),
  outbase: dist,
  outdir: dist
})

const { metafile } = await build({
  ...OPTIONS,
  entryPoints: { optimystic: Path.join(dist, "cli", "main.js") },
  metafile: true,
  outdir: bin
})

/** The directories of the packages that became part of the bundle. */
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [])
)

const licenceOf = async (directory) => {
  const { license, name, version } = JSON.parse(await FileSystem.readFile(Path.join(directory, "package.json"), "utf8"))
  const file = (await FileSystem.readdir(directory)).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? "" : await FileSystem.readFile(Path.join(directory, file), "utf8")
  return `${name} ${version}, ${license}\n\n${text.trim()}\n`
}

const licences = await Promise.all([...packages].sort().map(licenceOf))
await FileSystem.writeFile(Path.join(bin, "LICENSES.txt"), licences.join(`\n${"-".repeat(80)}\n\n`))
