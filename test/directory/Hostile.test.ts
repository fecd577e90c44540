import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type DirectoryAnswer, MAX_LIFETIME_MILLIS, MAX_RECORDS, type PeerRecord } from "../../schemas/Directory.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { PeerNetworkService } from "../../services/PeerNetwork.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { FirstClaim } from "../../src/directory/DirectoryMachine.ts"
import { signRecord } from "../../src/directory/PeerRecords.ts"
import { directoryProtocol } from "../../src/directory/protocol.ts"
import { slicesOf } from "../reference/slices.ts"
import { inSimulation } from "../simulator/inSimulation.ts"
import { network as NETWORK } from "../storage/TestServices.ts"
import { DirectoryNetwork, type DirectoryNode, markedBy, mistakenKeys } from "./nodes.ts"

const CLAIM: FirstClaim = {
  active: true,
  addresses: [],
  duties: [],
  lifetimeMillis: MAX_LIFETIME_MILLIS,
  role: "transaction",
  takesOverFrom: []
}

const recordOf = (
  signer: SignerService,
  claim: Partial<FirstClaim> & { readonly sequence?: number } = {}
): PeerRecord => signRecord(signer, NETWORK, { ...CLAIM, sequence: 1, ...claim, peer: signer.peer })

const started = (network: DirectoryNetwork, count: number, options: Parameters<DirectoryNetwork["start"]>[1] = {}) =>
  Effect.gen(function* () {
    const nodes: Array<DirectoryNode> = []
    for (let i = 0; i < count; i++)
      nodes.push(
        yield* network.start(
          nodes.slice(0, 1).map(({ peer }) => peer),
          options
        )
      )
    yield* Effect.sleep("6 seconds")
    return nodes
  })

const peersOf = (nodes: ReadonlyArray<DirectoryNode>) => nodes.map(({ peer }) => peer)

/** A port by which records are told, each with a message of as many as go into one. */
const teller = (network: DirectoryNetwork, signer: SignerService) => {
  const port = network.plain(signer)
  const tell = (to: DirectoryNode, records: ReadonlyArray<PeerRecord>) =>
    Effect.forEach(
      slicesOf(records, MAX_RECORDS),
      (some) => {
        const given = some.map((record) => ({ record, silentMillis: 0 }))
        return Effect.ignore(port.ask(directoryProtocol, to.peer, { _tag: "Records", given, wanted: [] }))
      },
      { discard: true }
    )
  const join = (to: DirectoryNode) => port.ask(directoryProtocol, to.peer, { _tag: "Ping", own: recordOf(signer) })
  return { join, port, tell }
}

/** Answers as its node does, but for what is changed. */
const answering =
  (change: (answer: DirectoryAnswer) => DirectoryAnswer) =>
  (port: PeerNetworkService): PeerNetworkService => ({
    ...port,
    serve: (protocol, handler) =>
      port.serve(protocol, (from, question) =>
        Effect.map(handler(from, question), (answer) =>
          protocol.name === directoryProtocol.name ? (change(answer as DirectoryAnswer) as typeof answer) : answer
        )
      )
  })

describe("A directory stands", () => {
  it("records that are forged, of another network, replayed or of somebody who may not be known: none is taken up", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("forged")
        const nodes = yield* started(network, 4)
        const [victim, other] = [nodes[0]!, nodes[1]!]
        const liar = teller(network, network.signer())
        yield* liar.join(victim)
        const stranger = network.signer()
        const old = other.directory.own()!
        yield* other.directory.announce({ takesOverFrom: [victim.peer] })
        yield* Effect.sleep("2 seconds")
        const latest = other.directory.own()!
        yield* liar.tell(victim, [old])
        yield* liar.tell(victim, [{ ...latest, active: false, sequence: latest.sequence + 1 }])
        const foreign = signRecord(stranger, NetworkName.make("elsewhere"), {
          ...CLAIM,
          peer: stranger.peer,
          sequence: 1
        })
        yield* liar.tell(victim, [foreign])
        expect(victim.directory.find(other.peer)?.record).toEqual(latest)
        expect(victim.directory.find(stranger.peer)).toBeUndefined()
        // Who forges is not listened to for a while.
        yield* liar.tell(victim, [recordOf(stranger)])
        expect(victim.directory.find(stranger.peer)).toBeUndefined()
      })
    ))

  it("a peer that is not known itself tells of nobody but itself", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("unknown")
        const [victim] = yield* started(network, 1)
        const unknown = teller(network, network.signer())
        const stranger = network.signer()
        yield* unknown.tell(victim!, [recordOf(stranger)])
        expect(victim!.directory.find(stranger.peer)).toBeUndefined()
        yield* unknown.join(victim!)
        yield* unknown.tell(victim!, [recordOf(stranger)])
        expect(victim!.directory.find(stranger.peer)).toBeDefined()
      })
    ))

  it("a flood of fresh identities is taken up slowly, and displaces nobody who was there before", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("flood")
        const policy = { directoryLimit: 64, introductions: { burst: 16, perMinute: 16 }, neighbours: 16 }
        const nodes = yield* started(network, 12, { policy })
        const victim = nodes[0]!
        const liar = teller(network, network.signer())
        yield* liar.join(victim)
        const flood = Array.from({ length: 1_000 }, () => recordOf(network.signer()))
        yield* liar.tell(victim, flood)
        expect(victim.directory.known().length).toBeLessThanOrEqual(nodes.length + 1 + policy.introductions.burst)
        // With friends, each of whom may tell of as many, it gets further; not beyond the limit, and in nobody's place.
        for (let i = 0; i < 20; i++) {
          const friend = teller(network, network.signer())
          yield* friend.join(victim)
          yield* friend.tell(victim, flood.slice(i * 50))
        }
        expect(victim.directory.known()).toHaveLength(policy.directoryLimit)
        for (const { peer } of nodes) expect(victim.directory.find(peer)?.isReachable).toBe(true)
      })
    ))

  it("a clock an hour off, ahead or behind, changes nothing for anybody", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("clocks")
        yield* Effect.sleep("2 hours")
        const policy = { lifetimeMillis: 600_000, renewMillis: 60_000 }
        const first = yield* network.start([], { policy })
        const off = [3_600_000, -3_600_000]
        const others = yield* Effect.forEach(off, (aheadMillis) => network.start([first.peer], { aheadMillis, policy }))
        const nodes = [first, ...others]
        yield* Effect.sleep("20 minutes")
        for (const node of nodes) {
          expect(mistakenKeys(node, peersOf(nodes))).toEqual([])
          expect(markedBy(node)).toEqual([])
        }
      })
    ))

  it("a node whose clock was set back goes on where its last record left off", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("set back")
        yield* Effect.sleep("2 hours")
        const nodes = yield* started(network, 3)
        const signer = network.signer()
        const before = yield* network.start([nodes[0]!.peer], { aheadMillis: 3_600_000, signer })
        yield* Effect.sleep("3 seconds")
        yield* before.stop
        const after = yield* network.start([nodes[0]!.peer], { active: false, signer })
        yield* Effect.sleep("4 seconds")
        expect(after.directory.own()!.sequence).toBeGreaterThan(before.directory.own()!.sequence)
        for (const { directory } of nodes) expect(directory.find(signer.peer)?.record).toEqual(after.directory.own())
      })
    ))

  it("two nodes with one identity cost a few records a minute, and confuse nobody else", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("twins")
        const nodes = yield* started(network, 4)
        const signer = network.signer()
        const twin = { ...signer }
        const first = yield* network.start([nodes[0]!.peer], { signer })
        const second = yield* network.start([nodes[1]!.peer], { active: false, signer: twin })
        const start = first.directory.own()!.sequence
        yield* Effect.sleep("60 seconds")
        const sequences = [first, second].map(({ directory }) => directory.own()!.sequence)
        expect(Math.max(...sequences) - start).toBeLessThan(30)
        for (const node of nodes) {
          expect(node.directory.find(signer.peer)).toBeDefined()
          for (const { peer } of nodes) expect(node.directory.find(peer)?.isReachable).toBe(true)
        }
      })
    ))

  it("what a liar answers is not believed, and it is asked no more for a while", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("answers")
        const nodes = yield* started(network, 5)
        const [stolen, stranger] = [nodes[1]!.directory.own()!, recordOf(network.signer())]
        const lying = answering((answer) => {
          if (answer._tag === "Records") return { ...answer, given: [{ record: stranger, silentMillis: 0 }] }
          return answer._tag === "Ping" ? answer : { ...answer, own: stolen }
        })
        const liar = yield* network.start([nodes[0]!.peer], { lying })
        yield* Effect.sleep("20 seconds")
        for (const node of nodes) {
          expect(node.directory.find(stranger.peer)).toBeUndefined()
          expect(node.directory.find(nodes[1]!.peer)?.record).toEqual(nodes[1]!.directory.own())
          expect(mistakenKeys(node, [...peersOf(nodes), liar.peer])).toEqual([])
        }
      })
    ))

  it("the dead are forgotten after their lifetime, whoever tells of them; they come back by themselves", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("forgotten")
        const policy = { lifetimeMillis: 60_000, renewMillis: 10_000 }
        const nodes = yield* started(network, 5, { policy })
        const dead = nodes[4]!
        const record = dead.directory.own()!
        yield* dead.stop
        yield* Effect.sleep("40 seconds")
        const living = nodes.slice(0, 4)
        for (const { directory } of living) expect(directory.find(dead.peer)?.isReachable).toBe(false)
        const late = yield* network.start([living[0]!.peer], { policy })
        yield* Effect.sleep("4 seconds")
        expect(late.directory.find(dead.peer)).toBeDefined()
        yield* Effect.sleep("90 seconds")
        // Late heard how long it had been silent: it keeps it no longer than the others.
        for (const { directory } of [...living, late]) expect(directory.find(dead.peer)).toBeUndefined()
        const liar = teller(network, network.signer())
        yield* liar.join(living[0]!)
        yield* liar.tell(living[0]!, [record])
        expect(living[0]!.directory.find(dead.peer)).toBeUndefined()
        yield* network.start([living[1]!.peer], { policy, signer: dead.signer })
        yield* Effect.sleep("5 seconds")
        for (const { directory } of [...living, late]) expect(directory.find(dead.peer)?.isReachable).toBe(true)
      })
    ))

  it("a private network knows nobody else", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("private")
        const [a, b, c] = [network.signer(), network.signer(), network.signer()]
        const allow = [a.peer, b.peer]
        const first = yield* network.start([], { allow, signer: a })
        const second = yield* network.start([a.peer], { allow, signer: b })
        yield* network.start([a.peer, b.peer], { signer: c })
        yield* Effect.sleep("10 seconds")
        for (const { directory } of [first, second]) {
          expect(
            directory
              .known()
              .map(({ record }) => record.peer)
              .toSorted()
          ).toEqual(allow.toSorted())
        }
      })
    ))
})
