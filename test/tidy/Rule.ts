import type { Repository, SourceFile } from "./Repository.ts"
import { lineAt } from "./SourceText.ts"

/** A rule of the house: its name states it, `check` tells where it is broken. */
export interface Rule {
  readonly name: string
  readonly check: (repository: Repository) => ReadonlyArray<string>
}

/** A place where a rule is broken, in words. */
export const violation = (path: string, line: number, problem: string): string => `${path}:${line} ${problem}`

/** A rule about each source file by itself. */
export const perSource = (
  name: string,
  check: (file: SourceFile, repository: Repository) => ReadonlyArray<string>
): Rule => ({
  check: (repository) => [...repository.sources.values()].flatMap((file) => check(file, repository)),
  name
})

/** Every place in a view of a file that a pattern matches, and which must not be there. */
export const matches = (
  path: string,
  view: string,
  pattern: RegExp,
  problem: (match: RegExpMatchArray) => string
): ReadonlyArray<string> =>
  [...view.matchAll(pattern)].map((match) => violation(path, lineAt(view, match.index), problem(match)))

/** The folder that a path is in: its first part, or `""` for a file of the root. */
export const folderOf = (path: string): string => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "")

/** Whether a path is one of a folder, given without a slash at its end. */
export const isIn = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)

/** The folders whose code is in the package. */
export const PACKAGE_FOLDERS = ["schemas", "services", "src", "layers", "simulator", "cli", "test/conformance"] as const

/** Whether a file is part of the package. */
export const isPackaged = (path: string): boolean => PACKAGE_FOLDERS.some((folder) => isIn(path, folder))
