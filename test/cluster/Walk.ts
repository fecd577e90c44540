/** Random steps on a stage: what may happen next, whether or not anything comes of it. */
import type { Prng } from "../../src/random/Prng.ts"
import { commands } from "./script/commands.ts"
import { NotPossible, type Stage } from "./script/Stage.ts"

export const BALLOTS = [1, 2]

export const HONEST = ["ann", "bob", "cat"]
const LIAR = "dan"
export const TRANSACTIONS = ["X", "Y"]

export const perform = (stage: Stage, command: string): void => {
  const [verb, ...words] = command.split(" ")
  try {
    commands[verb!]!(stage, words)
  } catch (thrown) {
    if (!(thrown instanceof NotPossible)) throw thrown
  }
}

/** What may happen next: often nothing comes of it, as what it takes does not exist yet. */
export const draw = (prng: Prng, members: ReadonlyArray<string>): ReadonlyArray<string> => {
  const pick = <A>(from: ReadonlyArray<A>): A => from[prng.nextInt(from.length)]!
  const t = pick(TRANSACTIONS)
  const other = TRANSACTIONS.find((name) => name !== t)!
  const n = pick(BALLOTS)
  const one = pick(members)
  const all = members.join(" ")
  const some = pick([one, all])
  const statements = pick([HONEST, ["ann", "bob", LIAR], ["ann", "cat", LIAR], ["bob", "cat", LIAR]]).join(" ")
  const either = (command: (value: string) => string) => ["commit", "abort"].map(command)
  return pick([
    [`pend ${t} to ${pick([one, one, all])}`],
    [`join ${t} in ${n} to ${some}`],
    either((value) => `propose ${t} ${value} in ${n} with ${statements} to ${some}`),
    either((value) => `accept ${t} ${value} in ${n} to ${some}`),
    [`accept ${t} commit in 0 to ${some}`],
    [`apply ${t} to ${one} with manifest`, `apply ${t} in ${pick([0, n])} to ${one} with manifest`],
    [`end ${t} by ${pick(["abort", "refusals", `exclusion ${other} on books`])} to ${one}`],
    [`forget ${t} to ${one}`, `restart ${one}`],
    [`lie ${LIAR} approve ${t}`],
    [`lie ${LIAR} join ${t} in ${n}${pick(["", " approved", " below commit"])}`],
    either((value) => `lie ${LIAR} ${pick(["prepared", "accepted"])} ${t} ${value} in ${pick([0, n])}`)
  ])
}

/** A cluster with a collection, and another. */
export const HOME = ["cluster home ann bob cat dan", "collection books at home"]
export const AWAY = ["cluster away eve fay gus hal", "collection films at away"]
