/** Commands on a network that runs, as on a directory. */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { beforeAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { EXIT } from "../../cli/failure.ts"
import { addressOf, NETWORK, PEERS, runningNetwork } from "../network/libp2p/runningNetwork.ts"
import { ensureBuilt } from "../package/Distribution.ts"
import { temporaryDirectory } from "../storage/temporaryDirectory.ts"
import { done, optimystic, optimysticWith } from "./command.ts"

const TIMEOUT_MILLIS = 120_000
const NOBODY = `/ip4/127.0.0.1/tcp/1/p2p/${PEERS[0]}`

beforeAll(ensureBuilt, TIMEOUT_MILLIS)

describe("A command on a network", { timeout: TIMEOUT_MILLIS }, () => {
  it.scopedLive("reads and writes what the nodes keep, in each of its forms", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const { address } = yield* runningNetwork()
      const on = ["--bootstrap", NOBODY, "--bootstrap", address, "--network", NETWORK]
      const run = (...args: ReadonlyArray<string>) => Effect.promise(() => optimystic(...args, ...on))

      expect(yield* run("tree", "put", "cities", "oslo", "1")).toEqual(done("put oslo"))
      expect(yield* run("tree", "get", "cities", "oslo", "--json")).toEqual(done('{"key":"oslo","value":1}'))
      expect(yield* run("diary", "append", "log", '"one"', '"two"')).toEqual(done("appended 2"))
      const lines = Path.join(directory, "log.jsonl")
      expect(yield* run("diary", "export", "log", lines)).toEqual(done("exported 2"))
      expect(yield* Effect.promise(() => FileSystem.readFile(lines, "utf8"))).toBe('"one"\n"two"\n')
      const input = '{"key":"bern","value":2}\n{"key":"rome","value":3}\n'
      expect(yield* Effect.promise(() => optimysticWith(input, "tree", "import", "cities", ...on))).toEqual(
        done("imported 2 in 1 transactions, skipped 0 lines")
      )
      expect(yield* run("tree", "count", "cities")).toEqual(done("3"))
      const { out } = yield* run("collections")
      expect(out.trim().split("\n").sort()).toEqual([
        '"cities"\ttree\trevision 3',
        '"log"\tdiary\trevision 2',
        '"optimystic/imports"\ttree\trevision 2'
      ])
      expect(yield* run("verify", "cities")).toMatchObject({
        err: "",
        exitCode: 0,
        out: /^"cities"\tsound\t3 revisions/
      })
      expect(yield* run("tree", "get", "cities", "paris")).toMatchObject({ exitCode: EXIT.notFound })
    })
  )

  it.scopedLive("tells who is there: for people, for machines, and with its end", () =>
    Effect.gen(function* () {
      const { address, nodes } = yield* runningNetwork()
      const run = (...args: ReadonlyArray<string>) =>
        Effect.promise(() => optimystic("status", "--bootstrap", address, "--network", NETWORK, ...args))
      const addresses = yield* Effect.forEach(nodes, addressOf)
      const told = yield* run()
      expect(told.out.split("\n").slice(0, 2)).toEqual([
        `network ${NETWORK}, 4 nodes to a collection, byzantine`,
        "4 nodes known, 4 active, 4 reachable"
      ])
      expect(told.exitCode).toBe(0)
      const shown = JSON.parse((yield* run("--json")).out)
      expect(shown).toMatchObject({ active: 4, clusterSize: 4, known: 4, network: NETWORK, reachable: 4 })
      expect(
        shown.peers.map(({ addresses, peer }: { addresses: [string]; peer: string }) => `${addresses[0]}/p2p/${peer}`)
      ).toEqual(addresses.sort((a, b) => (a.slice(-52) < b.slice(-52) ? -1 : 1)))
      expect(yield* run("--cluster-size", "5", "--fault-model", "crash")).toMatchObject({
        err: expect.stringMatching(/^optimystic: A collection needs 5 peers to keep it; 4 are known; wait until/),
        exitCode: EXIT.retry
      })
    })
  )

  it("says in one line that nobody is there, and what to do about it", async () => {
    const { err, exitCode } = await optimystic("tree", "get", "t", "k", "--bootstrap", NOBODY, "--network", NETWORK)
    expect([exitCode, err]).toEqual([
      EXIT.retry,
      `optimystic: Peer ${PEERS[0]} does not answer: nobody of the network answers at its address; name in --bootstrap, and --network, a node that runs; it prints its address as it starts\n`
    ])
  })

  it.each([
    [[], "the database is not named"],
    [["--data", "a", "--bootstrap", NOBODY], "--data and --bootstrap exclude each other"],
    [["--bootstrap", NOBODY], "--bootstrap needs the name of the network"],
    [["--data", "a", "--network", "bank"], "--network is for a network"],
    [["--data", "a", "--cluster-size", "4"], "--cluster-size is for a network"]
  ])("is told of one place, %#", async (args, said) => {
    const { err, exitCode } = await optimystic("tree", "get", "t", "k", ...args)
    expect([exitCode, err.slice(0, said.length + 12)]).toEqual([EXIT.usage, `optimystic: ${said}`])
  })
})

describe("optimystic status --data", { timeout: TIMEOUT_MILLIS }, () => {
  it.scopedLive("tells what a directory holds", () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      const run = (...args: ReadonlyArray<string>) => Effect.promise(() => optimystic(...args, "--data", data))
      expect(yield* run("status")).toMatchObject({ exitCode: EXIT.notFound })
      yield* run("tree", "put", "cities", "oslo", "1")
      const { out: peer } = yield* run("identity")
      expect((yield* run("status")).out.split("\n")).toEqual([
        `node ${peer.trim()}`,
        "network local",
        expect.stringMatching(/^storage level, \d+ bytes$/),
        "1 collections",
        ""
      ])
      expect(JSON.parse((yield* run("status", "--json")).out)).toMatchObject({
        collections: 1,
        inUse: false,
        network: "local",
        peer: peer.trim(),
        storage: "level"
      })
    })
  )
})
