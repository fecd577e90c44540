import { describe, expect, it } from "@effect/vitest"
import { type PeerRecord, Place } from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { defaultDirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import { type Candidate, Lookup } from "../../src/directory/Lookup.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { PLACE_BYTES } from "../../src/encoding/BlockIds.ts"
import { KeySpace } from "../../src/network/KeySpace.ts"
import { POINT_BITS, pointOf } from "../../src/network/Point.ts"
import * as Prng from "../../src/random/Prng.ts"
import { recordOf, Village } from "./peers.ts"

const prng = Prng.make("look-up")
const record: PeerRecord = recordOf(new Village("look-up").signer())
const place = prng.bytes(PLACE_BYTES)
const point = pointOf(place)
const COUNT = 4
const policy = defaultDirectoryPolicy.lookup

/** Peers all over the key space. */
const crowd = (count: number, active = true): ReadonlyArray<Candidate> =>
  Array.from({ length: count }, () => ({
    peer: prng.bytes(8).join("-") as PeerId,
    point: pointOf(prng.bytes(POINT_BITS / 8)),
    record: { ...record, active }
  }))

const PEERS = crowd(400)
const SELF = PEERS[0]!.peer
const all = new KeySpace(PEERS)
const byPeer = new Map(PEERS.map((candidate) => [candidate.peer, candidate]))
const nearest = (space: KeySpace, count: number, at = point) =>
  space.nearest(at, count).map(({ peer }) => byPeer.get(peer)!)
const TRUTH = nearest(all, COUNT)

/** What a peer answers; undefined: nothing. */
type Answering = (peer: PeerId, count: number) => ReadonlyArray<Candidate> | undefined

/** Everybody knows those closest to itself, and some of all others. */
const honest: Answering = (peer, count) => {
  const own = byPeer.get(peer)!
  const known = new KeySpace([...nearest(all, 40, own.point), ...prng.shuffle(PEERS).slice(0, 40)])
  return nearest(known, count)
}

const search = (answering: Answering, known: ReadonlyArray<Candidate>, estimatedActive = PEERS.length) => {
  const lookup = new Lookup({
    count: COUNT,
    estimatedActive,
    isFit: () => true,
    known,
    onlyActive: true,
    place: Place.make(Base32.encode(place)),
    point,
    policy,
    self: SELF
  })
  const asked: Array<PeerId> = []
  const waiting = [...lookup.next()]
  for (let peer = waiting.shift(); peer !== undefined; peer = waiting.shift()) {
    asked.push(peer)
    const answer = answering(peer, lookup.question.count)
    if (answer === undefined) lookup.failed(peer)
    else lookup.answered(peer, answer)
    waiting.push(...lookup.next())
  }
  return { asked, lookup }
}

const far = () => nearest(new KeySpace(prng.shuffle(PEERS).slice(0, 60)), 40)

describe("A look-up", () => {
  it("finds those who are closest, asks nobody twice, never itself, and no more than it may", () => {
    for (let i = 0; i < 50; i++) {
      const { asked, lookup } = search(honest, far())
      expect(lookup.isDone).toBe(true)
      expect(lookup.found.map(({ peer }) => peer)).toEqual(TRUTH.map(({ peer }) => peer))
      expect(new Set(asked).size).toBe(asked.length)
      expect(asked).not.toContain(SELF)
      expect(asked.length).toBe(lookup.requests)
      expect(lookup.requests).toBeLessThanOrEqual(policy.maxRequests)
    }
  })

  it("is done at once where nobody is known, and when nobody answers, with what is known", () => {
    expect(search(honest, []).lookup.found).toEqual([])
    const known = far()
    const { asked, lookup } = search(() => undefined, known)
    expect(asked.length).toBeGreaterThan(0)
    expect(lookup.found).toEqual(known.slice(0, COUNT))
  })

  it("finds those who do not answer, by those who do", () => {
    const { lookup } = search(
      (peer, count) => (TRUTH.some((one) => one.peer === peer) ? undefined : honest(peer, count)),
      far()
    )
    expect(lookup.found.map(({ peer }) => peer)).toEqual(TRUTH.map(({ peer }) => peer))
  })

  it("one honest way is enough to know what liars hold back, though all of them tell of each other only", () => {
    const liars = new Set(
      prng
        .shuffle(PEERS)
        .slice(0, 120)
        .map(({ peer }) => peer)
    )
    const gang = new KeySpace(PEERS.filter(({ peer }) => liars.has(peer)))
    let right = 0
    for (let i = 0; i < 100; i++) {
      const { lookup } = search((peer, count) => (liars.has(peer) ? nearest(gang, count) : honest(peer, count)), far())
      if (lookup.found.every(({ peer }, at) => peer === TRUTH[at]!.peer)) right++
    }
    // Three in ten lie.
    expect(right).toBeGreaterThanOrEqual(95)
  })

  it("looks further where those found are too few for the size of the network", () => {
    const gang = crowd(8)
    for (const one of gang) byPeer.set(one.peer, one)
    const known = [...gang, ...far()]
    const answering: Answering = (peer, count) => (gang.some((one) => one.peer === peer) ? gang : honest(peer, count))
    const nobodyMissed = search(answering, known, 0)
    const tooFew = search(answering, known)
    expect(tooFew.asked.length).toBeGreaterThanOrEqual(nobodyMissed.asked.length)
    expect(tooFew.lookup.found.map(({ peer }) => peer)).toEqual(
      nearest(new KeySpace([...PEERS, ...gang]), COUNT).map(({ peer }) => peer)
    )
  })

  it("does not count who is not active", () => {
    const idle = crowd(4, false)
    const { lookup } = search((peer, count) => [...idle, ...(honest(peer, count) ?? [])].slice(0, count), far())
    expect(lookup.found.every((candidate) => candidate.record.active)).toBe(true)
  })

  it("is not impressed by peers who answer without end", () => {
    // Each names others who are closer still, and there are always more.
    let made = 0
    const endless: Answering = () =>
      Array.from({ length: 12 }, (): Candidate => {
        made++
        const candidate = {
          peer: `endless ${made}` as PeerId,
          point: [point[0], point[1], point[2], (point[3] ^ (0xffff - (made % 0xffff))) >>> 0] as const,
          record
        }
        byPeer.set(candidate.peer, candidate)
        return candidate
      })
    const { lookup } = search(endless, far())
    expect(lookup.isDone).toBe(true)
    expect(lookup.requests).toBeLessThanOrEqual(policy.maxRequests)
  })
})
