import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schema } from "effect"
import { Block, Collection, Diary, Node, Transaction, Tree } from "effect-optimystic"

const Cell = Block.define("cell", { value: Schema.Int })

const Stock = Collection.define("stock", {
  actions: {
    add: Collection.action(Schema.Positive, (store, root, count) => {
      Cell.set(store, root, { value: Cell.get(store, root).value + count })
    }),
    take: Collection.action(Schema.Int, (store, root, count) => {
      const { value } = Cell.get(store, root)
      Cell.set(store, root, { value: value - count })
      if (count > value) Collection.refuse(`there are ${value} left`)
      return value - count
    })
  },
  create: (store) => Cell.insert(store, { value: 0 }),
  kind: "stock"
})

const add = (data: number) => ({ data, type: "add" }) as const
const take = (data: number) => ({ data, type: "take" }) as const

const left = (stock: Collection.OpenCollection<typeof Stock.actions>) =>
  stock.read((reader, root) => Cell.get(reader, root).value)

const Notes = Diary.define("notes", { entry: Schema.String })

const onANode = <A, E>(effect: Effect.Effect<A, E, Effect.Effect.Context<ReturnType<typeof Tree.open>>>) =>
  Effect.provide(effect, Node.layerLocal())

describe("Collection", () => {
  it.live("an action changes blocks by its handler, and gives what that gives", () =>
    onANode(
      Effect.gen(function* () {
        const stock = yield* Collection.openOrCreate(Stock)
        yield* stock.act(add(5))
        const rest: number = yield* stock.act(take(2))
        expect(rest).toBe(3)
        expect(yield* left(stock)).toBe(3)
        expect(yield* left(yield* Collection.open(Stock))).toBe(3)
      })
    )
  )

  it.live("actions in a transaction are committed with what else it writes, or not at all", () =>
    onANode(
      Effect.gen(function* () {
        const stock = yield* Collection.openOrCreate(Stock)
        const notes = yield* Diary.openOrCreate(Notes)
        const sell = (count: number) =>
          Transaction.run(
            Effect.gen(function* () {
              yield* notes.append(`sold ${count}`)
              yield* stock.act(take(count))
              return yield* left(stock)
            })
          )
        yield* stock.act(add(3))
        expect(yield* sell(2)).toBe(1)
        expect((yield* Effect.flip(sell(2))).message).toBe("there are 1 left")
        expect(yield* left(stock)).toBe(1)
        expect(yield* notes.length).toBe(1)
      })
    )
  )

  it.live("a refused action leaves no trace, also where its transaction goes on", () =>
    onANode(
      Effect.gen(function* () {
        const stock = yield* Collection.openOrCreate(Stock)
        yield* Transaction.run(
          Effect.gen(function* () {
            yield* stock.act(add(1))
            expect((yield* Effect.flip(stock.act(take(7))))._tag).toBe("Invalid")
            expect(yield* left(stock)).toBe(1)
          })
        )
        expect(yield* left(stock)).toBe(1)
      })
    )
  )

  it.live("concurrent actions all take effect", () =>
    onANode(
      Effect.gen(function* () {
        const stock = yield* Collection.openOrCreate(Stock)
        yield* Effect.replicateEffect(stock.act(add(1)), 50, { concurrency: 10 })
        expect(yield* left(stock)).toBe(50)
      })
    )
  )

  it.live("refuses data that do not fit the schema of the action, or are too large, and changes nothing", () =>
    onANode(
      Effect.gen(function* () {
        const stock = yield* Collection.openOrCreate(Stock)
        const unfit = yield* Effect.flip(stock.act(add(-1)))
        expect(unfit._tag).toBe("DecodeError")
        expect(unfit.message).toContain('"add"')
        // @ts-expect-error: the data of "add" are a number
        expect((yield* Effect.flip(stock.act({ data: "1", type: "add" })))._tag).toBe("DecodeError")
        const unknown = { data: 1, type: "toString" } as unknown as ReturnType<typeof add>
        expect((yield* Effect.flip(stock.act(unknown)))._tag).toBe("DecodeError")
        const Texts = Collection.define("texts", {
          actions: { say: Collection.action(Schema.String, () => undefined) },
          create: Stock.create,
          kind: "texts"
        })
        const texts = yield* Collection.openOrCreate(Texts)
        const large = yield* Effect.flip(texts.act({ data: "x".repeat(200_000), type: "say" }))
        expect(large._tag).toBe("LimitExceeded")
        expect(yield* left(stock)).toBe(0)
      })
    )
  )

  it.live("a collection is opened as the kind that it was created as, which none of this package is", () =>
    onANode(
      Effect.gen(function* () {
        yield* Collection.openOrCreate(Stock)
        yield* Diary.openOrCreate(Notes)
        const as = (name: string, kind: string) =>
          Effect.flip(Collection.open(Collection.define(name, { ...Stock, kind })))
        const other = yield* as("stock", "counter")
        expect(other.message).toContain("has kind user-stock, not user-counter")
        expect((yield* as("notes", "diary"))._tag).toBe("CollectionMismatch")
        expect((yield* as("nowhere", "stock"))._tag).toBe("CollectionNotFound")
        const tree = Tree.define("stock", { entry: Schema.String, key: Schema.String, keyOf: (entry) => entry })
        expect((yield* Effect.flip(Tree.open(tree)))._tag).toBe("CollectionMismatch")
      })
    )
  )

  it("a kind that headers cannot have is refused at once", () => {
    for (const kind of ["", "Stock", "a_b", "x".repeat(28)]) {
      expect(() => Collection.define("stock", { ...Stock, kind })).toThrow(TypeError)
    }
  })

  it.live("what a handler throws for another reason is a defect, and changes nothing", () =>
    onANode(
      Effect.gen(function* () {
        const broken = Collection.action(Schema.Null, (store, root): void => {
          Cell.set(store, root, { value: 9 })
          throw new Error("a bug")
        })
        const stock = yield* Collection.openOrCreate(
          Collection.define("stock", { actions: { broken }, create: Stock.create, kind: "stock" })
        )
        const exit = yield* Effect.exit(stock.act({ data: null, type: "broken" }))
        expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain("a bug")
        expect(yield* left(yield* Collection.open(Stock))).toBe(0)
      })
    )
  )
})
