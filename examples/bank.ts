/**
 * A bank: transfers by several fibers at once, each one transaction over the accounts and the ledger. Whatever
 * happens, no money is made or lost, and the ledger explains every balance.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import {
  Array,
  Cause,
  Console,
  Data,
  Duration,
  Effect,
  Either,
  Equal,
  Number,
  Random,
  Ref,
  Schema,
  Stream
} from "effect"
import { Diary, Node, Transaction, Tree } from "effect-optimystic"

class Account extends Schema.Class<Account>("Account")({ id: Schema.String, balance: Schema.Int }) {}

class Transfer extends Schema.Class<Transfer>("Transfer")({
  from: Schema.String,
  to: Schema.String,
  amount: Schema.Int
}) {}

const Accounts = Tree.define("accounts", { entry: Account, key: Schema.String, keyOf: (account) => account.id })
const Ledger = Diary.define("ledger", { entry: Transfer })

class InsufficientBalance extends Data.TaggedError("InsufficientBalance")<{
  readonly account: string
  readonly missing: number
}> {
  override get message() {
    return `${this.account} has ${this.missing} too little`
  }
}

class CheckFailed extends Data.TaggedError("CheckFailed")<{ readonly message: string }> {}

const OWNERS = ["ada", "ben", "cleo", "dan", "eve", "finn", "gus", "hana"]
const OPENING_BALANCE = 1_000
const TOTAL = OWNERS.length * OPENING_BALANCE
const TRANSFERS = 200
const MAX_AMOUNT = 900
const TELLERS = 8
const AUDIT_EVERY = "10 millis"
/** The same transfers each time. In which order they happen is up to the fibers. */
const SEED = "bank"

const openBooks = Effect.all({ accounts: Tree.openOrCreate(Accounts), ledger: Diary.openOrCreate(Ledger) })

const openAccounts = Effect.flatMap(openBooks, ({ accounts }) =>
  accounts.putAll(OWNERS.map((id) => ({ balance: OPENING_BALANCE, id })))
)

/** Moves money and writes it down: both, or neither. */
const transfer = (order: Transfer) =>
  Transaction.run(
    Effect.gen(function* () {
      const accounts = yield* Tree.open(Accounts)
      const ledger = yield* Diary.open(Ledger)
      yield* accounts.modify(order.to, (account) => ({ ...account, balance: account.balance + order.amount }))
      yield* ledger.append(order)
      const payer = yield* accounts.modify(order.from, (account) => ({
        ...account,
        balance: account.balance - order.amount
      }))
      // Everything is written by now. To fail is enough to undo it.
      if (payer.balance < 0) return yield* new InsufficientBalance({ account: payer.id, missing: -payer.balance })
    })
  )

/** Who has how much, and every transfer so far, as of one instant. */
const readBooks = Transaction.run(
  Effect.gen(function* () {
    const { accounts, ledger } = yield* openBooks
    return Data.struct({
      accounts: Data.array(Array.fromIterable(yield* Stream.runCollect(accounts.range()))),
      ledger: Data.array(Array.fromIterable(yield* Stream.runCollect(ledger.read())))
    })
  })
)

type Books = Effect.Effect.Success<typeof readBooks>

const totalOf = ({ accounts }: Books): number => Number.sumAll(accounts.map(({ balance }) => balance))

/** The balance that the ledger leads to. */
const balanceOf = (id: string, { ledger }: Books): number =>
  ledger.reduce(
    (balance, { amount, from, to }) => balance + (to === id ? amount : 0) - (from === id ? amount : 0),
    OPENING_BALANCE
  )

const areBalanced = (books: Books): boolean =>
  totalOf(books) === TOTAL && books.accounts.every(({ balance, id }) => balance === balanceOf(id, books))

/** Looks at the books again and again while transfers are under way, and fails as soon as they are out of balance. */
const audit = (audits: Ref.Ref<number>) =>
  Effect.forever(
    Effect.gen(function* () {
      yield* check(areBalanced(yield* readBooks), "the books are balanced at every instant")
      yield* Ref.update(audits, Number.increment)
      yield* Effect.sleep(AUDIT_EVERY)
    })
  )

const check = (holds: boolean, rule: string) =>
  holds ? Effect.void : Effect.fail(new CheckFailed({ message: `It does not hold that ${rule}` }))

const checked = (holds: boolean, rule: string) => Effect.zipRight(check(holds, rule), Console.log(`  ✓ ${rule}`))

const randomTransfer = Effect.gen(function* () {
  const from = yield* Random.nextIntBetween(0, OWNERS.length)
  const to = (from + (yield* Random.nextIntBetween(1, OWNERS.length))) % OWNERS.length
  const amount = yield* Random.nextIntBetween(1, MAX_AMOUNT + 1)
  return new Transfer({ amount, from: OWNERS[from]!, to: OWNERS[to]! })
})

const printAccounts = ({ accounts }: Books) =>
  Console.log(`${accounts.map(({ balance, id }) => `  ${id.padEnd(8)}${`${balance}`.padStart(6)}\n`).join("")}`)

/** Runs random transfers, several at a time, under the eyes of the auditor. Tells how many were declined. */
const runTransfers = Effect.gen(function* () {
  const orders = yield* Effect.replicateEffect(randomTransfer, TRANSFERS)
  const audits = yield* Ref.make(0)
  const tellers = Effect.forEach(
    orders,
    (order) =>
      transfer(order).pipe(
        Effect.as(0),
        Effect.catchTag("InsufficientBalance", () => Effect.succeed(1))
      ),
    { concurrency: TELLERS }
  )
  // The auditor never ends by itself, but fails where something is wrong.
  const [took, declined] = yield* Effect.timed(Effect.raceFirst(tellers, audit(audits)))
  return { audits: yield* Ref.get(audits), declined: Number.sumAll(declined), took }
})

const program = Effect.gen(function* () {
  yield* openAccounts
  yield* Console.log(`${OWNERS.length} accounts of ${OPENING_BALANCE}, ${TRANSFERS} transfers, ${TELLERS} at a time\n`)
  const { audits, declined, took } = yield* runTransfers
  const books = yield* readBooks
  yield* printAccounts(books)

  const done = TRANSFERS - declined
  yield* checked(totalOf(books) === TOTAL, `the total is ${totalOf(books)}, as before`)
  yield* checked(books.ledger.length === done, `the ledger has the ${done} transfers that went through`)
  yield* checked(declined > 0, `${declined} were declined for want of money`)
  yield* checked(areBalanced(books), "the ledger explains every balance")
  yield* checked(
    audits > 0,
    `the books were balanced each of the ${audits} times the auditor looked, in the middle of it`
  )

  const refused = yield* Effect.either(transfer({ amount: TOTAL + 1, from: "ada", to: "ben" }))
  yield* checked(
    Either.isLeft(refused) && refused.left._tag === "InsufficientBalance",
    `a transfer of ${TOTAL + 1} fails with InsufficientBalance`
  )
  yield* checked(Equal.equals(yield* readBooks, books), "and leaves no trace")

  const perSecond = Math.round(TRANSFERS / Duration.toSeconds(took))
  yield* Console.log(`\n${TRANSFERS} transfers in ${Math.round(Duration.toMillis(took))} ms: ${perSecond} a second`)
})

const inTemporaryDirectory = Effect.gen(function* () {
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped({ prefix: "effect-optimystic-bank-" })
  yield* Effect.provide(program, Node.layerLocal({ directory }))
})

inTemporaryDirectory.pipe(
  Effect.scoped,
  Effect.withRandom(Random.make(SEED)),
  Effect.tapError(({ message }) => Console.error(`✗ ${message}`)),
  Effect.tapDefect((cause) => Console.error(`✗ ${Cause.pretty(cause)}`)),
  Effect.provide(NodeContext.layer),
  // Errors have been reported by now: in one line, where they are expected.
  NodeRuntime.runMain({ disableErrorReporting: true })
)
