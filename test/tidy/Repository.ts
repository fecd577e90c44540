import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type Import, importsOf } from "./Import.ts"
import { parse, type SourceText } from "./SourceText.ts"

/** A file of the repository, by its path from the root. */
export interface TextFile {
  readonly path: string
  readonly text: string
}

/** A TypeScript file, with what it imports. */
export interface SourceFile extends TextFile, SourceText {
  readonly imports: ReadonlyArray<Import>
}

/** All that the rules look at. */
export interface Repository {
  readonly texts: ReadonlyArray<TextFile>
  readonly sources: ReadonlyMap<string, SourceFile>
}

/** The checkout that this file is part of. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url))

const IS_TEXT = /(?:\.(?:ts|js|mjs|json|md|txt|yml|yaml|sh)|^\.ci\/run|^LICENSE|^\.[a-z]+)$/

/** A source file of this path and text. */
export const sourceFile = (path: string, text: string): SourceFile => {
  const source = parse(text)
  return { ...source, imports: importsOf(source), path }
}

/** A repository of these files. */
export const repositoryOf = (texts: ReadonlyArray<TextFile>): Repository => ({
  sources: new Map(
    texts.filter(({ path }) => path.endsWith(".ts")).map(({ path, text }) => [path, sourceFile(path, text)])
  ),
  texts
})

/** The files that git tracks, or would: not what it ignores. */
export const readRepository = (): Repository => {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8"
  })
  const paths = [...new Set(listed.split("\0"))].filter((path) => IS_TEXT.test(path) && existsSync(ROOT + path))
  return repositoryOf(paths.sort().map((path) => ({ path, text: readFileSync(ROOT + path, "utf8") })))
}
