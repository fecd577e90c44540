import { lineAt, type SourceText } from "./SourceText.ts"

/** One import, re-export or dynamic import. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** Of types only: nothing is loaded. */
  readonly isType: boolean
  /** Loaded when the program gets there, not at its start. */
  readonly isDynamic: boolean
}

const STATIC = /(?:^|[\n;])\s*(?:import|export)\b([^"';()=]*?)(["'])/g
const DYNAMIC = /\bimport\s*\(\s*(["'])/g
/** `import type …`, `export type …`, `import { type A, type B }`. */
const ONLY_TYPES = /^\s*type\b|^\s*\{\s*(?:type\b[^,}]*,?\s*)+\}\s*from\s*$/

/** What a source text imports, in its order. Places are found in the code, names in the text. */
export const importsOf = ({ code, text }: SourceText): ReadonlyArray<Import> => {
  const imports: Array<Import & { readonly at: number }> = []
  const add = (match: RegExpExecArray, quote: string, isType: boolean, isDynamic: boolean) => {
    const start = match.index + match[0].length
    const specifier = text.slice(start, text.indexOf(quote, start))
    imports.push({ at: start, isDynamic, isType, line: lineAt(text, start), specifier })
  }
  for (const match of code.matchAll(STATIC)) {
    const [, clause = "", quote = ""] = match
    const isBare = clause.trim() === ""
    if (isBare || /\bfrom\s*$/.test(clause)) add(match, quote, ONLY_TYPES.test(clause), false)
  }
  for (const match of code.matchAll(DYNAMIC)) {
    // `typeof import("…")` and `import("…").Name` in a type load nothing, but are as rare as they are unwanted here.
    add(match, match[1]!, false, true)
  }
  return imports.sort((a, b) => a.at - b.at).map(({ at: _at, ...found }) => found)
}
