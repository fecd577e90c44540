import { describe, expect, it } from "@effect/vitest"
import { Chunk, Data, Deferred, Effect, Exit, Fiber, Option, Schedule, Schema, Stream } from "effect"
import { type Database, Diary, Node, Transaction, Tree } from "effect-optimystic"

class Account extends Schema.Class<Account>("Account")({ id: Schema.String, balance: Schema.Int }) {}
class Transfer extends Schema.Class<Transfer>("Transfer")({
  from: Schema.String,
  to: Schema.String,
  amount: Schema.Int
}) {}
class Overdrawn extends Data.TaggedError("Overdrawn")<{ readonly account: string }> {}

const Accounts = Tree.define("accounts", { entry: Account, key: Schema.String, keyOf: (a) => a.id })
const Savings = Tree.define("savings", { entry: Account, key: Schema.String, keyOf: (a) => a.id })
const Ledger = Diary.define("ledger", { entry: Transfer })

const transfer = (t: Transfer) =>
  Transaction.run(
    Effect.gen(function* () {
      const accounts = yield* Tree.open(Accounts)
      const ledger = yield* Diary.open(Ledger)
      const from = yield* accounts.modify(t.from, (a) => ({ ...a, balance: a.balance - t.amount }))
      yield* accounts.modify(t.to, (a) => ({ ...a, balance: a.balance + t.amount }))
      yield* ledger.append(t)
      if (from.balance < 0) return yield* new Overdrawn({ account: t.from })
      return from.balance
    })
  )

const bank = Effect.gen(function* () {
  const accounts = yield* Tree.openOrCreate(Accounts)
  const savings = yield* Tree.openOrCreate(Savings)
  const ledger = yield* Diary.openOrCreate(Ledger)
  yield* accounts.putAll(["a", "b", "c"].map((id) => ({ balance: 100, id })))
  yield* savings.put({ balance: 100, id: "a" })
  const balance = (id: string) => Effect.map(accounts.get(id), (account) => Option.getOrThrow(account).balance)
  return { accounts, balance, ledger, savings }
})

const onANode = <A, E>(effect: Effect.Effect<A, E, Database>) => Effect.provide(effect, Node.layerLocal())

/** A signal that one fiber gives and another waits for. */
const signal = Effect.map(Deferred.make<void>(), (deferred) => ({
  give: Deferred.succeed(deferred, undefined),
  wait: Deferred.await(deferred)
}))

describe("Transaction.run", () => {
  it.live("commits all of it, or nothing", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance, ledger } = yield* bank
        expect(yield* transfer(new Transfer({ amount: 30, from: "a", to: "b" }))).toBe(70)
        expect(yield* Effect.flip(transfer(new Transfer({ amount: 80, from: "a", to: "b" })))).toBeInstanceOf(Overdrawn)
        expect(yield* Effect.flip(transfer(new Transfer({ amount: 1, from: "a", to: "nobody" })))).toMatchObject({
          _tag: "EntryNotFound",
          key: "nobody"
        })
        const died = yield* Effect.exit(Transaction.run(Effect.zipRight(accounts.delete("a"), Effect.die("defect"))))
        expect(Exit.isFailure(died)).toBe(true)
        expect([yield* balance("a"), yield* balance("b"), yield* ledger.length]).toEqual([70, 130, 1])
      })
    )
  )

  it.live("interruption leaves no trace", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance } = yield* bank
        const written = yield* signal
        const fiber = yield* Effect.fork(
          Transaction.run(accounts.delete("a").pipe(Effect.zipRight(written.give), Effect.zipRight(Effect.never)))
        )
        yield* written.wait
        yield* Fiber.interrupt(fiber)
        expect(yield* balance("a")).toBe(100)
      })
    )
  )

  it.live("reads its own writes; others do not, until it has committed", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance, ledger } = yield* bank
        const written = yield* signal
        const seen = yield* signal
        const fiber = yield* Effect.fork(
          Transaction.run(
            Effect.gen(function* () {
              yield* accounts.put({ balance: 7, id: "a" })
              yield* accounts.put({ balance: 8, id: "new" })
              expect(yield* balance("a")).toBe(7)
              expect(yield* accounts.count()).toBe(4)
              yield* ledger.append(new Transfer({ amount: 1, from: "a", to: "b" }))
              expect(yield* ledger.length).toBe(1)
              expect(Chunk.size(yield* Stream.runCollect(ledger.read()))).toBe(1)
              const ids = yield* Stream.runCollect(Stream.map(accounts.range({ reverse: true }), ({ id }) => id))
              expect(Chunk.toReadonlyArray(ids)).toEqual(["new", "c", "b", "a"])
              yield* written.give
              yield* seen.wait
            })
          )
        )
        yield* written.wait
        expect([yield* balance("a"), yield* accounts.count()]).toEqual([100, 3])
        yield* seen.give
        yield* Fiber.join(fiber)
        expect([yield* balance("a"), yield* accounts.count()]).toEqual([7, 4])
      })
    )
  )

  it.live("sees one state of all collections, though others write in between", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, savings } = yield* bank
        const total = (entry: Option.Option<Account>) => Option.getOrThrow(entry).balance
        const move = (amount: number) =>
          Transaction.run(
            Effect.zipRight(
              accounts.modify("a", (a) => ({ ...a, balance: a.balance - amount })),
              savings.modify("a", (a) => ({ ...a, balance: a.balance + amount }))
            )
          )
        const writer = yield* Effect.fork(Effect.forever(Effect.zipRight(move(1), Effect.yieldNow())))
        for (let i = 0; i < 200; i++) {
          const sum = yield* Transaction.run(
            Effect.gen(function* () {
              const first = total(yield* accounts.get("a"))
              yield* Effect.yieldNow()
              yield* Effect.yieldNow()
              return first + total(yield* savings.get("a"))
            }),
            // A transaction that only reads gets through whatever others write: its attempts are not counted.
            { retry: Schedule.recurs(0) }
          )
          expect(sum).toBe(200)
        }
        yield* Fiber.interrupt(writer)
      })
    )
  )

  it.live("is run again when another transaction was first", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance } = yield* bank
        let runs = 0
        const increment = Transaction.run(
          Effect.gen(function* () {
            runs++
            const before = yield* balance("a")
            yield* Effect.yieldNow()
            yield* accounts.put({ balance: before + 1, id: "a" })
          })
        )
        yield* Effect.all(
          Array.from({ length: 50 }, () => increment),
          { concurrency: "unbounded" }
        )
        expect(yield* balance("a")).toBe(150)
        expect(runs).toBeGreaterThan(50)
      })
    )
  )

  it.live("fails with Conflict when its retries are used up", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance } = yield* bank
        const loser = Transaction.run(
          Effect.gen(function* () {
            yield* balance("a")
            // Another fiber, which is no part of this transaction.
            yield* Effect.flatMap(Effect.forkDaemon(outside(accounts.put({ balance: 0, id: "c" }))), Fiber.join)
            yield* accounts.put({ balance: 1, id: "a" })
          }),
          { retry: Schedule.recurs(2) }
        )
        expect(yield* Effect.flip(loser)).toMatchObject({ _tag: "Conflict", attempts: 3 })
        expect(yield* balance("a")).toBe(100)
      })
    )
  )

  it.live("a lost attempt does not commit, whatever its effect makes of it", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance, savings } = yield* bank
        let attempts = 0
        yield* Transaction.run(
          Effect.gen(function* () {
            attempts++
            yield* balance("a")
            if (attempts === 1) {
              yield* Effect.flatMap(Effect.forkDaemon(outside(accounts.put({ balance: 50, id: "a" }))), Fiber.join)
            }
            const saved = yield* Effect.option(savings.get("a"))
            expect(Option.isSome(saved)).toBe(attempts > 1)
            yield* Effect.ignore(accounts.modify("b", (b) => ({ ...b, balance: b.balance + 1 })))
          })
        )
        expect([attempts, yield* balance("a"), yield* balance("b")]).toEqual([2, 50, 101])
      })
    )
  )

  it.live("a run inside a run joins it, and undoes its own writes if it fails", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance, ledger } = yield* bank
        const entry = new Transfer({ amount: 1, from: "a", to: "b" })
        const Fresh = Tree.define("fresh", { entry: Account, key: Schema.String, keyOf: (a) => a.id })
        yield* Transaction.run(
          Effect.gen(function* () {
            yield* accounts.put({ balance: 1, id: "a" })
            yield* transfer(new Transfer({ amount: 10, from: "b", to: "c" }))
            const inner = Effect.gen(function* () {
              yield* accounts.put({ balance: 2, id: "a" })
              yield* accounts.delete("b")
              yield* ledger.append(entry)
              yield* (yield* Tree.openOrCreate(Fresh)).put({ balance: 1, id: "x" })
              yield* Transaction.run(accounts.put({ balance: 3, id: "a" }))
              return yield* Effect.fail("inner")
            })
            expect(yield* Effect.flip(Transaction.run(inner))).toBe("inner")
            expect([yield* balance("a"), yield* balance("b")]).toEqual([1, 90])
          })
        )
        expect([yield* balance("a"), yield* balance("b"), yield* balance("c")]).toEqual([1, 90, 110])
        expect(yield* ledger.length).toBe(1)
        expect(yield* Effect.flip(Tree.open(Fresh))).toMatchObject({ _tag: "CollectionNotFound" })
      })
    )
  )

  it.live("takes in what the fibers it forks do", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts } = yield* bank
        const many = Array.from({ length: 200 }, (_, i) => `new ${i}`)
        const failed = yield* Effect.exit(
          Transaction.run(
            Effect.zipRight(
              Effect.forEach(many, (id) => accounts.put({ balance: 0, id }), { concurrency: "unbounded" }),
              Effect.fail("no")
            )
          )
        )
        expect(Exit.isFailure(failed)).toBe(true)
        expect(yield* accounts.count()).toBe(3)
        yield* Transaction.run(
          Effect.forEach(many, (id) => Transaction.run(accounts.put({ balance: 0, id })), { concurrency: "unbounded" })
        )
        expect(yield* accounts.count()).toBe(203)
      })
    )
  )

  it.live("creates collections together with what it writes to them", () =>
    onANode(
      Effect.gen(function* () {
        const create = Effect.gen(function* () {
          const accounts = yield* Tree.openOrCreate(Accounts)
          const ledger = yield* Diary.openOrCreate(Ledger)
          yield* accounts.put({ balance: 1, id: "a" })
          yield* ledger.append(new Transfer({ amount: 1, from: "", to: "a" }))
        })
        yield* Effect.flip(Transaction.run(Effect.zipRight(create, Effect.fail("no"))))
        expect(yield* Effect.flip(Tree.open(Accounts))).toMatchObject({ _tag: "CollectionNotFound" })
        yield* Transaction.run(create)
        expect(yield* (yield* Tree.open(Accounts)).count()).toBe(1)
        expect(yield* (yield* Diary.open(Ledger)).length).toBe(1)
        expect((yield* (yield* Tree.open(Accounts)).snapshot).rev).toBe(1)
      })
    )
  )

  it.live("a busy node in memory does not keep timers waiting", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts } = yield* bank
        // Bounded: where timers do wait, they wait until this has ended.
        const busy = yield* Effect.fork(Effect.repeatN(accounts.put({ balance: 1, id: "a" }), 5_000))
        for (let i = 0; i < 5; i++) yield* Effect.sleep("2 millis")
        expect(Option.isNone(yield* Fiber.poll(busy))).toBe(true)
        expect((yield* accounts.snapshot).rev).toBeGreaterThan(5)
        yield* Fiber.interrupt(busy)
      })
    )
  )

  it.live("collections created by two transactions at once: one of them runs again", () =>
    onANode(
      Effect.gen(function* () {
        const treeOf = (name: string) => Tree.define(name, { entry: Account, key: Schema.String, keyOf: (a) => a.id })
        const create = (names: ReadonlyArray<string>) =>
          Transaction.run(
            Effect.forEach(names, (name) => Effect.zipLeft(Tree.openOrCreate(treeOf(name)), Effect.sleep("1 millis")))
          )
        yield* Effect.all([create(["x", "y"]), create(["y", "x"]), create(["x", "z"])], { concurrency: "unbounded" })
        for (const name of ["x", "y", "z"]) yield* Tree.open(treeOf(name))
      })
    )
  )

  it.live("a conflict among concurrent calls is retried like any other", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts, balance, savings } = yield* bank
        let runs = 0
        yield* Transaction.run(
          Effect.gen(function* () {
            runs++
            yield* balance("a")
            if (runs === 1) yield* Transaction.outside(accounts.put({ balance: 5, id: "a" }))
            yield* Effect.all([savings.get("a"), Effect.sleep("5 seconds").pipe(Effect.when(() => runs === 1))], {
              concurrency: "unbounded"
            })
          })
        )
        expect(runs).toBe(2)
      })
    )
  )

  it.live("a fiber that outlives its transaction is told so, and writes nothing", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts } = yield* bank
        const late = yield* Transaction.run(
          Effect.forkDaemon(Effect.delay(accounts.put({ balance: 1, id: "late" }), "10 millis"))
        )
        expect(yield* Effect.flip(Fiber.join(late))).toMatchObject({ _tag: "Invalid" })
        const stream = yield* Transaction.run(Effect.succeed(accounts.range()))
        expect(Chunk.size(yield* Stream.runCollect(stream))).toBe(3)
        expect(yield* accounts.has("late")).toBe(false)
      })
    )
  )

  it.live("a nested run that fails undoes nothing of its siblings, slow as reading may be", () =>
    Effect.gen(function* () {
      const { accounts, balance } = yield* bank
      const failing = Transaction.run(
        Effect.zipRight(Effect.zipRight(accounts.delete("b"), Effect.sleep("20 millis")), Effect.fail("nested"))
      )
      yield* Transaction.run(
        Effect.all(
          [
            accounts.put({ balance: 1, id: "a" }),
            Effect.ignore(Effect.delay(failing, "1 millis")),
            Effect.delay(accounts.put({ balance: 3, id: "c" }), "5 millis"),
            Effect.ignore(failing)
          ],
          { concurrency: "unbounded" }
        )
      )
      expect([yield* balance("a"), yield* balance("b"), yield* balance("c")]).toEqual([1, 100, 3])
    }).pipe(
      Effect.provide(Node.layerLocal({ policy: { storage: { cacheBytes: 0 }, transactions: { cacheBytes: 0 } } }))
    )
  )

  it.live("a stream that was begun outside of a nested run goes on inside of it", () =>
    onANode(
      Effect.gen(function* () {
        const { accounts } = yield* bank
        const pulled = yield* Effect.scoped(
          Transaction.run(
            Effect.gen(function* () {
              const pull = yield* Stream.toPull(accounts.range())
              return yield* Transaction.run(pull)
            })
          )
        )
        expect(Chunk.size(pulled)).toBe(3)
      })
    )
  )

  it.live("is bounded: a transaction that is too large fails and writes nothing", () =>
    Effect.gen(function* () {
      const { accounts } = yield* bank
      const entries = Array.from({ length: 5_000 }, (_, i) => ({ balance: i, id: `entry ${i}` }))
      expect(yield* Effect.flip(accounts.putAll(entries))).toMatchObject({ _tag: "LimitExceeded", limit: 50 })
      expect(yield* accounts.count()).toBe(3)
    }).pipe(Effect.provide(Node.layerLocal({ policy: { transactions: { maxTransactionBlocks: 50 } } })))
  )
})

/** An effect as a fiber that was started outside of any transaction would run it. */
const outside = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => Transaction.outside(effect)
