import * as FileSystem from "node:fs/promises"
import { describe, expect, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { NetworkNodeOptions } from "../../../layers/NetworkNodeOptions.ts"
import * as Node from "../../../layers/Node.ts"
import type { NetworkNodeServices } from "../../../layers/network/libp2p/NetworkNode.ts"
import { Directory } from "../../../services/Directory.ts"
import { Discovery } from "../../../services/Discovery.ts"
import { Signer } from "../../../services/Signer.ts"
import * as Tree from "../../../src/collection/Tree.ts"
import { identityOf, signerOf } from "../../storage/TestServices.ts"
import { temporaryDirectory } from "../../storage/temporaryDirectory.ts"

const SEEDS = [21, 22, 23, 24]
const PEERS = SEEDS.map((seed) => signerOf(seed).peer)
const ANY_PORT = "/ip4/127.0.0.1/tcp/0"
/** Founders look around for less time than those of networks that are far apart. */
const QUICK = { activation: { alonenessMillis: 500, lookMillis: 50 } }
/** No node takes longer to stop: handlers, links, connections, store. */
const STOP_MILLIS = 5_000

const Words = Tree.define("words", {
  entry: Schema.Struct({ word: Schema.String }),
  key: Schema.String,
  keyOf: ({ word }) => word
})

type RunningNode = Context.Context<NetworkNodeServices>

/** Where a node can be joined by. */
const addressOf = (node: RunningNode) =>
  Effect.map(Context.get(node, Discovery).addresses, ([address]) => `${address}/p2p/${Context.get(node, Signer).peer}`)

/** Nodes that all join by the first. */
const started = (all: ReadonlyArray<Partial<NetworkNodeOptions>>) =>
  Effect.gen(function* () {
    const nodes: Array<RunningNode> = []
    for (const options of all) {
      const bootstrap = yield* Effect.forEach(nodes.slice(0, 1), addressOf)
      const layer = Node.layer({ bootstrap, listen: [ANY_PORT], network: "test", policy: QUICK, ...options })
      nodes.push(yield* Layer.build(layer))
    }
    return nodes
  })

const founding = SEEDS.map((seed) => ({ founders: PEERS, identity: identityOf(seed) }))
const write = (word: string) => Effect.flatMap(Tree.openOrCreate(Words), (words) => words.put({ word }))
const read = (word: string) => Effect.flatMap(Tree.open(Words), (words) => words.get(word))
const mistaken = (options: Partial<NetworkNodeOptions>) =>
  Effect.flip(Layer.build(Node.layer({ network: "test", ...options })))

describe("Node.layer", () => {
  it.scopedLive(
    "nodes that know one address and who the founders are become a network; one that joins later serves, too",
    () =>
      Effect.gen(function* () {
        const nodes = yield* started([...founding, { identity: identityOf(25) }])
        for (const node of nodes) yield* Effect.provide(Node.ready(), node).pipe(Effect.timeout("20 seconds"))
        yield* Effect.provide(write("oslo"), nodes[1]!)
        expect(yield* Effect.provide(read("oslo"), nodes[4]!)).toEqual(Option.some({ word: "oslo" }))
        yield* Effect.provide(write("rome"), nodes[4]!)
        expect(yield* Effect.provide(read("rome"), nodes[3]!)).toEqual(Option.some({ word: "rome" }))
        expect(Context.get(nodes[4]!, Directory).own()?.active).toBe(true)
      })
  )

  it.scopedLive("nodes with a roster serve without founders, and go on with what is in their directories", () =>
    Effect.gen(function* () {
      const all = yield* Effect.forEach(SEEDS, (seed) =>
        Effect.map(temporaryDirectory, (directory) => ({ directory, identity: identityOf(seed), roster: PEERS }))
      )
      const scope = yield* Scope.make()
      const nodes = yield* Scope.extend(started(all), scope)
      yield* Effect.provide(Node.ready(), nodes[0]!).pipe(Effect.timeout("20 seconds"))
      yield* Effect.provide(write("oslo"), nodes[0]!)
      const stopping = performance.now()
      yield* Scope.close(scope, Exit.void)
      expect(performance.now() - stopping).toBeLessThan(STOP_MILLIS)
      const again = yield* started(all)
      yield* Effect.provide(Node.ready(), again[2]!).pipe(Effect.timeout("20 seconds"))
      expect(yield* Effect.provide(read("oslo"), again[2]!)).toEqual(Option.some({ word: "oslo" }))
    })
  )

  it.scopedLive("a node keeps its key in its directory, or where it is told to", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const listed = Effect.promise(() => FileSystem.readdir(directory))
      const peerOf = (options: Partial<NetworkNodeOptions>) =>
        Effect.scoped(Effect.map(started([options]), ([node]) => Context.get(node!, Signer).peer))
      const peer = yield* peerOf({ directory })
      expect((yield* listed).toSorted()).toEqual(["identity.json", "store"])
      expect(yield* peerOf({ directory })).toBe(peer)
      expect(yield* peerOf({ directory, identityFile: `${directory}/keys/other.json` })).not.toBe(peer)
      expect(yield* listed).toContain("keys")
    })
  )

  it.scopedLive("a store of another network is not opened", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.provide(write("oslo"), Node.layerLocal({ directory, network: "bank" }))
      expect(yield* mistaken({ directory })).toMatchObject({ _tag: "StoreMismatch", found: "bank" })
    })
  )

  it.scopedLive.each([
    [{ network: "Not a name" }, "no network name"],
    [{ listen: ["localhost:4001"] }, '"localhost:4001" is no address'],
    [{ bootstrap: [ANY_PORT] }, "no address to start from"],
    [{ allow: ["me"] }, '"me" is no id of a peer'],
    [{ clusterSize: 3 }, "byzantine with 3 members tolerates no fault"],
    [{ roster: PEERS.slice(1) }, "at least as many nodes as a cluster, 4: it has 3"],
    [{ founders: PEERS, roster: PEERS }, "not both"],
    [{ directory: "data", storage: "memory" }, "would break its promises"]
  ] as const)("options that cannot be are told, %#", ([options, said]) =>
    Effect.gen(function* () {
      expect(yield* mistaken(options)).toMatchObject({ _tag: "Invalid", reason: expect.stringContaining(said) })
    })
  )

  it.scopedLive("a network does not begin with fewer founders than a cluster has members", () =>
    Effect.gen(function* () {
      expect(yield* mistaken({ founders: PEERS.slice(1) })).toMatchObject({ _tag: "TooFewFounders", founders: 3 })
    })
  )
})

describe("Node.layerConfig", () => {
  const build = (entries: Record<string, string>) =>
    Layer.build(Node.layerConfig).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(entries)), { pathDelim: "_" }))
    )

  it.scopedLive("a node is what its environment says", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const node = yield* build({
        OPTIMYSTIC_CLUSTER_SIZE: "1",
        OPTIMYSTIC_DIRECTORY: directory,
        OPTIMYSTIC_LISTEN: `${ANY_PORT}, /ip4/127.0.0.1/tcp/0`,
        OPTIMYSTIC_NETWORK: "test",
        OPTIMYSTIC_ROLE: "storage",
        OPTIMYSTIC_STORAGE: "files"
      })
      expect(Context.get(node, Directory).own()).toMatchObject({ active: false, role: "storage" })
      expect(yield* Context.get(node, Discovery).addresses).toHaveLength(2)
      expect(yield* Effect.promise(() => FileSystem.readdir(`${directory}/store`))).toContain("format.json")
    })
  )

  it.scopedLive("what the environment lacks, or has wrong, is told", () =>
    Effect.gen(function* () {
      expect((yield* Effect.flip(build({})))._tag).toBe("ConfigError")
      const wrong = yield* Effect.flip(build({ OPTIMYSTIC_FAULT_MODEL: "none", OPTIMYSTIC_NETWORK: "test" }))
      expect(String(wrong)).toContain('FAULT_MODEL: "Expected one of (byzantine, crash)')
      const nowhere = yield* Effect.flip(build({ OPTIMYSTIC_MONITOR: "localhost", OPTIMYSTIC_NETWORK: "test" }))
      expect(String(nowhere)).toContain("no port of a monitor")
    })
  )
})
