/** Builds with a deliberate mistake: copies of this one with one text replaced, in a temporary folder. */
import * as FileSystem from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { Explore } from "effect-optimystic/simulator"

/** Of a build, what takes part in the search. */
const FOLDERS = ["bench", "layers", "schemas", "services", "simulator", "src"]

/** Copies the package in a folder, makes a mistake in the copy, lends its folder, and removes it. */
export const withMutant = <A>(
  packageFolder: string,
  { replacements }: Explore.Mutation,
  use: (mutantFolder: string) => A
): A => {
  const mutant = FileSystem.mkdtempSync(Path.join(Os.tmpdir(), "optimystic-mutant-"))
  try {
    // Programs import the package by its name: the copy is a package, too.
    FileSystem.copyFileSync(Path.join(packageFolder, "package.json"), Path.join(mutant, "package.json"))
    FileSystem.symlinkSync(Path.join(packageFolder, "node_modules"), Path.join(mutant, "node_modules"), "dir")
    for (const folder of FOLDERS) {
      FileSystem.cpSync(Path.join(packageFolder, "dist", folder), Path.join(mutant, "dist", folder), {
        recursive: true
      })
    }
    for (const replacement of replacements) {
      const path = Path.join(mutant, "dist", replacement.file)
      FileSystem.writeFileSync(path, Explore.mutated(FileSystem.readFileSync(path, "utf8"), replacement))
    }
    return use(mutant)
  } finally {
    FileSystem.rmSync(mutant, { force: true, recursive: true })
  }
}
