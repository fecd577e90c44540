import { type ParseArgsConfig, parseArgs } from "node:util"

/** Ends the process for an option that cannot be: it says why, and ends 2. */
export const wrong = (problem: string): never => {
  console.error(problem)
  process.exit(2)
}

/** The options of this command line; what it has beside them is wrong. */
export const optionsOf = <Options extends NonNullable<ParseArgsConfig["options"]>>(
  options: Options
): ReturnType<typeof parseArgs<{ options: Options }>>["values"] => {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
}
