/** A command line that is not understood. */
import { COMMANDS } from "./command.ts"
import type { AnyFailure } from "./failure.ts"

const isWord = (arg: string | undefined): arg is string => arg !== undefined && !arg.startsWith("-")

/** A command that has commands under it, where none of them follows: what follows instead, and those there are. */
const strayed = (args: ReadonlyArray<string>) => {
  const [first, second] = args
  const under = first === undefined ? undefined : COMMANDS.get(first)
  if (under === undefined) return { command: "optimystic", known: [...COMMANDS.keys()], word: first }
  if (under.length === 0 || (second !== undefined && under.includes(second))) return undefined
  return { command: `optimystic ${first}`, known: under, word: second }
}

/** What the parser says of a command line, with what to do about it. Where a word is no command, it names the wrong ones. */
export const complaintOf = (args: ReadonlyArray<string>, said: string): AnyFailure => {
  const stray = strayed(args)
  if (stray !== undefined) {
    const { command, known, word } = stray
    return {
      _tag: "Usage",
      fix: `it has ${known.join(", ")}`,
      message: isWord(word)
        ? `\`${command}\` has no command ${JSON.stringify(word)}`
        : `\`${command}\` needs the name of a command before its options`
    }
  }
  const words = COMMANDS.get(args[0]!)!.length === 0 ? 1 : 2
  return {
    _tag: "Usage",
    fix: `\`${["optimystic", ...args.slice(0, words)].join(" ")} --help\` shows what it takes`,
    message: said.trim().replace(/\s+/g, " ")
  }
}
