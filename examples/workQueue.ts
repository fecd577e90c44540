/**
 * A work queue: jobs on a chain, taken by several workers at once. To take a job and to write down what came of it is one
 * transaction; so each job is done once, and one whose worker fails is back in its place.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Data, Effect, Schema, Stream } from "effect"
import { Chain, Diary, Node, Transaction } from "effect-optimystic"

class Job extends Schema.Class<Job>("Job")({ number: Schema.Int }) {}

const Jobs = Chain.define("jobs", { entry: Job })
const Results = Diary.define("results", { entry: Schema.Struct({ job: Schema.Int, square: Schema.Int }) })

class Stumbled extends Data.TaggedError("Stumbled")<{ readonly job: number }> {}

const JOBS = 40
const WORKERS = 4
const STUMBLES_EVERY = 7

const program = Effect.gen(function* () {
  const jobs = yield* Chain.openOrCreate(Jobs)
  const results = yield* Diary.openOrCreate(Results)
  yield* jobs.add(...Array.from({ length: JOBS }, (_, number) => new Job({ number })))

  const stumbled = new Set<number>()
  const workOn = ({ number }: Job) =>
    number % STUMBLES_EVERY === 0 && !stumbled.has(number)
      ? Effect.zipRight(
          Effect.sync(() => stumbled.add(number)),
          new Stumbled({ job: number })
        )
      : Effect.succeed(number * number)

  /** Does the next job, and tells whether there was one. */
  const next = Transaction.run(
    Effect.gen(function* () {
      const [job] = yield* jobs.dequeue()
      if (job === undefined) return false
      yield* results.append({ job: job.number, square: yield* workOn(job) })
      return true
    })
  ).pipe(Effect.catchTag("Stumbled", () => Effect.succeed(true)))

  const worker = Effect.repeat(next, { while: (more) => more })
  yield* Effect.replicateEffect(worker, WORKERS, { concurrency: "unbounded" })

  const done = Array.from(yield* Stream.runCollect(results.read()), ({ job }) => job)
  yield* Console.log(`  ${WORKERS} workers stumbled ${stumbled.size} times, and did ${done.length} of ${JOBS} jobs`)
  yield* Console.log(`  jobs done more than once: ${done.length - new Set(done).size}`)
  yield* Console.log(`  jobs left: ${yield* jobs.length}`)
})

program.pipe(Effect.provide(Node.layerLocal()), NodeRuntime.runMain)
