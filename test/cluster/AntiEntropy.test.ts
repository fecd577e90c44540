import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as AntiEntropy from "../../layers/cluster/AntiEntropy.ts"
import type { BlockId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { KeyNetworkService } from "../../services/KeyNetwork.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher } from "../storage/TestServices.ts"

const CLUSTER_SIZE = 4
const BLOCKS = 200

const peersOf = (count: number) => Array.from({ length: count }, (_, i) => `peer ${i}` as PeerId)
const blocks = Array.from({ length: BLOCKS }, (_, i) => Base32.encode(hasher.sha256(`block ${i}`)) as BlockId)
const FEW: ReadonlyArray<AntiEntropy.SharedPage["blocks"][number]> = []

const keysOf = (peers: ReadonlyArray<PeerId>): KeyNetworkService => {
  const neighbourhood = new Neighbourhood(hasher, peers)
  const closest: KeyNetworkService["closest"] = (block, count) => neighbourhood.closest(block, count)
  return {
    closest,
    formerly: () => [],
    hasRoster: true,
    isAdmitted: () => true,
    lookup: (block, count) => Effect.sync(() => closest(block, count))
  }
}

/** Compares some hundred times, and gives who was asked for which page, and what was caught up. */
const compare = (
  network: Partial<AntiEntropy.AntiEntropyContext> & Pick<AntiEntropy.AntiEntropyContext, "keys" | "self">
) =>
  Effect.gen(function* () {
    const asked: Array<readonly [PeerId, BlockId | undefined]> = []
    const caughtUp: Array<BlockId> = []
    const running = yield* Effect.fork(
      AntiEntropy.run({
        answerMillis: 1_000,
        catchUp: (block) => Effect.sync(() => void caughtUp.push(block)),
        clusterSize: CLUSTER_SIZE,
        compareMillis: 10,
        hasher,
        latestRev: () => Effect.succeed(1),
        membersOf: () => Effect.succeed({ members: [] }),
        ...network,
        pageOf: (peer, after) => {
          asked.push([peer, after])
          return network.pageOf?.(peer, after) ?? Effect.succeed({ blocks: FEW })
        }
      })
    )
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.interrupt(running)
    return { asked, caughtUp }
  })

describe("A node compares what it keeps", () => {
  it.each([30, 100, 200, 300])("with somebody of each of its clusters, among %i peers", (count) => {
    const peers = peersOf(count)
    const keys = keysOf(peers)
    const around = new Map(
      peers.map((self) => [self, AntiEntropy.peersAround({ clusterSize: CLUSTER_SIZE, hasher, keys, self }).all])
    )
    for (const block of blocks) {
      const members = keys.closest(block, CLUSTER_SIZE)
      for (const self of members) {
        const others = members.filter((peer) => peer !== self)
        expect(others.some((peer) => around.get(self)!.includes(peer))).toBe(true)
      }
    }
  })

  it.effect("with its neighbours mostly, with any of those around it at times, and with nobody else", () =>
    Effect.gen(function* () {
      const keys = keysOf(peersOf(100))
      const self = peersOf(1)[0]!
      const { all, near } = AntiEntropy.peersAround({ clusterSize: CLUSTER_SIZE, hasher, keys, self })
      const { asked } = yield* compare({ keys, self })
      const peers = asked.map(([peer]) => peer)
      expect(peers.filter((peer) => near.includes(peer)).length).toBeGreaterThan(asked.length / 2)
      expect(peers.filter((peer) => !all.includes(peer))).toEqual([])
      // Which of them is drawn: of some hundred draws, most have come up.
      expect(new Set(peers).size).toBeGreaterThan((near.length + all.length) / 2)
    })
  )

  it.effect("with other members of what it keeps, wherever they are, a page of its blocks after the other", () =>
    Effect.gen(function* () {
      const keys = keysOf(peersOf(100))
      const self = "peer 0" as PeerId
      const far = "old member" as PeerId
      const farther = "other old member" as PeerId
      const [missed, next] = blocks as [BlockId, BlockId]
      const { asked, caughtUp } = yield* compare({
        keys,
        membersOf: (after) =>
          Effect.succeed(after === undefined ? { members: [self, far], resume: next } : { members: [self, farther] }),
        pageOf: (peer) => Effect.succeed({ blocks: peer === farther ? [{ id: missed, rev: 2 as Rev }] : [] }),
        self
      })
      expect(asked.map(([peer]) => peer)).toEqual(expect.arrayContaining([far, farther]))
      expect(new Set(caughtUp)).toEqual(new Set([missed]))
    })
  )

  it.effect("with each on from where it left off there, and from the start once that was all", () =>
    Effect.gen(function* () {
      const peers = peersOf(2)
      const [resume] = blocks as [BlockId]
      const { asked } = yield* compare({
        keys: keysOf(peers),
        pageOf: (_peer, after) => Effect.succeed({ blocks: FEW, ...(after === undefined && { resume }) }),
        self: peers[0]!
      })
      expect(asked.slice(0, 3)).toEqual([
        [peers[1], undefined],
        [peers[1], resume],
        [peers[1], undefined]
      ])
    })
  )
})
