/** Transfers between accounts in several collections: whoever sees all accounts sees the same total. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Placement } from "../../src/collection/Collection.ts"
import * as Tree from "../../src/collection/Tree.ts"
import type { Prng } from "../../src/random/Prng.ts"
import type { Body, Run, Workload } from "./Workload.ts"

/** How much there is of it. */
export interface Shape {
  readonly branches: number
  /** Accounts of each branch. */
  readonly accounts: number
  /** What is in each account at first. */
  readonly balance: number
  /** One transaction of so many looks at all accounts; the others move money. */
  readonly auditOutOf: number
}

export const defaultShape: Shape = { accounts: 4, auditOutOf: 4, balance: 100, branches: 3 }

/** An account; its transfers are in the order in which they were made. */
class Account extends Schema.Class<Account>("Account")({
  balance: Schema.Int,
  name: Schema.String,
  transfers: Schema.Array(Schema.Int)
}) {}

const MAX_AMOUNT = 10

interface Place {
  readonly branch: number
  readonly account: string
}

/** The workload, for clients of a cluster. */
export const workload = (placement: Placement, shape: Shape = defaultShape): Workload => {
  const { accounts, auditOutOf, balance, branches } = shape
  const names = Array.from({ length: accounts }, (_, i) => `account-${i}`)
  const definitions = Array.from({ length: branches }, (_, i) =>
    Tree.define(`bank-${i}`, { entry: Account, key: Schema.String, keyOf: ({ name }) => name, placement })
  )
  const places = definitions.flatMap((_, branch) => names.map((account): Place => ({ account, branch })))
  const keyOf = ({ account, branch }: Place) => `bank-${branch}/${account}`

  const move = (place: Place, amount: number, transfer: number, { done }: Run) =>
    Effect.flatMap(Tree.open(definitions[place.branch]!), (branch) =>
      Effect.map(
        branch.modify(place.account, (account) => ({
          ...account,
          balance: account.balance + amount,
          transfers: [...account.transfers, transfer]
        })),
        () => void done.push({ key: keyOf(place), type: "append", value: transfer })
      )
    )

  const transfer =
    (from: Place, to: Place, amount: number): Body =>
    (run) => {
      const value = run.nextValue()
      return Effect.zipRight(move(from, -amount, value, run), move(to, amount, value, run))
    }

  const audit: Body = (run) =>
    Effect.map(
      Effect.forEach(places, (place) =>
        Effect.flatMap(Tree.open(definitions[place.branch]!), (branch) =>
          Effect.map(Effect.flatten(branch.get(place.account)), ({ balance, transfers }) => {
            run.done.push({ key: keyOf(place), type: "read", values: transfers })
            return balance
          })
        )
      ).pipe(Effect.catchTag("NoSuchElementException", () => Effect.succeed([]))),
      (balances) => {
        const total = balances.reduce((sum, balance) => sum + balance, 0)
        const expected = places.length * balance
        run.objectIf(total !== expected, `the accounts hold ${total} in all, not ${expected}`)
      }
    )

  const drawTransfer = (prng: Prng): Body => {
    const [from, to] = prng.shuffle(places)
    return transfer(from!, to!, 1 + prng.nextInt(MAX_AMOUNT))
  }

  return {
    name: "bank",
    next: (prng) => (prng.nextInt(auditOutOf) === 0 ? audit : drawTransfer(prng)),
    readAll: audit,
    setUp: definitions.map(
      (definition) => () =>
        Effect.flatMap(Tree.openOrCreate(definition), (branch) =>
          branch.putAll(names.map((name) => ({ balance, name, transfers: [] })))
        )
    )
  }
}
