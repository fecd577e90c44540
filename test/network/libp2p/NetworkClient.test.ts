import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Node from "../../../layers/Node.ts"
import { Directory } from "../../../services/Directory.ts"
import { Signer } from "../../../services/Signer.ts"
import { StorageRepo } from "../../../services/StorageRepo.ts"
import { Transactor } from "../../../services/Transactor.ts"
import * as Collections from "../../../src/collection/Collections.ts"
import * as Diary from "../../../src/collection/Diary.ts"
import * as Tree from "../../../src/collection/Tree.ts"
import * as Transaction from "../../../src/transaction/Transaction.ts"
import { identityOf, signerOf } from "../../storage/TestServices.ts"
import { temporaryDirectory } from "../../storage/temporaryDirectory.ts"
import { ANY_PORT, addressOf, PEERS, runningNetwork } from "./runningNetwork.ts"

const NOWHERE = `/ip4/127.0.0.1/tcp/1/p2p/${PEERS[0]}`

const Word = Schema.Struct({ word: Schema.String })
const Words = Tree.define("words", { entry: Word, key: Schema.String, keyOf: ({ word }) => word })
const Log = Diary.define("log", { entry: Schema.String })

const clientOf = (address: string, options: Partial<Node.NetworkClientOptions> = {}) =>
  Layer.build(Node.layerClient({ bootstrap: [address], network: "test", ...options }))

const write = Transaction.run(
  Effect.gen(function* () {
    const words = yield* Tree.openOrCreate(Words)
    const log = yield* Diary.openOrCreate(Log)
    yield* words.put({ word: "oslo" })
    yield* log.append("oslo")
  })
)
const read = Effect.gen(function* () {
  const words = yield* Tree.open(Words)
  const log = yield* Diary.open(Log)
  return [yield* words.get("oslo"), yield* log.length] as const
})

const failing = (options: Partial<Node.NetworkClientOptions>) =>
  Effect.flip(
    Layer.build(Node.layerClient({ bootstrap: [NOWHERE], network: "test", policy: { joinMillis: 300 }, ...options }))
  )

describe("Node.layerClient", () => {
  it.scopedLive.each([
    ["with founders", { founders: PEERS }, {}],
    ["with a roster", { roster: PEERS }, { roster: PEERS }]
  ] as const)("in a network %s what a client writes another reads, and neither is anybody's peer", ([, nodes, own]) =>
    Effect.gen(function* () {
      const { address, nodes: running } = yield* runningNetwork(nodes)
      const [one, other] = [yield* clientOf(address, own), yield* clientOf(address, own)]
      yield* Effect.provide(write, one)
      expect(yield* Effect.provide(read, other)).toEqual([Option.some({ word: "oslo" }), 1])
      expect(yield* Effect.provide(read, running[2]!)).toEqual([Option.some({ word: "oslo" }), 1])

      const told = yield* Effect.provide(Stream.runCollect(Collections.list), other)
      expect([...told].map(({ name }) => name).sort()).toEqual(["log", "words"])
      expect(yield* Effect.provide(Collections.verify("words"), other)).toMatchObject({
        isComplete: true,
        problems: []
      })
      for (const { id } of told) {
        const members = yield* Context.get(other, Transactor).membersFor(id)
        expect(members).toEqual([...PEERS].sort())
      }
      const peers = [one, other].map((client) => Context.get(client, Signer).peer)
      for (const node of running) {
        const known = Context.get(node, Directory)
          .known()
          .map(({ record }) => record.peer)
        expect(known.filter((peer) => peers.includes(peer))).toEqual([])
      }
      expect(Context.getOption(one as Context.Context<never>, StorageRepo)).toEqual(Option.none())
    })
  )

  it.scopedLive("a client goes on with what it created, without asking anybody who keeps it", () =>
    Effect.gen(function* () {
      const { address } = yield* runningNetwork()
      const client = yield* clientOf(address)
      const words = yield* Effect.provide(Tree.openOrCreate(Words), client)
      yield* Effect.provide(words.put({ word: "oslo" }), client)
      yield* Effect.provide(words.put({ word: "rome" }), client)
      expect(yield* Effect.provide(words.count(), client)).toBe(2)
    })
  )

  it.scopedLive("a client that nobody of its network answers is told who is silent, and why", () =>
    Effect.gen(function* () {
      const node = yield* Layer.build(Node.layer({ identity: identityOf(71), listen: [ANY_PORT], network: "other" }))
      const address = yield* addressOf(node)
      const elsewhere = address.replace(/[^/]+$/, PEERS[0]!)
      const silent = { _tag: "PeerUnreachable", peer: PEERS[0] }
      expect(yield* failing({})).toMatchObject({ ...silent, reason: expect.stringContaining("nobody of the network") })
      expect(yield* failing({ bootstrap: [elsewhere] })).toMatchObject({
        ...silent,
        reason: "somebody else answers at its address"
      })
      expect(yield* failing({ bootstrap: [address] })).toMatchObject({
        _tag: "PeerUnreachable",
        peer: signerOf(71).peer,
        reason: 'it is not of the network "test"'
      })
    })
  )

  it.scopedLive("a client of a network that is smaller than a cluster is told how many it knows", () =>
    Effect.gen(function* () {
      const alone = { clusterSize: 1, faultModel: "crash", founders: [signerOf(72).peer] } as const
      const node = yield* Layer.build(
        Node.layer({ ...alone, identity: identityOf(72), listen: [ANY_PORT], network: "test" })
      )
      yield* Effect.provide(Node.ready(1), node)
      const bootstrap = [yield* addressOf(node)]
      expect(yield* failing({ bootstrap, policy: { joinMillis: 1_500 } })).toMatchObject({
        _tag: "NotEnoughPeers",
        known: 1,
        need: 4
      })
    })
  )

  it.scopedLive("a client keeps its key where it is told to, and takes no node's", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const peer = yield* Node.peerIn(directory)
      const alone = { clusterSize: 1, faultModel: "crash", founders: [signerOf(73).peer] } as const
      const node = yield* Layer.build(
        Node.layer({ ...alone, identity: identityOf(73), listen: [ANY_PORT], network: "test" })
      )
      const client = yield* clientOf(yield* addressOf(node), { clusterSize: 1, directory, faultModel: "crash" })
      expect(Context.get(client, Signer).peer).toBe(peer)
      yield* Effect.provide(write, Node.layerLocal({ directory }))
      expect(yield* failing({ directory })).toMatchObject({
        _tag: "Invalid",
        reason: expect.stringContaining("the directory of a node")
      })
      expect(yield* failing({ bootstrap: [] })).toMatchObject({ _tag: "Invalid" })
    })
  )
})
