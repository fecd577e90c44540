import * as Path from "node:path"
import type { SourceFile } from "./Repository.ts"

/** The path that a relative specifier leads to, from the root of the repository. */
export const resolve = (from: string, specifier: string): string =>
  Path.posix.normalize(Path.posix.join(Path.posix.dirname(from), specifier))

/** The files that are loaded with these: by imports and re-exports of values, not by dynamic ones. */
export const reachedFrom = (
  sources: ReadonlyMap<string, SourceFile>,
  roots: ReadonlyArray<string>
): ReadonlyArray<SourceFile> => {
  const reached = new Map<string, SourceFile>()
  const waiting = [...roots]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = sources.get(path)
    if (file === undefined || reached.has(path)) continue
    reached.set(path, file)
    for (const { isDynamic, isType, specifier } of file.imports) {
      if (!isDynamic && !isType && specifier.startsWith(".")) waiting.push(resolve(path, specifier))
    }
  }
  return [...reached.values()]
}
