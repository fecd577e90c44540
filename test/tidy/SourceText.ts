/**
 * TypeScript as rules look at it: text of the same length in which what a rule must not see is blank, so that a place in
 * one view is the same place in all.
 */

/** Views of one source text. */
export interface SourceText {
  /** As it is in the file. */
  readonly text: string
  /** Without comments and without what stands inside quotes; the quotes stay. */
  readonly code: string
  /** Comments only. */
  readonly comments: string
}

type Kind = "code" | "comment" | "quoted"

/** After these, a slash starts a regular expression; after a name, a number or a closing bracket it divides. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|yield|await))\s*$/
/** As much as {@link BEFORE_REGEXP} needs to see. */
const LOOK_BACK = 20

const LINE_COMMENT = /[^\n]*/y
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y
const DOUBLE_QUOTED = /(?:[^"\\\n]|\\[\s\S])*/y
const SINGLE_QUOTED = /(?:[^'\\\n]|\\[\s\S])*/y
const TEMPLATE_PART = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y
const REGEXP = /(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*\/[a-z]*/y

const lengthOf = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0].length ?? 0
}

/** Splits a text into its views. */
export const parse = (text: string): SourceText => {
  const views: Record<Kind, Array<string>> = { code: [], comment: [], quoted: [] }
  let at = 0
  const take = (kind: Kind, length: number) => {
    const part = text.slice(at, at + length)
    const blank = part.replace(/[^\n]/g, " ")
    views.code.push(kind === "code" ? part : blank)
    views.comment.push(kind === "comment" ? part : blank)
    at += length
  }
  const quoted = (pattern: RegExp) => {
    take("code", 1)
    take("quoted", lengthOf(pattern, text, at))
  }
  /** Braces open inside each `${` that has not ended. */
  const templates: Array<number> = []
  const template = () => {
    quoted(TEMPLATE_PART)
    const opens = text.startsWith("${", at)
    take("code", opens ? 2 : 1)
    if (opens) templates.push(0)
  }
  while (at < text.length) {
    const character = text[at]
    if (text.startsWith("//", at)) take("comment", lengthOf(LINE_COMMENT, text, at))
    else if (text.startsWith("/*", at)) take("comment", lengthOf(BLOCK_COMMENT, text, at))
    else if (character === '"' || character === "'") {
      quoted(character === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED)
      take("code", 1)
    } else if (character === "`") template()
    else if (character === "/" && BEFORE_REGEXP.test(lastCode(views.code))) quoted(REGEXP)
    else if (character === "}" && templates.at(-1) === 0) {
      templates.pop()
      template()
    } else {
      if (templates.length > 0) {
        if (character === "{") templates[templates.length - 1]! += 1
        if (character === "}") templates[templates.length - 1]! -= 1
      }
      take("code", lengthOf(PLAIN, text, at) || 1)
    }
  }
  return { code: views.code.join(""), comments: views.comment.join(""), text }
}

/** A run of characters that neither begins nor ends anything. */
const PLAIN = /[^"'`/{}]+/y

const lastCode = (parts: ReadonlyArray<string>): string => {
  let last = ""
  for (let i = parts.length - 1; i >= 0 && last.length < LOOK_BACK; i--) last = parts[i]! + last
  return last.slice(-LOOK_BACK)
}

/** The number of the line, from 1, on which a place of a text is. */
export const lineAt = (text: string, at: number): number => text.slice(0, at).split("\n").length
