/** All commands, and their help. */
import { createRequire } from "node:module"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Span from "@effect/cli/HelpDoc/Span"
import * as HashMap from "effect/HashMap"
import { backup } from "./backup.ts"
import { cluster } from "./cluster.ts"
import { collections } from "./collections.ts"
import { diary } from "./diary.ts"
import { examplesOf } from "./examples.ts"
import { EXIT_HELP } from "./failure.ts"
import { identity } from "./identity.ts"
import { node } from "./node.ts"
import { status } from "./status.ts"
import { tree } from "./tree.ts"
import { verify } from "./verify.ts"

const { version } = createRequire(import.meta.url)("effect-optimystic/package.json") as { readonly version: string }

const optimystic = Command.make("optimystic").pipe(
  Command.withDescription(
    "A transactional database in a directory, or kept by a network of nodes: trees and diaries of JSON."
  ),
  Command.withSubcommands([tree, diary, collections, verify, status, backup, node, cluster, identity])
)

/** A command with the names of those under it; one without any is said to have itself. */
const withNamesUnder = <Name extends string, R, E, A>(
  name: Name,
  command: Command.Command<Name, R, E, A>
): readonly [Name, ReadonlyArray<string>] => [
  name,
  [...HashMap.keys(Command.getSubcommands(command))].filter((under) => under !== name).sort()
]

/** The commands by their names, and the names of those under each. */
export const COMMANDS: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  withNamesUnder("backup", backup),
  withNamesUnder("cluster", cluster),
  withNamesUnder("collections", collections),
  withNamesUnder("diary", diary),
  withNamesUnder("identity", identity),
  withNamesUnder("node", node),
  withNamesUnder("status", status),
  withNamesUnder("tree", tree),
  withNamesUnder("verify", verify)
])

const footerOf = (args: ReadonlyArray<string>): HelpDoc.HelpDoc =>
  HelpDoc.blocks([...examplesOf(args).map((example) => `Example: ${example}`), EXIT_HELP].map(HelpDoc.p))

/** Runs what a command line names. */
export const run = (args: ReadonlyArray<string>) =>
  Command.run(optimystic, {
    executable: "optimystic",
    footer: footerOf(args),
    name: "optimystic",
    summary: Span.text("a transactional database, in a directory or kept by a network"),
    version
  })(["node", "optimystic", ...args])
