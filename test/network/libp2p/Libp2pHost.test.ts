/** Who comes to speak with whom, and what becomes of those who should not. */
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as NodeCrypto from "../../../layers/crypto/NodeCrypto.ts"
import { config, Libp2pHost, type Libp2pOptions, type WireEvent } from "../../../layers/network/libp2p/index.ts"
import { checked } from "../../../layers/network/libp2p/Libp2pOptions.ts"
import { Address } from "../../../schemas/Address.ts"
import { NetworkName } from "../../../schemas/Manifest.ts"
import type { PeerProtocol } from "../../../services/PeerNetwork.ts"
import { identityOf, network, signerOf } from "../../storage/TestServices.ts"
import { discoveryOf, hostOf, introduce, networkOf, type Peer, peerOn } from "./nodes.ts"

const echo: PeerProtocol<string, string> = {
  answer: Schema.String as PeerProtocol<string, string>["answer"],
  maxAnswerBytes: 1_000,
  maxQuestionBytes: 1_000,
  name: "echo",
  question: Schema.String as PeerProtocol<string, string>["question"]
}

const quick: Partial<Libp2pOptions> = { backOff: Schedule.spaced("50 millis") }
const serveEcho = (peer: Peer) => networkOf(peer).serve(echo, (from, text) => Effect.succeed(`${from} ${text}`))
const ask = (peer: Peer, other: Peer) => networkOf(peer).ask(echo, hostOf(other).self, "?")
const addressOf = (peer: Peer) => Effect.map(discoveryOf(peer).addresses, ([first]) => first!)
const bootstrapAt = (peer: Peer, id = hostOf(peer).self) => Effect.map(addressOf(peer), (at) => `${at}/p2p/${id}`)

/** Waits until an event was counted. */
const counted = (peer: Peer, event: WireEvent) =>
  Effect.flatMap(hostOf(peer).counts, (counts) =>
    counts[event] === undefined ? Effect.fail(`no ${event} yet`) : Effect.succeed(counts[event])
  ).pipe(Effect.retry(Schedule.spaced("20 millis")), Effect.timeout("10 seconds"))

describe("Peers find each other", () => {
  it.scopedLive("from one address to start from, and are told of whom they meet", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(121)
      yield* serveEcho(one)
      const other = yield* peerOn(122, { bootstrap: [yield* bootstrapAt(one)] })
      expect(yield* ask(other, one)).toBe(`${hostOf(other).self} ?`)
      const [met] = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(discoveryOf(one).found, 1)))
      expect(met).toEqual({ addresses: [yield* addressOf(other)], peer: hostOf(other).self })
      const [start] = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(discoveryOf(other).found, 1)))
      expect(start).toEqual({ addresses: [yield* addressOf(one)], peer: hostOf(one).self })
    })
  )

  it.scopedLive("through others that both know, by kad-dht", () =>
    Effect.gen(function* () {
      const middle = yield* peerOn(123)
      const bootstrap = [yield* bootstrapAt(middle)]
      const one = yield* peerOn(124, { bootstrap })
      const other = yield* peerOn(125, { bootstrap })
      yield* serveEcho(other)
      const answer = yield* ask(one, other).pipe(
        Effect.retry(Schedule.spaced("100 millis")),
        Effect.timeout("10 seconds")
      )
      expect(answer).toBe(`${hostOf(one).self} ?`)
    })
  )

  it.scopedLive("also where the first address is dead, or somebody else's: both are counted, and tried again", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(126)
      yield* serveEcho(one)
      const dead = yield* Effect.scoped(Effect.flatMap(peerOn(127), bootstrapAt))
      const somebodyElses = yield* bootstrapAt(one, signerOf(128).peer)
      const other = yield* peerOn(129, { ...quick, bootstrap: [dead, somebodyElses, yield* bootstrapAt(one)] })
      expect(yield* ask(other, one)).toBe(`${hostOf(other).self} ?`)
      yield* counted(other, "WrongIdentity")
      yield* counted(other, "BootstrapFailed")
      yield* Effect.sleep("300 millis")
      expect((yield* hostOf(other).counts).BootstrapFailed).toBeGreaterThan(1)
    })
  )
})

describe("Strangers", () => {
  it.scopedLive("a private network answers nobody else, and its peers dial nobody else", () =>
    Effect.gen(function* () {
      const allow = [131, 132].map((seed) => signerOf(seed).peer)
      const one = yield* peerOn(131, { allow })
      const other = yield* peerOn(132, { allow })
      const stranger = yield* peerOn(133, quick)
      for (const peer of [one, stranger]) yield* serveEcho(peer)
      for (const peer of [other, stranger]) yield* introduce(peer, one)
      yield* introduce(one, stranger)
      expect(yield* ask(other, one)).toBe(`${hostOf(other).self} ?`)
      expect((yield* Effect.flip(ask(stranger, one)))._tag).toBe("PeerUnreachable")
      expect((yield* Effect.flip(ask(one, stranger)))._tag).toBe("PeerUnreachable")
      expect((yield* hostOf(one).counts).ConnectionRefused).toBeGreaterThan(0)
      expect(yield* ask(other, one)).toBe(`${hostOf(other).self} ?`)
    })
  )

  it.scopedLive("peers of another network are let go: there is nothing to say", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(134)
      const other = yield* peerOn(135, { network: NetworkName.make("another"), ...quick })
      for (const peer of [one, other]) yield* serveEcho(peer)
      yield* introduce(other, one)
      expect((yield* Effect.flip(ask(other, one)))._tag).toBe("PeerUnreachable")
      // Whichever hears of it first hangs up.
      yield* Effect.race(counted(one, "OtherNetwork"), counted(other, "OtherNetwork"))
      yield* Effect.sleep("100 millis")
      expect(hostOf(one).node.getConnections()).toEqual([])
    })
  )

  it.scopedLive("two nodes of one identity are told apart by nobody, and harm nobody", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(136)
      const twins = [yield* peerOn(137, quick), yield* peerOn(137, quick)]
      yield* serveEcho(one)
      for (const twin of twins) yield* introduce(twin, one)
      for (let i = 0; i < 3; i++) {
        for (const twin of twins) expect(yield* ask(twin, one)).toBe(`${hostOf(twin).self} ?`)
      }
      yield* introduce(twins[0]!, twins[1]!)
      const third = yield* peerOn(138)
      yield* introduce(third, one)
      expect(yield* ask(third, one)).toBe(`${hostOf(third).self} ?`)
    })
  )

  it.scopedLive("of one peer there are no more connections than two peers need", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(139, { limits: { maxConnectionsPerPeer: 2 } })
      const other = yield* peerOn(140)
      yield* introduce(other, one)
      yield* serveEcho(one)
      const { node } = hostOf(other)
      const { remoteAddr } = yield* Effect.promise(() => node.dial(hostOf(one).node.getMultiaddrs()))
      const again = Effect.ignore(Effect.tryPromise(() => node.dial(remoteAddr, { force: true })))
      yield* Effect.repeatN(again, 4)
      yield* counted(one, "TooManyConnections")
      expect(hostOf(one).node.getConnections(node.peerId).length).toBeLessThanOrEqual(2)
      // The one that is asked on may be one that is being closed.
      const answer = yield* ask(other, one).pipe(Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 20 }))
      expect(answer).toBe(`${hostOf(other).self} ?`)
    })
  )
})

describe("A host", () => {
  const hostWith = (options: Partial<Libp2pOptions>, signing = 141) =>
    Layer.build(
      Libp2pHost.layer(identityOf(141), { network, ...options }).pipe(
        Layer.provide(NodeCrypto.layer(identityOf(signing)))
      )
    )

  it.scopedLive("that cannot listen says so by a typed error", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(142)
      const error = yield* Effect.flip(hostWith({ listen: [yield* addressOf(one)] }))
      expect(error._tag).toBe("HostUnavailable")
      const elsewhere = yield* Effect.flip(hostWith({ listen: [Address.make("/ip4/203.0.113.7/tcp/4001")] }))
      expect(elsewhere._tag).toBe("HostUnavailable")
    })
  )

  it.scopedLive("with an address that is none is not started", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<Partial<Libp2pOptions>> = [
        { bootstrap: ["/ip4/127.0.0.1/tcp/4001"] },
        { bootstrap: ["/ip4/127.0.0.1/tcp/4001/p2p/somebody"] },
        { listen: [Address.make("/nowhere/7")] },
        { announce: [Address.make("/ip4/1.2.3/tcp/x")] }
      ]
      for (const options of wrong) expect((yield* Effect.flip(hostWith(options)))._tag).toBe("Invalid")
    })
  )

  it.scopedLive("signs as who it is on its connections, or not at all", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(hostWith({}, 143))
      expect(Exit.isFailure(exit)).toBe(true)
    })
  )

  it("is configured by its environment", () => {
    const peer = signerOf(1).peer
    const read = (entries: Readonly<Record<string, string>>) =>
      Effect.runSync(
        Effect.either(
          Effect.withConfigProvider(
            config,
            ConfigProvider.fromMap(new Map(Object.entries(entries)), { pathDelim: "_" })
          )
        )
      )
    expect(read({ OPTIMYSTIC_NETWORK: "here" })).toMatchObject({ _tag: "Right", right: { network: "here" } })
    const all = read({
      OPTIMYSTIC_ALLOW: peer,
      OPTIMYSTIC_BOOTSTRAP: `/ip4/127.0.0.1/tcp/1/p2p/${peer},/ip4/127.0.0.1/tcp/2/p2p/${peer}`,
      OPTIMYSTIC_LISTEN: "/ip4/0.0.0.0/tcp/4001",
      OPTIMYSTIC_NETWORK: "here",
      OPTIMYSTIC_REACH: "everywhere"
    })
    expect(all).toMatchObject({
      right: {
        allow: [peer],
        bootstrap: [`/ip4/127.0.0.1/tcp/1/p2p/${peer}`, `/ip4/127.0.0.1/tcp/2/p2p/${peer}`],
        listen: ["/ip4/0.0.0.0/tcp/4001"],
        reach: "everywhere"
      }
    })
    expect(read({ OPTIMYSTIC_NETWORK: "No Such Name" })._tag).toBe("Left")
    expect(read({ OPTIMYSTIC_ALLOW: "somebody", OPTIMYSTIC_NETWORK: "here" })._tag).toBe("Left")
  })

  it("passes private addresses on where it listens on nothing else", () => {
    const reachOf = (...listen: ReadonlyArray<string>) => {
      const options = checked({ listen: listen.map((address) => Address.make(address)), network })
      return options._tag === "Right" ? options.right.reach : options.left.message
    }
    expect(reachOf("/ip4/127.0.0.1/tcp/0")).toBe("everywhere")
    expect(reachOf("/ip4/192.168.1.7/tcp/4001", "/ip6/fd00::1/tcp/4001")).toBe("everywhere")
    expect(reachOf("/ip4/172.32.0.1/tcp/4001")).toBe("public")
    expect(reachOf("/ip4/0.0.0.0/tcp/4001")).toBe("public")
    expect(reachOf()).toBe("public")
  })
})
