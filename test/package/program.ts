/** A program of a user, who has installed the package: all of its seven doors, with types that are inferred. */
import { Chunk, Effect, Either, Layer, Option, Schema, Stream } from "effect"
import { Diary, Node, Transaction, Tree } from "effect-optimystic"
import { Identity, MemoryStorage, NodeCrypto } from "effect-optimystic/layers"
import { Libp2pHost, Libp2pNetwork } from "effect-optimystic/libp2p"
import { Address, CollectionName, type Conflict, NetworkName, type PeerUnreachable } from "effect-optimystic/schemas"
import { Hasher, PeerNetwork, type PeerProtocol } from "effect-optimystic/services"
import { Simulation } from "effect-optimystic/simulator"
import { rawStorage } from "effect-optimystic/testing"

class Account extends Schema.Class<Account>("Account")({ id: Schema.String, balance: Schema.Int }) {}

const Accounts = Tree.define("accounts", { entry: Account, key: Schema.String, keyOf: (account) => account.id })
const ByBalance = Tree.define("by-balance", {
  entry: Schema.Struct({ balance: Schema.Int, id: Schema.String }),
  key: Schema.Tuple(Schema.Int, Schema.String),
  keyOf: ({ balance, id }) => [balance, id] as const
})
const Ledger = Diary.define("ledger", { entry: Schema.Struct({ amount: Schema.Int, from: Schema.String }) })

const transfer = (from: string, to: string, amount: number) =>
  Transaction.run(
    Effect.gen(function* () {
      const accounts = yield* Tree.open(Accounts)
      const index = yield* Tree.open(ByBalance)
      const ledger = yield* Diary.open(Ledger)
      const change = (id: string, by: number) =>
        Effect.gen(function* () {
          const before = yield* Effect.flatten(accounts.get(id))
          const after = yield* accounts.modify(id, (account) => ({ ...account, balance: account.balance + by }))
          yield* index.replace([
            [[before.balance, id], undefined],
            [[after.balance, id], { balance: after.balance, id }]
          ])
        })
      yield* change(from, -amount)
      yield* change(to, amount)
      yield* ledger.append({ amount, from })
    })
  )

const bank = Effect.gen(function* () {
  const accounts = yield* Tree.openOrCreate(Accounts)
  const index = yield* Tree.openOrCreate(ByBalance)
  const ledger = yield* Diary.openOrCreate(Ledger)
  for (const [id, balance] of [
    ["ada", 100],
    ["ben", 50]
  ] as const) {
    yield* accounts.put({ balance, id })
    yield* index.put({ balance, id })
  }
  // @ts-expect-error the key of an account is a text
  const mistaken = accounts.get(1)
  yield* Effect.ignore(mistaken)

  yield* transfer("ada", "ben", 30)
  const failed = yield* Effect.either(transfer("ada", "nobody", 30))

  const poorest: Option.Option<{ readonly balance: number; readonly id: string }> = yield* index.first
  const entries = yield* Stream.runCollect(accounts.range())
  return {
    accounts: Chunk.toReadonlyArray(entries).map((account) => [
      account instanceof Account,
      account.id,
      account.balance
    ]),
    failed: Either.isLeft(failed),
    index: yield* index.count(),
    ledger: yield* ledger.length,
    poorest: Option.getOrThrow(poorest).id
  }
})

/** The errors of a transaction are known to the compiler. */
const giveUp = ({ attempts }: Conflict) => Effect.succeed(`lost ${attempts} times`)
const retried = transfer("ada", "ben", 1).pipe(Effect.catchTag("Conflict", giveUp))

/** Storage of one's own is held to the rules of the port, without a test runner. */
const heldToRules = Effect.forEach(rawStorage, ({ check }) => check).pipe(
  Effect.map(({ length }) => length > 0),
  Effect.provide(MemoryStorage.layer)
)

const echo: PeerProtocol<string, string> = {
  answer: Schema.String as Schema.Schema<string, unknown>,
  maxAnswerBytes: 1_000,
  maxQuestionBytes: 1_000,
  name: "echo",
  question: Schema.String as Schema.Schema<string, unknown>
}

/** A peer on a socket of this machine, by the byte of its seed. */
const peerOf = (seed: number) => {
  const identity = Identity.fromSeed(new Uint8Array(32).fill(seed))
  const options = { listen: [Address.make("/ip4/127.0.0.1/tcp/0")], network: NetworkName.make("program") }
  return Libp2pNetwork.layer.pipe(
    Layer.provideMerge(Libp2pHost.layer(identity, options)),
    Layer.provide(NodeCrypto.layer(identity))
  )
}

/** Two peers over sockets: what one asks of a third, whom nobody knows, fails by a typed error. */
const overSockets = Effect.gen(function* () {
  const { self } = yield* Effect.provide(PeerNetwork, peerOf(1))
  const asked: Effect.Effect<string, PeerUnreachable | { readonly _tag: string }, PeerNetwork> = Effect.flatMap(
    PeerNetwork,
    (network) => network.ask(echo, self, "anybody?")
  )
  return yield* Effect.match(Effect.provide(asked, peerOf(2)), { onFailure: ({ _tag }) => _tag, onSuccess: () => "?" })
})

const doors = Effect.gen(function* () {
  const hasher = yield* Hasher
  const simulated = Simulation.run(Effect.sleep("1 hour"), { seed: 1 })
  return {
    digestBytes: hasher.sha256("").length,
    heldToRules: yield* heldToRules,
    isName: Schema.is(CollectionName)(""),
    overSockets: yield* overSockets,
    simulatedMillis: simulated.nowMillis
  }
}).pipe(Effect.provide(NodeCrypto.layerHasher))

const program = Effect.all({ bank: Effect.provide(Effect.tap(bank, retried), Node.layerLocal()), doors })

console.log(JSON.stringify(await Effect.runPromise(program)))
