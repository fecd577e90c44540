import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as GroupCommit from "../../layers/storage/GroupCommit.ts"

/** Lets everything that can go on do so. */
const settled = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** A disk whose batches end when the test says so, and fail where it says so. */
const makeDisk = () => {
  const batches: Array<{ readonly operations: ReadonlyArray<string>; readonly sequence: number }> = []
  const pending: Array<{ readonly resolve: () => void; readonly reject: (cause: Error) => void }> = []
  const commit = (operations: ReadonlyArray<string>, sequence: number) => {
    batches.push({ operations, sequence })
    return new Promise<void>((resolve, reject) => pending.push({ resolve, reject }))
  }
  const group = GroupCommit.make<string>({
    commit,
    isUndone: (cause) => cause instanceof Error && cause.message === "undone",
    last: 10,
    maxGroupOperations: 3,
    maxGroupSize: 8,
    maxWaitingWrites: 5,
    sizeOf: (operation) => operation.length
  })
  const end = Effect.suspend(() => {
    pending.shift()!.resolve()
    return settled
  })
  const failWith = (reason: string) =>
    Effect.suspend(() => {
      pending.shift()!.reject(new Error(reason))
      return settled
    })
  const start = (...operations: ReadonlyArray<string>) =>
    Effect.zipLeft(Effect.fork(group.write(operations)), Effect.yieldNow())
  return { batches, end, failWith, group, start }
}

const isDone = (fiber: Fiber.RuntimeFiber<unknown, unknown>) =>
  Effect.map(Fiber.poll(fiber), (exit) => exit._tag === "Some")

describe("GroupCommit", () => {
  it.effect("writes one batch at a time, and what waits as one batch under one number", () =>
    Effect.gen(function* () {
      const disk = makeDisk()
      const fibers = [
        yield* disk.start("a"),
        yield* disk.start("b", "c"),
        yield* disk.start("d"),
        yield* disk.start("e")
      ]
      expect(disk.batches).toEqual([{ operations: ["a"], sequence: 11 }])
      yield* disk.end
      expect(yield* isDone(fibers[0]!)).toBe(true)
      expect(yield* isDone(fibers[1]!)).toBe(false)
      yield* disk.end
      yield* disk.end
      expect(disk.batches.slice(1)).toEqual([
        { operations: ["b", "c", "d"], sequence: 12 },
        { operations: ["e"], sequence: 13 }
      ])
      yield* Effect.forEach(fibers, Fiber.join)
    })
  )

  it.effect("fails a batch, what waits behind it, and whatever comes later, after a failed write", () =>
    Effect.gen(function* () {
      const disk = makeDisk()
      const [first, waiting] = [yield* disk.start("a"), yield* disk.start("b")]
      yield* disk.failWith("no space left")
      const unavailable = (reason: RegExp, mayHaveLanded = false) => ({
        _tag: "StorageUnavailable",
        mayHaveLanded,
        reason: expect.stringMatching(reason)
      })
      expect(yield* Effect.flip(Fiber.join(first))).toMatchObject(unavailable(/^no space left$/, true))
      expect(yield* Effect.flip(Fiber.join(waiting))).toMatchObject(unavailable(/earlier write failed.*no space left/))
      expect(yield* Effect.flip(disk.group.write(["c"]))).toMatchObject(unavailable(/earlier write failed/))
      expect(disk.batches).toHaveLength(1)
      expect(yield* disk.group.close).toBe(10)
    })
  )

  it.effect("fails a batch alone after a failure that was undone, and gives its number to the next", () =>
    Effect.gen(function* () {
      const disk = makeDisk()
      const [first, waiting] = [yield* disk.start("a"), yield* disk.start("b")]
      yield* disk.failWith("undone")
      expect(yield* Effect.flip(Fiber.join(first))).toMatchObject({ mayHaveLanded: false, reason: "undone" })
      yield* disk.end
      yield* Fiber.join(waiting)
      expect(disk.batches).toEqual([
        { operations: ["a"], sequence: 11 },
        { operations: ["b"], sequence: 11 }
      ])
      expect(yield* disk.group.close).toBe(11)
    })
  )

  it.effect("makes no group larger than it may be, but for a single write", () =>
    Effect.gen(function* () {
      const disk = makeDisk()
      const large = "a large operation"
      const fibers = [yield* disk.start("a")]
      for (const operation of ["four", "more", "5", large, "b"]) fibers.push(yield* disk.start(operation))
      for (let group = 0; group < 5; group++) yield* disk.end
      yield* Effect.forEach(fibers, Fiber.join)
      expect(disk.batches.map(({ operations }) => operations)).toEqual([["a"], ["four", "more"], ["5"], [large], ["b"]])
    })
  )

  it.effect("lets accepted writes finish when it is closed, and takes no more", () =>
    Effect.gen(function* () {
      const disk = makeDisk()
      const fibers = [yield* disk.start("a"), yield* disk.start("b")]
      const closing = yield* Effect.fork(disk.group.close)
      yield* settled
      expect((yield* Effect.flip(disk.group.write(["c"]))).reason).toBe("the store is closed")
      expect(yield* isDone(closing)).toBe(false)
      yield* disk.end
      yield* disk.end
      yield* Effect.forEach(fibers, Fiber.join)
      expect(yield* Fiber.join(closing)).toBe(12)
    })
  )

  it.effect("drops a waiting write that is interrupted, and waits for one that has begun", () =>
    Effect.gen(function* () {
      const disk = makeDisk()
      const [begun, waiting, other] = [yield* disk.start("a"), yield* disk.start("b"), yield* disk.start("c")]
      expect(Exit.isInterrupted(yield* Fiber.interrupt(waiting))).toBe(true)
      const interrupting = yield* Effect.fork(Fiber.interrupt(begun))
      yield* settled
      expect(yield* isDone(interrupting)).toBe(false)
      yield* disk.end
      yield* Fiber.join(interrupting)
      yield* disk.end
      yield* Fiber.join(other)
      expect(disk.batches.map(({ operations }) => operations)).toEqual([["a"], ["c"]])
    })
  )

  it.effect("refuses a write where too many wait", () =>
    Effect.gen(function* () {
      const disk = makeDisk()
      for (const name of ["a", "b", "c", "d", "e", "f"]) yield* disk.start(name)
      expect((yield* Effect.flip(disk.group.write(["g"]))).reason).toBe("5 writes are waiting")
      for (let group = 0; group < 3; group++) yield* disk.end
    })
  )
})
