import { describe, expect, it } from "@effect/vitest"
import type { PeerId } from "../../schemas/Ids.ts"
import { Allowances } from "../../src/directory/Allowances.ts"
import { partOf, partsFor } from "../../src/directory/Digests.ts"
import { type Call, type DirectoryEvent, DirectoryMachine } from "../../src/directory/DirectoryMachine.ts"
import { defaultDirectoryPolicy, policyProblem } from "../../src/directory/DirectoryPolicy.ts"
import { Leads } from "../../src/directory/Leads.ts"
import { placeSharing } from "../../src/directory/places.ts"
import { pointOf, sharedBits } from "../../src/network/Point.ts"
import * as Prng from "../../src/random/Prng.ts"
import { CLAIM, recordOf, Village } from "./peers.ts"

const policy = defaultDirectoryPolicy

/** Machines that talk without delay. */
const machinesOf = (village: Village, count: number) => {
  const events: Array<DirectoryEvent> = []
  const machines = new Map<PeerId, DirectoryMachine>()
  for (let i = 0; i < count; i++) {
    const signer = village.signer()
    const heed = (event: DirectoryEvent) => void events.push(event)
    const start = { claim: CLAIM, firstSequence: 1, heed, nowMillis: 0 }
    machines.set(signer.peer, new DirectoryMachine(village.contextOf(signer), village.prng.fork(signer.peer), start))
  }
  const perform = (from: DirectoryMachine, calls: ReadonlyArray<Call>, now: number): number => {
    let made = 0
    const waiting = [...calls]
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
      made++
      const answer = machines.get(call.to)?.asked(from.registry.self, call.question, now)
      waiting.push(...(answer === undefined ? from.failed(call, now, "unanswered") : from.answered(call, answer, now)))
    }
    return made
  }
  return { all: [...machines.values()], events, perform }
}

describe("A directory machine", () => {
  it("two that know different peers tell each other all of them", () => {
    const village = new Village("differences")
    const { all, perform } = machinesOf(village, 2)
    const [first, second] = all as [DirectoryMachine, DirectoryMachine]
    const each = 200
    for (const machine of all) {
      for (const record of village.records(each)) {
        machine.registry.learn(machine.registry.self, { record, silentMillis: 0 }, 0)
      }
    }
    first.found(second.registry.self, 0)
    // Nobody else answers: after a while it knows whom to ask.
    for (let now = 0; now <= 120_000; now += policy.tickMillis) perform(first, first.tick(now), now)
    const known = (machine: DirectoryMachine) => [...machine.registry.table.entries].map(({ peer }) => peer).toSorted()
    expect(known(second)).toHaveLength(2 * each + 2)
    expect(known(first)).toEqual(known(second))
    expect(first.isSettled).toBe(true)
  })

  it("of two records of a peer that two know, the newer is known to both once they have compared", () => {
    const village = new Village("newer")
    const { all, perform } = machinesOf(village, 2)
    const [first, second] = all as [DirectoryMachine, DirectoryMachine]
    const signers = Array.from({ length: 6 }, () => village.signer())
    for (const [i, signer] of signers.entries()) {
      for (const [j, { registry }] of all.entries()) {
        const record = recordOf(signer, { sequence: (i + j) % 2 === 0 ? 1 : 2 })
        registry.learn(registry.self, { record, silentMillis: 0 }, 0)
      }
    }
    first.found(second.registry.self, 0)
    for (let now = 0; now <= 20_000; now += policy.tickMillis) perform(first, first.tick(now), now)
    for (const { registry } of all) {
      expect(signers.map(({ peer }) => registry.recordOf(peer)?.sequence)).toEqual(signers.map(() => 2))
    }
  })

  it("compares with others at each tick until it has caught up, and less often from then on", () => {
    const comparedFor = (machine: DirectoryMachine, perform: (calls: ReadonlyArray<Call>, now: number) => void) => {
      let compared = 0
      let settledMillis = Number.POSITIVE_INFINITY
      for (let now = 0; now <= 20_000; now += policy.tickMillis) {
        const calls = machine.tick(now)
        compared += calls.filter(({ question }) => question._tag === "Exchange").length
        perform(calls, now)
        if (machine.isSettled) settledMillis = Math.min(settledMillis, now)
      }
      return { compared, settledMillis }
    }
    for (let i = 0; i < 20; i++) {
      const { all, perform } = machinesOf(new Village(`newcomer ${i}`), 2)
      const [newcomer, other] = all as [DirectoryMachine, DirectoryMachine]
      newcomer.found(other.registry.self, 0)
      const { compared, settledMillis } = comparedFor(newcomer, (calls, now) => perform(newcomer, calls, now))
      expect(settledMillis).toBeLessThanOrEqual(policy.exchangeMillis)
      // Pauses are drawn, from half to one and a half times what they are on average; then the next tick is waited for.
      expect(compared).toBeLessThan(30)
      expect(compared).toBeGreaterThan(10)
    }
  })

  it("tells its closest itself, with the next tick, when it says something new", () => {
    const village = new Village("announce")
    const { all, perform } = machinesOf(village, 6)
    const [first, ...others] = all as [DirectoryMachine, ...Array<DirectoryMachine>]
    for (const { registry } of others) first.found(registry.self, 0)
    for (let now = 0; now <= 3_000; now += policy.tickMillis) perform(first, first.tick(now), now)
    first.announce({ active: false }, 3_100)
    perform(first, first.tick(3_100), 3_100)
    for (const { registry } of others) expect(registry.recordOf(first.registry.self)).toEqual(first.registry.own)
  })

  it("has no more questions under way than it may, whatever is due", () => {
    const village = new Village("calls")
    const { all } = machinesOf(village, 1)
    const machine = all[0]!
    for (const record of village.records(100))
      machine.registry.learn(machine.registry.self, { record, silentMillis: 0 }, 0)
    const underWay: Array<Call> = []
    for (let now = 0; now < 10_000; now += policy.tickMillis) underWay.push(...machine.tick(now))
    expect(underWay).toHaveLength(policy.maxCalls)
    expect(new Set(underWay.map(({ to }) => to)).size).toBe(policy.maxCalls)
  })

  it("an answer to another question, or of more than was asked, is a misbehaviour", () => {
    const village = new Village("wrong answers")
    const { all, events } = machinesOf(village, 1)
    const machine = all[0]!
    const peer = village.signer()
    machine.found(peer.peer, 0)
    const [ping] = machine.tick(0)
    machine.answered(ping!, { _tag: "Closest", found: [] }, 0)
    expect(events).toEqual(["misbehaved"])
    const [again] = machine.tick(policy.backOffMillis)
    machine.answered(again!, { _tag: "Ping", own: recordOf(peer) }, policy.backOffMillis)
    expect(events.at(-1)).toBe("new")
    const stranger = { record: village.records(1)[0]!, silentMillis: 0 }
    const call: Call = { question: { _tag: "Records", given: [], wanted: [] }, to: peer.peer }
    machine.answered(call, { _tag: "Records", given: [stranger] }, 2_000)
    expect(events.at(-1)).toBe("misbehaved")
    expect(machine.registry.table.get(stranger.record.peer)).toBeUndefined()
  })

  it("an unreachable peer stays known; one who is busy is there", () => {
    const village = new Village("busy")
    const { all } = machinesOf(village, 1)
    const machine = all[0]!
    const { table, self } = machine.registry
    const [a, b] = village.records(2)
    for (const record of [a!, b!]) machine.registry.learn(self, { record, silentMillis: 0 }, 0)
    for (let now = 0; now < 20_000; now += policy.tickMillis) {
      for (const call of machine.tick(now)) machine.failed(call, now, call.to === a!.peer ? "busy" : "unanswered")
    }
    expect(table.isReachable(table.get(a!.peer)!)).toBe(true)
    expect(table.isReachable(table.get(b!.peer)!)).toBe(false)
    expect(table.unreachable).toBe(1)
  })
})

describe("Beside it", () => {
  it("an allowance is used up at once, and comes back with time, for each by itself", () => {
    const allowances = new Allowances<string>({ burst: 2, perMinute: 6 })
    const take = (key: string, at: number) => allowances.take(key, at)
    expect([take("a", 0), take("a", 0), take("a", 0), take("b", 0)]).toEqual([true, true, false, true])
    expect([take("a", 9_999), take("a", 10_000), take("a", 10_000)]).toEqual([false, true, false])
    expect([take("a", 600_000), take("a", 600_000), take("a", 600_000)]).toEqual([true, true, false])
  })

  it("leads are followed up for as long as it takes, less and less often, and so many at most", () => {
    const leads = new Leads(policy)
    const peer = (i: number) => `peer ${i}` as PeerId
    leads.add(peer(0), 0)
    let tries = 0
    for (let now = 0; now < 600_000; now += 250) {
      for (const due of leads.due(now, 4)) {
        tries++
        leads.failed(due, now)
      }
    }
    expect(tries).toBeGreaterThan(10)
    expect(tries).toBeLessThan(25)
    for (let i = 1; i < 1_000; i++) leads.add(peer(i), 0)
    expect(leads.due(600_000, 10_000).length).toBe(256)
    leads.delete(peer(999))
    expect(leads.due(600_000, 10_000).length).toBe(255)
  })

  it("a random place shares exactly as many bits as it is to", () => {
    const prng = Prng.make("places")
    for (let bits = 0; bits < 128; bits++) {
      const place = prng.bytes(16)
      expect(sharedBits(pointOf(place), pointOf(placeSharing(place, bits, prng)))).toBe(bits)
    }
  })

  it("the key space is cut into so many parts that each holds a few", () => {
    expect([0, 8, 9, 100, 1_000, 100_000].map(partsFor)).toEqual([1, 1, 2, 16, 128, 512])
    expect([partOf([0, 0, 0, 0], 8), partOf([0xffffffff, 0, 0, 0], 8), partOf([0x40000000, 0, 0, 0], 8)]).toEqual([
      0, 7, 2
    ])
  })

  it("a policy has room beside its neighbours, and neighbours to answer with", () => {
    expect(policyProblem(policy)).toBeUndefined()
    expect(policyProblem({ ...policy, directoryLimit: 100 })).toContain("no room")
    expect(policyProblem({ ...policy, neighbours: 20 })).toContain("too few")
  })
})
