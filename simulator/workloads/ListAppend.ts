/**
 * Transactions that append to and read lists in several collections: the workload whose history the checker of strict
 * serializability decides exactly.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CollectionMismatch } from "../../schemas/Errors.ts"
import type { CollectionError } from "../../src/collection/Collection.ts"
import * as Tree from "../../src/collection/Tree.ts"
import type { Prng } from "../../src/random/Prng.ts"
import type { Database } from "../../src/transaction/Database.ts"
import * as Transaction from "../../src/transaction/Transaction.ts"
import type { History, Operation, Transaction as Recorded } from "../checker/StrictSerializability.ts"

/** How much of it. */
export interface Options {
  readonly fibers: number
  /** Transactions of each fiber. */
  readonly transactions: number
  readonly collections: number
  /** Lists in each collection. */
  readonly lists: number
  /** Operations of one transaction, at most. */
  readonly operations: number
}

export const defaultOptions: Options = { collections: 4, fibers: 16, lists: 4, operations: 4, transactions: 50 }

class List extends Schema.Class<List>("List")({ name: Schema.String, values: Schema.Array(Schema.Int) }) {}

const collectionName = (index: number) => `lists-${index}`

const definitionOf = (index: number) =>
  Tree.define(collectionName(index), { entry: List, key: Schema.String, keyOf: ({ name }) => name })

type Lists = Tree.Tree<List, string>

/** What one operation of a plan is to do. */
interface Step {
  readonly collection: number
  readonly list: string
  readonly append: boolean
}

const planOf = (prng: Prng, { collections, lists, operations }: Options): ReadonlyArray<Step> =>
  Array.from({ length: 1 + prng.nextInt(operations) }, () => ({
    append: prng.nextInt(2) === 0,
    collection: prng.nextInt(collections),
    list: `list-${prng.nextInt(lists)}`
  }))

const keyOf = ({ collection, list }: Step) => `${collectionName(collection)}/${list}`

const perform = (trees: ReadonlyArray<Lists>, step: Step, nextValue: () => number) => {
  const tree = trees[step.collection]!
  if (step.append) {
    const value = nextValue()
    return tree
      .upsert(step.list, (before) => ({
        name: step.list,
        values: [...Option.match(before, { onNone: () => [], onSome: ({ values }) => values }), value]
      }))
      .pipe(Effect.as<Operation>({ key: keyOf(step), type: "append", value }))
  }
  return Effect.map(
    tree.get(step.list),
    (list): Operation => ({
      key: keyOf(step),
      type: "read",
      values: Option.match(list, { onNone: () => [], onSome: ({ values }) => values })
    })
  )
}

/**
 * Runs the workload and gives its history: transactions that gave up after conflicts count as aborted. Ends with a read
 * of every list, so that the order of all appends is known.
 */
export const run = (
  prng: Prng,
  options: Partial<Options> = {}
): Effect.Effect<History, CollectionError | CollectionMismatch, Database> =>
  Effect.gen(function* () {
    const all = { ...defaultOptions, ...options }
    const trees = yield* Effect.forEach(
      Array.from({ length: all.collections }, (_, i) => definitionOf(i)),
      (definition) => Tree.openOrCreate(definition)
    )
    let instant = 0
    let lastValue = 0
    const nextValue = () => ++lastValue
    const history: Array<Recorded> = []

    const transact = (id: string, plan: ReadonlyArray<Step>) =>
      Effect.gen(function* () {
        const start = ++instant
        let operations: ReadonlyArray<Operation> = []
        const result = yield* Transaction.run(
          Effect.gen(function* () {
            const done: Array<Operation> = []
            operations = done
            for (const step of plan) {
              done.push(yield* perform(trees, step, nextValue))
              yield* Effect.yieldNow()
            }
          })
        ).pipe(Effect.either)
        if (Either.isLeft(result) && result.left._tag !== "Conflict") return yield* result.left
        history.push({ committed: Either.isRight(result), end: ++instant, id, operations, start })
      })

    yield* Effect.forEach(
      Array.from({ length: all.fibers }, (_, fiber) => prng.fork(`fiber-${fiber}`)),
      (own, fiber) =>
        Effect.forEach(
          Array.from({ length: all.transactions }, (_, i) => i),
          (i) => transact(`${fiber}.${i}`, planOf(own, all)),
          { discard: true }
        ),
      { concurrency: "unbounded", discard: true }
    )
    const everything = trees.flatMap((_, collection) =>
      Array.from({ length: all.lists }, (_, list) => ({ append: false, collection, list: `list-${list}` }))
    )
    yield* transact("final", everything)
    return history
  })
