/**
 * The language of the scripts in `test/data/cluster`: lines that start with `>` are commands; what follows, indented, is
 * what happens; all else is prose. Running a script makes what happens anew.
 */

const COMMAND = "> "
const OUTPUT = "    "

/** The text of a script with what each command makes happen now. */
export const rewrite = (text: string, run: (command: string) => ReadonlyArray<string>): string =>
  text
    .split("\n")
    .filter((line) => !line.startsWith(OUTPUT))
    .flatMap((line) =>
      line.startsWith(COMMAND)
        ? [line, ...run(line.slice(COMMAND.length)).map((happened) => `${OUTPUT}${happened}`)]
        : [line]
    )
    .join("\n")
