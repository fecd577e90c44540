import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { Entropy } from "../../services/Entropy.ts"
import { FifoQueue } from "../../simulator/RunQueue.ts"
import { SimulatedScheduler } from "../../simulator/SimulatedScheduler.ts"
import * as Simulation from "../../simulator/Simulation.ts"
import * as Trace from "../../simulator/Trace.ts"

const INTERLEAVINGS = ["fifo", "random"] as const

const succeeded = <A, E>(result: Simulation.Result<A, E>): A => {
  if (Exit.isFailure(result.exit)) throw new Error(Cause.pretty(result.exit.cause))
  return result.exit.value
}

const failure = <A, E>(result: Simulation.Result<A, E>): E | Simulation.SimulationError => {
  if (Exit.isSuccess(result.exit)) throw new Error("expected a failure")
  if (result.exit.cause._tag !== "Fail") throw new Error(Cause.pretty(result.exit.cause))
  return result.exit.cause.error
}

/** Reads, gives way, and writes: updates get lost when another worker comes between. */
const racyCounter = (workers: number, increments: number) =>
  Effect.gen(function* () {
    const counter = yield* Ref.make(0)
    const worker = (name: number) =>
      Effect.gen(function* () {
        for (let i = 0; i < increments; i++) {
          const read = yield* Ref.get(counter)
          yield* Effect.yieldNow()
          yield* Ref.set(counter, read + 1)
          yield* Trace.record(`worker ${name} writes ${read + 1}`)
        }
      })
    yield* Effect.all(
      Array.from({ length: workers }, (_, name) => worker(name)),
      { concurrency: "unbounded" }
    )
    return yield* Ref.get(counter)
  })

/** Everything that could tell two runs apart: time, randomness, entropy, scheduling. */
const busy = Effect.gen(function* () {
  const entropy = yield* Entropy
  const worker = (name: number) =>
    Effect.gen(function* () {
      for (let i = 0; i < 5; i++) {
        yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 4)))
        const now = yield* Clock.currentTimeMillis
        yield* Trace.record(`${name} at ${now} draws ${entropy.bytes(4).join()}`)
      }
    }).pipe(Effect.retry(Schedule.jittered(Schedule.spaced("3 millis"))), Effect.timeout("1 second"))
  yield* Effect.forEach([1, 2, 3, 4, 5], worker, { concurrency: "unbounded" })
})

describe("a run", () => {
  it.each(INTERLEAVINGS)("of one seed is the same run twice (%s)", (interleave) => {
    for (const seed of [1, 2, "three"]) {
      const first = Simulation.run(busy, { seed, interleave })
      const second = Simulation.run(busy, { seed, interleave })
      succeeded(first)
      expect(second).toEqual(first)
      expect(first.traceHash).toMatch(/^[0-9a-f]{16}$/)
      expect(first.events).toHaveLength(25)
    }
  })

  it("of another seed takes another course", () => {
    const hashes = Array.from({ length: 50 }, (_, seed) => Simulation.run(racyCounter(3, 3), { seed }).traceHash)
    expect(new Set(hashes).size).toBe(50)
  })

  it("in fifo order depends on the seed only through what is drawn", () => {
    const hashes = [1, 2, 3].map((seed) => Simulation.run(racyCounter(3, 3), { seed, interleave: "fifo" }).traceHash)
    expect(new Set(hashes).size).toBe(1)
    const drawn = [1, 2, 3].map((seed) => Simulation.run(busy, { seed, interleave: "fifo" }).traceHash)
    expect(new Set(drawn).size).toBe(3)
  })

  it("finds a lost update in a few seeds, and replays it", () => {
    const outcome = (seed: number) => succeeded(Simulation.run(racyCounter(2, 1), { seed }))
    const outcomes = Array.from({ length: 20 }, (_, seed) => outcome(seed))
    expect(new Set(outcomes)).toEqual(new Set([1, 2]))
    const failing = outcomes.indexOf(1)
    expect(outcome(failing)).toBe(1)
  })

  it("tells schedules apart by its hash even if nothing else differs", () => {
    const spin = Effect.forever(Effect.yieldNow())
    const hash = (seed: number) =>
      Simulation.run(Effect.all([spin, spin, spin], { concurrency: 3 }), { seed, maxSteps: 300 }).traceHash
    expect(new Set(Array.from({ length: 50 }, (_, seed) => hash(seed))).size).toBe(50)
  })

  it("changes its hash when only the time of something changes", () => {
    const hash = (millis: number) => Simulation.run(Effect.sleep(millis), { seed: 1 }).traceHash
    expect(hash(1)).toBe(hash(1))
    expect(hash(1)).not.toBe(hash(1.5))
  })

  it("changes its hash when only a recorded event changes", () => {
    const hash = (text: string) => Simulation.run(Trace.record(text), { seed: 1 }).traceHash
    expect(hash("one")).toBe(hash("one"))
    expect(hash("one")).not.toBe(hash("two"))
  })

  it("returns the last events, with when they happened", () => {
    const program = Effect.forEach([1, 2, 3, 4, 5, 6, 7], (n) => Effect.delay(Trace.record(`event ${n}`), "2 millis"))
    const events = Simulation.run(program, { seed: 1, keepEvents: 2 }).events
    expect(events.map(({ nowMillis, text }) => [nowMillis, text])).toEqual([
      [12, "event 6"],
      [14, "event 7"]
    ])
    expect(Simulation.run(program, { seed: 1, keepEvents: 0 }).events).toEqual([])
  })

  it("passes failures, defects and interruption of the main fiber on", () => {
    expect(Simulation.run(Effect.fail("no"), { seed: 1 }).exit).toEqual(Exit.fail("no"))
    expect(Simulation.run(Effect.die("bug"), { seed: 1 }).exit).toEqual(Exit.die("bug"))
    const { exit } = Simulation.run(Effect.interrupt, { seed: 1 })
    expect(Exit.isInterrupted(exit)).toBe(true)
  })

  it("recording outside of a simulation does nothing", () => {
    expect(Effect.runSync(Trace.record("nowhere"))).toBeUndefined()
  })
})

describe("virtual time", () => {
  it("jumps: 2,500 sleeps take well under a second", () => {
    const log: Array<string> = []
    const worker = (name: number) =>
      Effect.gen(function* () {
        for (let i = 0; i < 500; i++) {
          yield* Effect.sleep(Duration.millis(10 + name))
          log.push(`${name}@${yield* Clock.currentTimeMillis}`)
        }
      })
    const started = performance.now()
    const result = Simulation.run(Effect.forEach([1, 2, 3, 4, 5], worker, { concurrency: "unbounded" }), { seed: 1 })
    succeeded(result)
    expect(performance.now() - started).toBeLessThan(1000)
    expect(log).toHaveLength(2500)
    expect(result.nowMillis).toBe(500 * 15)
  })

  it("fires timers in the order of their deadlines, whatever order they were set or cancelled in", () => {
    const program = Effect.gen(function* () {
      const delays = yield* Random.shuffle(Array.from({ length: 300 }, (_, i) => i + 1))
      const cancelled = yield* Effect.fork(
        Effect.forEach(delays, (n) => Effect.sleep(n + 0.5), { concurrency: "unbounded" })
      )
      const order = yield* Ref.make<ReadonlyArray<number>>([])
      const note = (n: number) =>
        Effect.delay(
          Ref.update(order, (seen) => [...seen, n]),
          Duration.millis(n)
        )
      yield* Effect.delay(Fiber.interrupt(cancelled), "100 millis").pipe(Effect.fork)
      yield* Effect.forEach(delays, note, { concurrency: "unbounded" })
      return yield* Ref.get(order)
    })
    for (const seed of [1, 2, 3]) {
      expect(succeeded(Simulation.run(program, { seed }))).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
    }
  })

  it("counts fractions of a millisecond, and shows whole ones like a real clock", () => {
    const program = Effect.gen(function* () {
      yield* Effect.sleep(Duration.micros(1_500n))
      return [yield* Clock.currentTimeMillis, yield* Clock.currentTimeNanos]
    })
    expect(succeeded(Simulation.run(program, { seed: 1 }))).toEqual([1, 1_500_000n])
  })

  it.each(INTERLEAVINGS)("cuts off by timeout what is too slow, and runs its finalizers (%s)", (interleave) => {
    const program = Effect.gen(function* () {
      const closed = yield* Ref.make(false)
      const slow = Effect.sleep("1 hour").pipe(Effect.onInterrupt(() => Ref.set(closed, true)))
      const outcome = yield* Effect.either(Effect.timeout(slow, "20 millis"))
      return [outcome._tag, yield* Ref.get(closed), yield* Clock.currentTimeMillis]
    })
    expect(succeeded(Simulation.run(program, { seed: 1, interleave }))).toEqual(["Left", true, 20])
  })

  it("retries with exponential, jittered delays; jitter comes from the seed", () => {
    const attempts = (seed: number) =>
      succeeded(
        Simulation.run(
          Effect.gen(function* () {
            const times: Array<number> = []
            const attempt = Effect.flatMap(Clock.currentTimeNanos, (now) => {
              times.push(Number(now) / 1e6)
              return Effect.fail("again")
            })
            const policy = Schedule.jittered(Schedule.exponential("10 millis")).pipe(
              Schedule.intersect(Schedule.recurs(4))
            )
            yield* Effect.either(Effect.retry(attempt, policy))
            return times
          }),
          { seed }
        )
      )
    const times = attempts(7)
    expect(times).toHaveLength(5)
    for (const [index, exponential] of [10, 20, 40, 80].entries()) {
      const waited = times[index + 1]! - times[index]!
      expect(waited).toBeGreaterThanOrEqual(0.8 * exponential - 0.001)
      expect(waited).toBeLessThanOrEqual(1.2 * exponential + 0.001)
    }
    expect(attempts(7)).toEqual(times)
    expect(attempts(8)).not.toEqual(times)
  })
})

describe("a run that does not end", () => {
  it("is a deadlock when nothing could ever wake it", () => {
    const program = Effect.gen(function* () {
      const [first, second] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const wait = (on: Deferred.Deferred<void>, then: Deferred.Deferred<void>) =>
        Effect.zipRight(Deferred.await(on), Deferred.succeed(then, undefined))
      yield* Effect.all([wait(first, second), wait(second, first)], { concurrency: 2 })
    })
    const error = failure(Simulation.run(Effect.delay(program, "5 millis"), { seed: 1 }))
    expect(error).toBeInstanceOf(Simulation.Deadlock)
    expect(error).toMatchObject({ nowMillis: 5 })
  })

  it("is a deadlock when it waits for real time or a real promise, and the message says so", () => {
    for (const outside of [Effect.promise(() => Promise.resolve(1)), Effect.never, Effect.sleep(Duration.infinity)]) {
      const error = failure(Simulation.run(outside, { seed: 1 }))
      expect(error).toBeInstanceOf(Simulation.Deadlock)
      expect(String(error)).toContain("real promise")
    }
  })

  it("is not put off by timers that were cancelled, and counts no fibers that ended", () => {
    const program = Effect.zipRight(Effect.timeout(Effect.sleep("1 milli"), "1 hour"), Effect.never)
    expect(failure(Simulation.run(program, { seed: 1 }))).toMatchObject({
      _tag: "Deadlock",
      nowMillis: 1,
      liveFibers: 1
    })
  })

  it("ends at the limit of steps", () => {
    for (const endless of [Effect.forever(Effect.void), Effect.forever(Effect.sleep(0))]) {
      const result = Simulation.run(endless, { seed: 1, maxSteps: 100 })
      expect(failure(result)).toBeInstanceOf(Simulation.StepLimitExceeded)
      expect(result.steps).toBe(100)
    }
  })

  it("ends at the limit of virtual time, when a periodic task hides that nothing else moves", () => {
    const program = Effect.gen(function* () {
      yield* Effect.forkDaemon(Effect.forever(Effect.sleep("1 second")))
      yield* Effect.never
    })
    const result = Simulation.run(program, { seed: 1, maxVirtualMillis: 10_500 })
    expect(failure(result)).toBeInstanceOf(Simulation.TimeLimitExceeded)
    expect(result.nowMillis).toBe(10_000)
  })

  it("leaves nothing running: daemons are interrupted, their finalizers run, the trace is not touched", () => {
    const finalized: Array<string> = []
    const daemon = (name: string) =>
      Effect.never.pipe(
        Effect.onInterrupt(() =>
          Effect.sleep("1 minute").pipe(
            Effect.zipRight(Trace.record(name)),
            Effect.zipRight(Effect.sync(() => finalized.push(name)))
          )
        ),
        Effect.forkDaemon,
        Effect.zipRight(Effect.sleep("1 milli"))
      )
    const result = Simulation.run(Effect.zipRight(daemon("one"), daemon("two")), { seed: 1 })
    succeeded(result)
    expect(finalized.sort()).toEqual(["one", "two"])
    expect(result.events).toEqual([])
    expect(result.nowMillis).toBe(2)
  })

  it("stays ended when a real promise settles later", async () => {
    let woke = false
    const real = Promise.resolve()
    Simulation.run(
      Effect.uninterruptible(
        Effect.map(
          Effect.promise(() => real),
          () => (woke = true)
        )
      ),
      { seed: 1 }
    )
    await real
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(woke).toBe(false)
  })
})

describe("scheduling", () => {
  it.each(INTERLEAVINGS)("a fiber that only gives way does not starve the others (%s)", (interleave) => {
    const program = Effect.gen(function* () {
      const done = yield* Ref.make(false)
      const spinner = Effect.yieldNow().pipe(Effect.repeat({ until: () => Ref.get(done) }))
      const worker = Effect.yieldNow().pipe(Effect.repeatN(20), Effect.zipRight(Ref.set(done, true)))
      yield* Effect.all([spinner, worker], { concurrency: 2 })
    })
    expect(succeeded(Simulation.run(program, { seed: 1, interleave, maxSteps: 5_000 }))).toBeUndefined()
  })

  it("tasks of one fiber keep the order of their priorities, then of their coming", () => {
    const ran: Array<string> = []
    const scheduler = new SimulatedScheduler(new FifoQueue())
    for (const [name, priority] of [
      ["a1", 1],
      ["b0", 0],
      ["c1", 1],
      ["d0", 0]
    ] as const) {
      scheduler.scheduleTask(() => ran.push(name), priority)
    }
    for (let lane = scheduler.pick(); lane !== undefined; lane = scheduler.pick()) scheduler.runFirst(lane)
    expect(ran).toEqual(["b0", "d0", "a1", "c1"])
  })

  it("timers of one instant wake their fibers in any order", () => {
    const program = Effect.gen(function* () {
      const order = yield* Ref.make("")
      const append = (name: string) =>
        Effect.delay(
          Ref.update(order, (before) => before + name),
          "1 milli"
        )
      yield* Effect.forEach(["a", "b", "c"], append, { concurrency: "unbounded" })
      return yield* Ref.get(order)
    })
    const orders = new Set(Array.from({ length: 100 }, (_, seed) => succeeded(Simulation.run(program, { seed }))))
    expect(orders.size).toBe(6)
  })

  it("interruption reaches children and runs every finalizer before it answers", () => {
    const program = Effect.gen(function* () {
      const finalized: Array<string> = []
      const note = (name: string) => Effect.sync(() => finalized.push(name))
      const inner = Effect.sleep("1 hour").pipe(Effect.ensuring(note("inner")))
      const outer = Effect.fork(inner).pipe(
        Effect.flatMap((fiber) => Fiber.join(fiber)),
        Effect.ensuring(note("outer"))
      )
      const fiber = yield* Effect.fork(outer)
      yield* Effect.sleep("1 milli")
      const exit = yield* Fiber.interrupt(fiber)
      return [Exit.isInterrupted(exit), [...finalized].sort()]
    })
    for (let seed = 0; seed < 20; seed++) {
      expect(succeeded(Simulation.run(program, { seed }))).toEqual([true, ["inner", "outer"]])
    }
  })
})
