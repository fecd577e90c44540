import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule, Schema } from "effect"
import { Block, Collection, Database, Node, Transaction } from "effect-optimystic"
import { StorageUnavailable } from "../../schemas/Errors.ts"
import type { PendRequest } from "../../schemas/Repo.ts"
import type { TransactorService } from "../../services/Transactor.ts"
import * as Prng from "../../src/random/Prng.ts"
import * as Lines from "./Lines.ts"

const Definition = Lines.define("lines", Lines.filterConflict)

const insert = (at: number, text: string): Lines.Action & { readonly type: "insert" } => ({
  data: { at, text },
  type: "insert"
})
const remove = (data: number) => ({ data, type: "remove" }) as const

const lost = new StorageUnavailable({ operation: "answer", reason: "it was lost" })

/** What becomes of a transaction: it never arrives, or its answer does not, or it arrives some other time. */
type Fate = "arrives" | "is lost" | "answer is lost" | "is late"

/** The same database, with a transactor whose answers do not all arrive. */
const unreliable = (database: Database["Type"], fate: () => Fate) => {
  const late: Array<PendRequest> = []
  const { transactor } = database
  const transact: TransactorService["transact"] = (request) => {
    switch (fate()) {
      case "arrives":
        return transactor.transact(request)
      case "is lost":
        return Effect.fail(lost)
      case "answer is lost":
        return Effect.zipRight(transactor.transact(request), Effect.fail(lost))
      case "is late":
        late.push(request)
        return Effect.fail(lost)
    }
  }
  return {
    arriveLate: Effect.suspend(() => Effect.forEach(late.splice(0), transactor.transact)),
    database: { ...database, transactor: { ...transactor, transact } }
  }
}

/** A collection, and a snapshot of it whose transactions meet with the fates given, and then arrive. */
const fated = (...fates: ReadonlyArray<Fate>) =>
  Effect.gen(function* () {
    const lines = yield* Collection.openOrCreate(Definition)
    const left = [...fates]
    const { arriveLate, database } = unreliable(yield* Database, () => left.shift() ?? "arrives")
    const far = yield* Effect.provideService(Collection.open(Definition), Database, database)
    return { arriveLate, lines, local: yield* far.snapshot }
  })

const onANode = <A, E>(effect: Effect.Effect<A, E, Database>, policy: Partial<Node.NodePolicy> = {}) =>
  Effect.provide(effect, Node.layerLocal({ policy }))

describe("a local snapshot whose transactions get lost", () => {
  it.live("keeps what did not arrive, and commits it the next time", () =>
    onANode(
      Effect.gen(function* () {
        const { lines, local } = yield* fated("is lost")
        yield* local.act(insert(0, "a"))
        expect((yield* Effect.flip(local.sync))._tag).toBe("StorageUnavailable")
        expect(yield* local.pending).toHaveLength(1)
        yield* local.sync
        expect(yield* lines.read(Lines.all)).toEqual(["a"])
        expect(yield* local.pending).toEqual([])
      })
    )
  )

  it.live("knows its own transaction, whose answer was lost, by the log", () =>
    onANode(
      Effect.gen(function* () {
        const { lines, local } = yield* fated("answer is lost")
        yield* local.act(insert(0, "a"))
        expect((yield* Effect.flip(local.sync))._tag).toBe("StorageUnavailable")
        yield* local.act(insert(1, "b"))
        expect((yield* Effect.flip(local.sync))._tag).toBe("Conflict")
        yield* local.update
        expect(yield* local.pending).toEqual([insert(1, "b")])
        expect(yield* local.read(Lines.all)).toEqual(["a", "b"])
        yield* local.sync
        expect(yield* lines.read(Lines.all)).toEqual(["a", "b"])
      })
    )
  )

  it.live("takes one that arrives late for its own, too", () =>
    onANode(
      Effect.gen(function* () {
        const { arriveLate, lines, local } = yield* fated("is late", "is lost", "is late")
        yield* local.act(insert(0, "a"))
        yield* Effect.flip(local.sync)
        yield* local.act(insert(1, "b"))
        yield* Effect.flip(local.sync)
        yield* local.act(insert(2, "c"))
        yield* Effect.flip(local.sync)
        // The first to arrive has "a" alone; the other is of the same revision, and so comes too late.
        yield* arriveLate
        yield* local.updateAndSync
        expect(yield* lines.read(Lines.all)).toEqual(["a", "b", "c"])
      })
    )
  )

  it.live("what was discarded counts as of others, if it was committed after all", () =>
    onANode(
      Effect.gen(function* () {
        const { lines, local } = yield* fated("answer is lost")
        yield* local.act(insert(0, "a"))
        yield* Effect.flip(local.sync)
        yield* local.discard()
        expect(yield* local.read(Lines.all)).toEqual([])
        yield* local.act(insert(0, "b"))
        yield* local.updateAndSync
        expect(yield* lines.read(Lines.all)).toEqual(["a", "b"])
      })
    )
  )

  it.live("commits each action exactly once, whatever gets lost", () =>
    Effect.forEach([1, 2, 3], (seed) =>
      onANode(
        Effect.gen(function* () {
          const prng = Prng.make(`lost ${seed}`)
          const lines = yield* Collection.openOrCreate(Definition)
          let isReliable = false
          const fates: ReadonlyArray<Fate> = ["arrives", "is lost", "answer is lost", "is late"]
          const { arriveLate, database } = unreliable(yield* Database, () =>
            isReliable ? "arrives" : fates[prng.nextInt(fates.length)]!
          )
          const far = yield* Effect.provideService(Collection.open(Definition), Database, database)
          const locals = yield* Effect.replicateEffect(far.snapshot, 2)
          const texts: Array<string> = []
          for (let step = 0; step < 150; step++) {
            const local = locals[prng.nextInt(2)]!
            const text = `${step}`
            switch (prng.nextInt(6)) {
              case 0:
                yield* Effect.ignore(local.sync)
                break
              case 1:
                yield* local.update
                break
              case 2:
                yield* Effect.ignore(local.updateAndSync)
                break
              case 3:
                if (prng.nextInt(3) === 0) yield* arriveLate
                else yield* lines.act(insert(0, texts[texts.push(text) - 1]!))
                break
              default:
                yield* local.act(insert(0, texts[texts.push(text) - 1]!))
            }
          }
          isReliable = true
          for (const local of locals) yield* local.updateAndSync
          const found = yield* lines.read(Lines.all)
          expect([...found].sort()).toEqual(texts.sort())
        })
      )
    )
  )
})

describe("a local snapshot", () => {
  it.live("that is interrupted while it commits has either committed or not, and knows which", () =>
    onANode(
      Effect.gen(function* () {
        const lines = yield* Collection.openOrCreate(Definition)
        const database = yield* Database
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const transact: TransactorService["transact"] = (request) =>
          Deferred.succeed(reached, undefined).pipe(
            Effect.zipRight(Deferred.await(go)),
            Effect.zipRight(database.transactor.transact(request))
          )
        const slow = { ...database, transactor: { ...database.transactor, transact } }
        const far = yield* Effect.provideService(Collection.open(Definition), Database, slow)
        const local = yield* far.snapshot
        yield* local.act(insert(0, "a"))
        const fiber = yield* Effect.fork(local.sync)
        yield* Deferred.await(reached)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        // Actions do not wait for the commit that is under way.
        yield* local.act(insert(1, "b"))
        expect(yield* local.read(Lines.all)).toEqual(["a", "b"])
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(interrupting)
        expect(yield* local.pending).toEqual([insert(1, "b")])
        yield* local.updateAndSync
        expect(yield* lines.read(Lines.all)).toEqual(["a", "b"])
      })
    )
  )

  it.live("keeps its state and its actions where one of them cannot be repeated; then it may be discarded", () =>
    onANode(
      Effect.gen(function* () {
        const lines = yield* Collection.openOrCreate(Lines.define("lines"))
        yield* lines.act(insert(0, "a"))
        const local = yield* lines.snapshot
        yield* local.act(insert(1, "b"))
        yield* local.act(remove(0))
        yield* lines.act(remove(0))
        const { rev } = local
        for (const call of [local.update, local.updateAndSync]) {
          const refused = yield* Effect.flip(call)
          expect(refused._tag).toBe("ActionRefused")
          expect(refused.message).toContain("there is no line 1")
          expect(local.rev).toBe(rev)
          expect(yield* local.read(Lines.all)).toEqual(["b"])
          expect(yield* local.pending).toHaveLength(2)
        }
        yield* local.discard(({ type }) => type === "insert")
        expect(yield* local.read(Lines.all)).toEqual([])
        yield* local.discard()
        yield* local.update
        expect(local.rev).toBeGreaterThan(rev)
        expect(yield* local.read(Lines.all)).toEqual([])
      })
    )
  )

  it.live(
    "that has committed knows so, also where it cannot go on from there: then what is pending may be discarded",
    () =>
      onANode(
        Effect.gen(function* () {
          const lines = yield* Collection.openOrCreate(Lines.define("lines"))
          const database = yield* Database
          const last: { act: Effect.Effect<unknown, unknown> } = { act: Effect.void }
          const transact: TransactorService["transact"] = (request) =>
            Effect.tap(database.transactor.transact(request), () => Effect.orDie(last.act))
          const slow = { ...database, transactor: { ...database.transactor, transact } }
          const local = yield* (yield* Effect.provideService(Collection.open(Lines.define("lines")), Database, slow))
            .snapshot
          yield* local.act(insert(0, "a"))
          // While the answer is on its way, the line is removed by both.
          last.act = Effect.zipRight(local.act(remove(0)), lines.act(remove(0)))
          yield* local.sync
          last.act = Effect.void
          expect(yield* local.pending).toEqual([remove(0)])
          for (const call of [local.update, local.sync, local.updateAndSync]) {
            expect((yield* Effect.flip(call))._tag).toBe("ActionRefused")
          }
          yield* local.discard()
          expect(yield* local.pending).toEqual([])
          expect(yield* local.read(Lines.all)).toEqual(["a"])
          yield* local.act(insert(0, "b"))
          yield* local.updateAndSync
          expect(yield* lines.read(Lines.all)).toEqual(["b"])
          expect(yield* local.read(Lines.all)).toEqual(["b"])
        })
      )
  )

  it.live("tries as often as the policy has it, where others are always first, and then keeps what is pending", () =>
    onANode(
      Effect.gen(function* () {
        const lines = yield* Collection.openOrCreate(Definition)
        const database = yield* Database
        const transact: TransactorService["transact"] = (request) =>
          Effect.zipRight(Effect.orDie(lines.act(insert(0, "other"))), database.transactor.transact(request))
        const busy = { ...database, transactor: { ...database.transactor, transact } }
        const local = yield* (yield* Effect.provideService(Collection.open(Definition), Database, busy)).snapshot
        yield* local.act(insert(0, "a"))
        const failure = yield* Effect.flip(local.updateAndSync)
        expect(failure._tag === "Conflict" && failure.attempts).toBe(3)
        expect(yield* local.pending).toEqual([insert(2, "a")])
        expect(yield* lines.read(Lines.all)).toEqual(["other", "other", "other"])
      }),
      { transactions: { retry: Schedule.recurs(2) } }
    )
  )

  it.live("refuses to commit inside of a transaction; outside of it, it may", () =>
    onANode(
      Effect.gen(function* () {
        const lines = yield* Collection.openOrCreate(Definition)
        const local = yield* lines.snapshot
        yield* local.act(insert(0, "a"))
        yield* Transaction.run(
          Effect.gen(function* () {
            expect((yield* Effect.flip(local.sync))._tag).toBe("Invalid")
            expect((yield* Effect.flip(local.updateAndSync))._tag).toBe("Invalid")
            yield* Transaction.outside(local.sync)
          })
        )
        expect(yield* lines.read(Lines.all)).toEqual(["a"])
      })
    )
  )

  it.live("is of committed states: a collection that is being created has none yet", () =>
    onANode(
      Effect.gen(function* () {
        const failure = yield* Effect.flip(
          Transaction.run(Effect.flatMap(Collection.openOrCreate(Definition), ({ snapshot }) => snapshot))
        )
        expect(failure._tag).toBe("CollectionNotFound")
      })
    )
  )

  it.live("takes no more than one transaction could commit", () =>
    onANode(
      Effect.gen(function* () {
        const Log = Collection.define("log", {
          actions: { say: Collection.action(Schema.String, () => undefined) },
          create: (store) => Block.define("nothing", {}).insert(store, {}),
          kind: "log"
        })
        const local = yield* (yield* Collection.openOrCreate(Log)).snapshot
        const say = (data: string) => local.act({ data, type: "say" })
        yield* say("x".repeat(2_500))
        const large = yield* Effect.flip(say("x".repeat(2_500)))
        expect(large.message).toContain("the size of the pending actions is 5")
        expect(yield* local.pending).toHaveLength(1)
        yield* local.discard()
        yield* say("x".repeat(2_500))
      }),
      { transactions: { maxTransactionBytes: 4_000 } }
    )
  )

  it.live("takes a bounded number of actions", () =>
    onANode(
      Effect.gen(function* () {
        const lines = yield* Collection.openOrCreate(Lines.define("lines"))
        const local = yield* lines.snapshot
        const texts = yield* Effect.iterate(0, {
          body: (n) => Effect.as(local.act(n % 2 === 0 ? insert(0, "a") : (remove(0) as never)), n + 1),
          while: (n) => n < 10_000
        })
        expect(texts).toBe(10_000)
        const failure = yield* Effect.flip(local.act(insert(0, "a")))
        expect(failure.message).toContain("the number of pending actions is 10001")
      })
    )
  )

  it.live("a filter that throws changes nothing", () =>
    onANode(
      Effect.gen(function* () {
        const lines = yield* Collection.openOrCreate(
          Lines.define("lines", () => {
            throw new Error("a bug")
          })
        )
        const local = yield* lines.snapshot
        yield* local.act(insert(0, "a"))
        yield* local.update
        yield* lines.act(insert(0, "b"))
        const exit = yield* Effect.exit(local.update)
        expect(exit._tag).toBe("Failure")
        expect(yield* local.read(Lines.all)).toEqual(["a"])
        expect(yield* local.pending).toHaveLength(1)
      })
    )
  )

  it.live("of many fibers: each of their actions is committed once", () =>
    onANode(
      Effect.gen(function* () {
        const lines = yield* Collection.openOrCreate(Definition)
        const local = yield* lines.snapshot
        yield* Effect.forEach(
          Array.from({ length: 30 }, (_, i) => i),
          (i) =>
            Effect.zipRight(
              local.act(insert(0, `${i}`)),
              i % 3 === 0 ? lines.act(insert(0, `other ${i}`)) : local.updateAndSync
            ),
          { concurrency: "unbounded" }
        )
        yield* local.updateAndSync
        expect(new Set(yield* lines.read(Lines.all)).size).toBe(40)
        expect(yield* lines.read(Lines.all)).toHaveLength(40)
        expect(yield* local.read(Lines.all)).toEqual(yield* lines.read(Lines.all))
      })
    )
  )
})
