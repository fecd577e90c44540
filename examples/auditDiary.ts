/**
 * An audit trail: each change of an account is written to a diary in the transaction that makes it, so that neither is ever
 * there without the other. The auditor keeps a bookmark, the revision of the diary that it has seen, and reads on from there.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Array, Console, Data, Effect, Option, Schema, Stream } from "effect"
import { Diary, Node, Transaction, Tree } from "effect-optimystic"

class Account extends Schema.Class<Account>("Account")({ id: Schema.String, limit: Schema.Int }) {}
class Change extends Schema.Class<Change>("Change")({
  account: Schema.String,
  clerk: Schema.String,
  from: Schema.Int,
  to: Schema.Int
}) {}

const Accounts = Tree.define("accounts", { entry: Account, key: Schema.String, keyOf: ({ id }) => id })
const Audit = Diary.define("audit", { entry: Change })
const Bookmark = Schema.Struct({ reader: Schema.String, rev: Schema.Int })
const Bookmarks = Tree.define("bookmarks", { entry: Bookmark, key: Schema.String, keyOf: ({ reader }) => reader })

class LimitTooHigh extends Data.TaggedError("LimitTooHigh")<{ readonly account: string }> {}

const ACCOUNTS = ["ann", "bob", "cleo"]
const FIRST_LIMIT = 100
const HIGHEST_LIMIT = 1_000
const AUDITOR = "auditor"

const program = Effect.gen(function* () {
  const accounts = yield* Tree.openOrCreate(Accounts)
  const audit = yield* Diary.openOrCreate(Audit)
  const bookmarks = yield* Tree.openOrCreate(Bookmarks)
  yield* accounts.putAll(ACCOUNTS.map((id) => new Account({ id, limit: FIRST_LIMIT })))

  const raise = (clerk: string, account: string, by: number) =>
    Transaction.run(
      Effect.gen(function* () {
        const { limit: to } = yield* accounts.modify(account, ({ id, limit }) => new Account({ id, limit: limit + by }))
        yield* audit.append(new Change({ account, clerk, from: to - by, to }))
        // Both are written by now. To fail is enough to undo both.
        if (to > HIGHEST_LIMIT) return yield* new LimitTooHigh({ account })
      })
    )

  /** What was recorded since the last review, transaction by transaction. */
  const review = Effect.gen(function* () {
    const since = Option.match(yield* bookmarks.get(AUDITOR), { onNone: () => 0, onSome: ({ rev }) => rev })
    const commits = Array.fromIterable(yield* Stream.runCollect(audit.changes({ since })))
    const changes = commits.flatMap((commit) => commit.changes)
    const clerks = [...new Set(changes.map(({ clerk }) => clerk))].sort()
    yield* Console.log(`  changes since the last review: ${changes.length}, by ${clerks.join(" and ") || "nobody"}`)
    yield* bookmarks.put({ reader: AUDITOR, rev: commits.at(-1)?.rev ?? since })
  })

  const rounds = Array.range(1, 5).flatMap((by) => ACCOUNTS.map((account) => ({ account, by })))
  yield* Effect.forEach(rounds, ({ account, by }) => raise("dora", account, by), { concurrency: "unbounded" })
  yield* review
  yield* raise("emil", "bob", 50)
  const refused = yield* Effect.either(raise("emil", "ann", HIGHEST_LIMIT))
  yield* Console.log(
    `  Emil may not raise Ann's limit by ${HIGHEST_LIMIT}: ${refused._tag === "Left" && refused.left._tag}`
  )
  yield* review
  yield* review

  const recorded = new Map(ACCOUNTS.map((id) => [id, FIRST_LIMIT]))
  const gaps = yield* Stream.runFold(audit.read(), 0, (found, { account, from, to }) => {
    const follows = recorded.get(account) === from
    recorded.set(account, to)
    return found + (follows ? 0 : 1)
  })
  const found = Array.fromIterable(yield* Stream.runCollect(accounts.range()))
  const explained = found.filter(({ id, limit }) => recorded.get(id) === limit)
  yield* Console.log(`  the diary explains ${explained.length} of ${found.length} limits, with ${gaps} gaps`)

  const reports = yield* Effect.all([accounts.verify(), audit.verify(), bookmarks.verify()])
  const problems = reports.flatMap((report) => report.problems)
  yield* Console.log(`  signatures, hashes and structure of all three: ${problems.length} problems`)
})

program.pipe(Effect.provide(Node.layerLocal()), NodeRuntime.runMain)
