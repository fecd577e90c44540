/**
 * Transactions that append to and read lists in several collections: the workload whose history the checker of strict
 * serializability decides exactly.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { CollectionMismatch } from "../../schemas/Errors.ts"
import type { CollectionError, Placement } from "../../src/collection/Collection.ts"
import * as Tree from "../../src/collection/Tree.ts"
import type { Prng } from "../../src/random/Prng.ts"
import type { Database } from "../../src/transaction/Database.ts"
import * as Transaction from "../../src/transaction/Transaction.ts"
import type { History, Operation, Transaction as Recorded } from "../checker/StrictSerializability.ts"
import * as Lists from "./Lists.ts"
import type { Body, Run, Workload } from "./Workload.ts"

/** How much there is of it. */
export interface Shape {
  readonly collections: number
  /** Lists in each collection. */
  readonly lists: number
  /** Operations of one transaction, at most. */
  readonly operations: number
}

/** How much of it is done. */
export interface Options extends Shape {
  readonly fibers: number
  /** Transactions of each fiber. */
  readonly transactions: number
}

export const defaultOptions: Options = { collections: 4, fibers: 16, lists: 4, operations: 4, transactions: 50 }

/** What suits a cluster under faults. */
export const defaultShape: Shape = { collections: 4, lists: 3, operations: 3 }

const definitionOf = (index: number, placement: Placement) => Lists.define(`lists-${index}`, placement)

const listName = (index: number) => `list-${index}`

/** What one operation of a plan is to do. */
interface Step {
  readonly collection: number
  readonly list: string
  readonly append: boolean
}

const planOf = (prng: Prng, { collections, lists, operations }: Shape): ReadonlyArray<Step> =>
  Array.from({ length: 1 + prng.nextInt(operations) }, () => ({
    append: prng.nextInt(2) === 0,
    collection: prng.nextInt(collections),
    list: listName(prng.nextInt(lists))
  }))

const perform = (lists: Lists.Lists, { append, list }: Step, run: Run) =>
  append ? Lists.append(lists, list, run) : Lists.read(lists, list, run)

const everything = ({ collections, lists }: Shape): ReadonlyArray<Step> =>
  Array.from({ length: collections }, (_, collection) =>
    Array.from({ length: lists }, (_, list) => ({ append: false, collection, list: listName(list) }))
  ).flat()

const indexes = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)

/** The workload, for clients of a cluster. */
export const workload = (placement: Placement, shape: Shape = defaultShape): Workload => {
  const definitions = indexes(shape.collections).map((index) => definitionOf(index, placement))
  const bodyOf =
    (plan: ReadonlyArray<Step>): Body =>
    (run) =>
      Effect.forEach(
        plan,
        (step) => Effect.flatMap(Tree.open(definitions[step.collection]!), (lists) => perform(lists, step, run)),
        { discard: true }
      )
  return {
    name: "list-append",
    next: (prng) => bodyOf(planOf(prng, shape)),
    readAll: bodyOf(everything(shape)),
    setUp: definitions.map((definition) => () => Effect.asVoid(Tree.openOrCreate(definition)))
  }
}

/**
 * Runs the workload on one database and gives its history: transactions that gave up after conflicts count as aborted. Ends
 * with a read of every list, so that the order of all appends is known.
 */
export const run = (
  prng: Prng,
  options: Partial<Options> = {}
): Effect.Effect<History, CollectionError | CollectionMismatch, Database> =>
  Effect.gen(function* () {
    const all = { ...defaultOptions, ...options }
    const trees = yield* Effect.forEach(indexes(all.collections), (i) => Tree.openOrCreate(definitionOf(i, "together")))
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
              yield* perform(trees[step.collection]!, step, { done, nextValue, objectIf: () => {} })
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
        Effect.forEach(indexes(all.transactions), (i) => transact(`${fiber}.${i}`, planOf(own, all)), {
          discard: true
        }),
      { concurrency: "unbounded", discard: true }
    )
    yield* transact("final", everything(all))
    return history
  })
