/** How commands are typed. They can be tried one after the other. */
export const EXAMPLES: ReadonlyArray<string> = [
  `optimystic tree put cities oslo '{"people":709037}' --data ./data`,
  `optimystic tree put cities rome '{"people":2748109}' --data ./data`,
  "optimystic tree get cities oslo --data ./data",
  "optimystic tree range cities --from m --limit 10 --data ./data",
  "optimystic tree first cities --data ./data",
  "optimystic tree last cities --data ./data --json",
  "optimystic tree count cities --data ./data",
  `optimystic tree put notes first '"in a file"' --data ./files --storage files`,
  "optimystic tree export cities cities.jsonl --data ./data",
  "optimystic tree import cities cities.jsonl --data ./other",
  "optimystic tree import cities cities.jsonl --resume --data ./other",
  "optimystic tree delete cities oslo rome --data ./other",
  `optimystic diary append log '"oslo founded"' '{"year":1048}' --data ./data`,
  "optimystic diary read log --reverse --limit 10 --data ./data",
  "optimystic diary length log --data ./data",
  "optimystic diary export log log.jsonl --data ./data",
  "optimystic diary import log log.jsonl --batch 1000 --data ./other",
  "optimystic collections --data ./data",
  "optimystic verify cities --data ./data",
  "optimystic verify --all --data ./data",
  "optimystic status --data ./data",
  "optimystic backup --data ./data --to ./backup",
  "optimystic tree get cities oslo --data ./backup",
  "optimystic identity --data ./node"
]

/** What the help of the whole command shows. */
const FIRST_STEPS = EXAMPLES.slice(0, 3)

/** The examples for the command that a command line names. */
export const examplesOf = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.findIndex((arg) => arg.startsWith("-"))
  const words = ["optimystic", ...(end < 0 ? args : args.slice(0, end))]
  return words.length === 1
    ? FIRST_STEPS
    : EXAMPLES.filter((example) => example.split(" ").slice(0, words.length).join(" ") === words.join(" "))
}
