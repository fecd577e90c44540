/** Builds with a deliberate mistake: copies of this one with some texts replaced, in a temporary folder. */
import * as FileSystem from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { Explore } from "effect-optimystic/simulator"

/** The folder of the package that this build is part of. */
export const PACKAGE_FOLDER = Path.resolve(fileURLToPath(import.meta.url), "../../..")

/** Of a build, what takes part in the search. */
const FOLDERS = ["bench", "layers", "schemas", "services", "simulator", "src"]

/** Copies the package, makes a mistake in the copy, lends its folder, and removes it. */
export const withMutant = async <A>(
  replacements: Explore.Mutation["replacements"],
  use: (mutantFolder: string) => A | Promise<A>
): Promise<A> => {
  const mutant = FileSystem.mkdtempSync(Path.join(Os.tmpdir(), "optimystic-mutant-"))
  try {
    // Programs import the package by its name: the copy is a package, too.
    FileSystem.copyFileSync(Path.join(PACKAGE_FOLDER, "package.json"), Path.join(mutant, "package.json"))
    FileSystem.symlinkSync(Path.join(PACKAGE_FOLDER, "node_modules"), Path.join(mutant, "node_modules"), "dir")
    for (const folder of FOLDERS) {
      FileSystem.cpSync(Path.join(PACKAGE_FOLDER, "dist", folder), Path.join(mutant, "dist", folder), {
        recursive: true
      })
    }
    for (const replacement of replacements) {
      const path = Path.join(mutant, "dist", replacement.file)
      FileSystem.writeFileSync(path, Explore.mutated(FileSystem.readFileSync(path, "utf8"), replacement))
    }
    return await use(mutant)
  } finally {
    FileSystem.rmSync(mutant, { force: true, recursive: true })
  }
}
