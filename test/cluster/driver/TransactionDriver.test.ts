import { describe, expect, it } from "@effect/vitest"
import type { MemberAnswer } from "../../../schemas/Cluster.ts"
import type { SignerService } from "../../../services/Signer.ts"
import {
  type DriverEvent,
  type DriverOutput,
  startDriver,
  step
} from "../../../src/cluster/driver/TransactionDriver.ts"
import { signClaim } from "../../../src/encoding/Statements.ts"
import { Author, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const [ann, bob, cat, dan] = home as unknown as readonly [SignerService, SignerService, SignerService, SignerService]
const author = new Author({ hasher, membersOf: () => peersOf(home), network, signer: signerOf(9) })
const created = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const { actionId: action, request } = author.transaction(created.world, { writes: { books: onlyLog } })

/** What a driver does about some events, one after the other. */
const driven = (...events: ReadonlyArray<DriverEvent>): ReadonlyArray<DriverOutput> => {
  let state = startDriver({ action, ...request })
  const outputs: Array<DriverOutput> = []
  for (const event of events) {
    const next = step(rulesOf(), state, event)
    state = next.state
    outputs.push(...next.outputs)
  }
  return outputs
}

const tags = (...events: ReadonlyArray<DriverEvent>) =>
  driven(...events).map((output) => (output._tag === "Send" ? output.request._tag : output._tag))

const answer = (from: SignerService, said: MemberAnswer): DriverEvent => ({
  _tag: "Answer",
  answer: said,
  from: from.peer
})

const approval = (signer: SignerService, of = action) =>
  ({
    _tag: "Approved",
    votes: [{ shard: 0, signed: signClaim(signer, network, { action: of, kind: "approve" }) }]
  }) as const
const approves = (signer: SignerService) => answer(signer, approval(signer))

const acceptance = { ballot: null, value: "commit" } as const
const accepts = (signer: SignerService): DriverEvent =>
  answer(signer, {
    _tag: "Accepted",
    acceptance,
    proof: [certify(action, home, { kind: "approve" })],
    signed: signClaim(signer, network, { action, ...acceptance, kind: "accepted" })
  })

const failed = ({ peer }: SignerService): DriverEvent => ({ _tag: "Failed", peer })
const three = [approves(ann), approves(bob), approves(cat)]
const secondRound = ["Accept", "Accept", "Accept", "Accept"]
const commit = ["Finished", "Apply", "Apply", "Apply", "Apply"]

describe("A driver of one shard", () => {
  it("ends with Qf approvals", () => {
    expect(tags(...three)).toEqual(["Hedge"])
    expect(tags(...three, approves(dan))).toEqual(["Hedge", ...commit])
  })

  it("asks for a second round as soon as Qf has become impossible, or when it has waited long enough", () => {
    expect(tags(...three, failed(dan))).toEqual(["Hedge", ...secondRound])
    expect(tags(failed(dan), ...three)).toEqual(secondRound)
    expect(tags(...three, { _tag: "HedgeElapsed" })).toEqual(["Hedge", ...secondRound])
  })

  it("waits for no vote of who answers with an acceptance that it was not asked for", () => {
    const two = [approves(ann), failed(bob), approves(cat)]
    expect(tags(...two)).toEqual([])
    expect(tags(...two, accepts(dan))).toEqual(["Recover"])
  })

  it("takes whichever of the two comes first, and begins neither twice", () => {
    const begun = [...three, { _tag: "HedgeElapsed" } as const]
    expect(tags(...begun, accepts(ann), accepts(bob), approves(dan))).toEqual(["Hedge", ...secondRound, ...commit])
    expect(tags(...begun, accepts(ann), accepts(bob), accepts(cat), approves(dan))).toEqual([
      "Hedge",
      ...secondRound,
      ...commit
    ])
    expect(tags(...begun, { _tag: "HedgeElapsed" })).toEqual(["Hedge", ...secondRound])
  })

  it("is to be recovered where neither can come any more, and says so once", () => {
    expect(tags(approves(ann), failed(bob))).toEqual([])
    expect(tags(approves(ann), failed(bob), failed(cat), failed(dan))).toEqual(["Recover"])
    const joined = { n: 7, peer: dan.peer }
    const outranked = (signer: SignerService) => answer(signer, { _tag: "Outranked", joined })
    expect(driven(...[ann, bob].map(outranked)).at(-1)).toEqual({ _tag: "Recover", above: joined })
  })

  it("says whose locks were in the way when it gives up, whatever it was that failed last", () => {
    const by = [{ block: author.tail(created.world, "books"), holder: created.actionId }]
    const inTheWay = answer(ann, { _tag: "InTheWay", by })
    expect(driven(inTheWay, failed(bob)).slice(0, 1)).toEqual([{ _tag: "InTheWay", by }])
    expect(tags(inTheWay, failed(bob), failed(cat))).toEqual(["InTheWay", "Recover"])
    expect(tags(failed(bob), inTheWay)).toEqual(["InTheWay", "Recover"])
  })

  it("goes on after it has given up, if what was on its way comes in time", () => {
    const lost = [...three, failed(dan), failed(ann), failed(bob)] as const
    expect(tags(...lost)).toEqual(["Hedge", ...secondRound, "Recover"])
    expect(tags(...lost, accepts(ann), accepts(bob), accepts(cat))).toEqual([
      "Hedge",
      ...secondRound,
      "Recover",
      ...commit
    ])
  })

  it("is to be recovered above a ballot in which somebody accepted", () => {
    const ballot = { n: 3, peer: dan.peer }
    const begun = [...three, { _tag: "HedgeElapsed" } as const]
    const later = (signer: SignerService) =>
      answer(signer, {
        _tag: "Accepted",
        acceptance: { ballot, value: "abort" },
        proof: [certify(action, home, { ballot, kind: "prepared", value: "abort" })],
        signed: signClaim(signer, network, { action, ballot, kind: "accepted", value: "abort" })
      })
    const outputs = driven(...begun, failed(dan), later(ann), later(bob))
    expect(outputs.at(-1)).toEqual({ _tag: "Recover", above: ballot })
  })

  it("counts no signature that is another's, of another transaction, or said to be another's", () => {
    const forged = [
      answer(dan, approval(ann)),
      answer(signerOf(5), approval(signerOf(5))),
      answer(dan, approval(dan, created.actionId))
    ]
    for (const event of forged) expect(tags(...three, event)).not.toContain("Finished")
  })

  it("believes no end without its proof", () => {
    const decision = certify(action, [ann, bob, cat], { kind: "approve" })
    const told = answer(dan, { _tag: "Ended", ending: { _tag: "Committed", proof: { decision } } })
    expect(tags(told)).toEqual([])
    const all = certify(action, home, { kind: "approve" })
    const proved = answer(dan, { _tag: "Ended", ending: { _tag: "Committed", proof: { decision: all } } })
    expect(tags(proved)).toEqual(commit)
  })

  it("sends the manifest again to who asks for it after the end, and knows when all have been told", () => {
    const all = [...three, approves(dan)]
    const proof = { decision: certify(action, home, { kind: "approve" }) }
    const ended = (signer: SignerService) => answer(signer, { _tag: "Ended", ending: { _tag: "Committed", proof } })
    const outputs = driven(...all, answer(dan, { _tag: "Unknown" }))
    expect(outputs.at(-1)).toMatchObject({
      request: { _tag: "Apply", request: { signed: request.signed } },
      to: dan.peer
    })
    expect(tags(...all, ...home.map(ended)).at(-1)).toBe("Acknowledged")
    expect(tags(...all, ...[ann, bob, cat, cat].map(ended))).not.toContain("Acknowledged")
  })
})

describe("A driver of several shards", () => {
  const away = clusterOf(5, 6, 7, 8)
  const membersOf = (name: string) => peersOf(name === "films" ? away : home)
  const author = new Author({ hasher, membersOf, network, signer: signerOf(9) })
  const { world } = author.transaction(emptyWorld, { writes: { books: onlyLog, films: onlyLog } })
  const both = author.transaction(world, { writes: { books: onlyLog, films: onlyLog } })
  const { action, request } = { action: both.actionId, request: both.request }
  const [primary, second] = request.signed.manifest.shards[0].members.includes(ann.peer) ? [home, away] : [away, home]

  const outputs = (...events: ReadonlyArray<DriverEvent>) => {
    let state = startDriver({ action, ...request })
    return events.flatMap((event) => {
      const next = step(rulesOf(), state, event)
      state = next.state
      return next.outputs
    })
  }
  const tags = (...events: ReadonlyArray<DriverEvent>) =>
    outputs(...events).map((output) => (output._tag === "Send" ? output.request._tag : output._tag))
  const votes = (signer: SignerService, kind: "approve" | "refuse", shard: number): DriverEvent => {
    const signed = [{ shard, signed: signClaim(signer, network, { action, kind, shard }) }] as const
    return answer(
      signer,
      kind === "approve" ? { _tag: "Approved", votes: signed } : { _tag: "Declined", reason: "locked", votes: signed }
    )
  }
  const all = (signers: typeof home, kind: "approve" | "refuse", shard: number) =>
    signers.map((signer) => votes(signer, kind, shard))
  const fail = (signers: typeof home) => signers.map(failed)

  it("asks for no second round before the votes of all shards are there", () => {
    expect(tags(...all(primary, "approve", 0))).toEqual([])
    expect(tags(...all(primary, "approve", 0), { _tag: "HedgeElapsed" })).toEqual([])
    expect(tags(...all(primary, "approve", 0), ...all(second, "approve", 1).slice(1))).toEqual(secondRound)
  })

  it("waits, where one shard is split, for another that may yet refuse", () => {
    const split = [...all(primary, "approve", 0).slice(0, 2), ...fail(primary.slice(2))]
    expect(tags(...split)).toEqual([])
    expect(tags(...split, ...all(second, "refuse", 1)).slice(0, 1)).toEqual(["Finished"])
    expect(tags(...split, ...all(second, "approve", 1))).toEqual(["Recover"])
  })

  it("tells those who have voted of a refusal without the manifest, and all others with it", () => {
    const told = outputs(...all(primary, "approve", 0), ...all(second, "refuse", 1))
    const sent = told.flatMap((output) =>
      output._tag === "Send" && output.request._tag === "End" ? [[output.to, "signed" in output.request]] : []
    )
    expect(sent).toEqual([
      ...peersOf(primary).map((peer) => [peer, false]),
      ...peersOf(second).map((peer) => [peer, true])
    ])
  })

  it("counts votes for the shard that they were given for, and for no other", () => {
    const crossed = second.map((signer) => votes(signer, "approve", 0))
    expect(tags(...all(primary, "approve", 0), ...crossed)).not.toContain("Accept")
  })
})
