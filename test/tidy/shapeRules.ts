/** How files are made: named, explained, and not too long. */
import { isIn, perSource, type Rule, violation } from "./Rule.ts"
import { lineAt } from "./SourceText.ts"

/** Over this many lines a file asks for a split. */
const MAX_LINES = 400

const length = perSource(`no file has more than ${MAX_LINES} lines`, (file) => {
  const lines = file.text.trimEnd().split("\n").length
  return lines > MAX_LINES ? [violation(file.path, lines, `has ${lines} lines`)] : []
})

const EXPLAINED = ["schemas", "services", "src", "layers"]
const EXPORT = /^export (?:declare |abstract |async )*(?:const|class|interface|function\*?) (\w+)/gm

const docstrings = perSource("an export says what it is, in a docstring right before it", (file) => {
  if (!EXPLAINED.some((folder) => isIn(file.path, folder))) return []
  const seen = new Set<string>()
  return [...file.code.matchAll(EXPORT)].flatMap((match) => {
    const name = match[1]!
    // Overloads are explained by the first.
    const isKnown = seen.has(name)
    seen.add(name)
    const before = file.text.slice(0, match.index).trimEnd()
    const isExplained = before.endsWith("*/") && before.startsWith("/**", before.lastIndexOf("/*"))
    const isAdjacent = !/\n\s*\n/.test(file.text.slice(before.length, match.index))
    return isKnown || (isExplained && isAdjacent)
      ? []
      : [violation(file.path, lineAt(file.code, match.index), `exports ${name} without a docstring`)]
  })
})

const TAG = /\bContext\.(?:Generic)?Tag\b/g
const PORT = /\bclass (\w+) extends Context\.Tag\("([^"]*)"\)</y

const tags = perSource("the key of a port is optimystic/ and the name of its class", (file) => {
  if (isIn(file.path, "test")) return []
  return [...file.code.matchAll(TAG)].flatMap((match) => {
    const line = lineAt(file.code, match.index)
    PORT.lastIndex = file.code.lastIndexOf("class ", match.index)
    const port = PORT.exec(file.text)
    if (port === null)
      return [violation(file.path, line, "declares a port other than by `class … extends Context.Tag`")]
    const [, name, key] = port
    return key === `optimystic/${name}` ? [] : [violation(file.path, line, `has port ${name} under the key ${key}`)]
  })
})

/** Rules about the shape of files. */
export const shapeRules = { docstrings, length, tags } satisfies Record<string, Rule>
