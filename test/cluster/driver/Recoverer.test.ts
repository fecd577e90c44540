import { describe, expect, it } from "@effect/vitest"
import type { MemberAnswer } from "../../../schemas/Cluster.ts"
import type { Ballot } from "../../../schemas/Proof.ts"
import type { SignerService } from "../../../services/Signer.ts"
import { MAX_BALLOT_STEP } from "../../../src/cluster/Ballot.ts"
import { type RecovererEvent, startRecoverer, step } from "../../../src/cluster/driver/Recoverer.ts"
import type { RecovererOutput } from "../../../src/cluster/driver/Recovery.ts"
import { signClaim } from "../../../src/encoding/Statements.ts"
import { Author, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, joinStatement, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const [ann, bob, cat, dan] = home as unknown as readonly [SignerService, SignerService, SignerService, SignerService]
const self = signerOf(9).peer
const author = new Author({ hasher, membersOf: () => peersOf(home), network, signer: signerOf(9) })
const created = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const { actionId: action, request } = author.transaction(created.world, { writes: { books: onlyLog } })

const recovered = (...events: ReadonlyArray<RecovererEvent>): ReadonlyArray<RecovererOutput> => {
  let state = startRecoverer({ action, ...request }, self)
  const outputs: Array<RecovererOutput> = []
  for (const event of events) {
    const next = step(rulesOf(), state, event)
    state = next.state
    outputs.push(...next.outputs)
  }
  return outputs
}

const answer = (from: SignerService, said: MemberAnswer): RecovererEvent => ({
  _tag: "Answer",
  answer: said,
  from: from.peer
})
const failed = ({ peer }: SignerService): RecovererEvent => ({ _tag: "Failed", peer })
const open = (signer: SignerService, joined: Ballot | null = null): RecovererEvent =>
  answer(signer, { _tag: "Open", acceptance: null, approved: false, joined })
const asked = home.map((signer) => open(signer))

const at = (n: number): Ballot => ({ n, peer: self })
const joins = (signer: SignerService, n: number, approved = false): RecovererEvent =>
  answer(signer, { _tag: "Joined", ballot: at(n), statement: joinStatement(action, at(n), signer, { approved }) })
const prepares = (signer: SignerService, n: number, value: "commit" | "abort"): RecovererEvent => {
  const claim = { action, ballot: at(n), kind: "prepared", value } as const
  return answer(signer, { _tag: "Prepared", ballot: at(n), signed: signClaim(signer, network, claim), value })
}

/** What was sent last, and in which ballot. */
const last = (outputs: ReadonlyArray<RecovererOutput>) => {
  const output = outputs.at(-1)
  if (output?._tag !== "Send") return output?._tag
  const { request } = output
  if (request._tag === "Accept") return [request._tag, request.acceptance.ballot?.n, request.acceptance.value]
  return "ballot" in request
    ? [request._tag, request.ballot.n, "value" in request ? request.value : undefined]
    : request._tag
}

describe("A recoverer", () => {
  it("leads a ballot above all that it was told of, once all have answered or failed", () => {
    expect(last(recovered({ _tag: "Begin" }))).toBe("Ask")
    expect(recovered(open(ann), open(bob), open(cat))).toEqual([])
    expect(last(recovered(open(ann), open(bob), open(cat), failed(dan)))).toEqual(["Join", 1, undefined])
    expect(last(recovered(open(ann), open(bob, at(4)), open(cat), open(dan)))).toEqual(["Join", 5, undefined])
  })

  it("proposes what Q statements justify, and asks to accept what Q have prepared", () => {
    const none = [...asked, joins(ann, 1), joins(bob, 1), joins(cat, 1)]
    expect(last(recovered(...none))).toEqual(["Propose", 1, "abort"])
    const two = [...asked, joins(ann, 1, true), joins(bob, 1, true), joins(cat, 1)]
    expect(last(recovered(...two))).toEqual(["Propose", 1, "commit"])
    const prepared = [ann, bob, cat].map((signer) => prepares(signer, 1, "abort"))
    expect(last(recovered(...none, ...prepared.slice(1)))).toEqual(["Propose", 1, "abort"])
    expect(last(recovered(...none, ...prepared))).toEqual(["Accept", 1, "abort"])
  })

  it("counts no statement that lies about another's acceptance, or is of another ballot", () => {
    const value = { acceptance: { ballot: null, value: "commit" }, approved: false } as const
    const lie = answer(dan, { _tag: "Joined", ballot: at(1), statement: joinStatement(action, at(1), dan, value) })
    expect(last(recovered(...asked, joins(ann, 1), joins(bob, 1), lie))).toEqual(["Join", 1, undefined])
    expect(last(recovered(...asked, joins(ann, 1), joins(bob, 1), joins(cat, 2)))).toEqual(["Join", 1, undefined])
  })

  it("counts no statement for who only hands it on", () => {
    const copied = answer(dan, { _tag: "Joined", ballot: at(1), statement: joinStatement(action, at(1), ann) })
    const three = [...asked, copied, joins(ann, 1), joins(bob, 1)]
    expect(last(recovered(...three))).toEqual(["Join", 1, undefined])
    expect(last(recovered(...three, joins(cat, 1)))).toEqual(["Propose", 1, "abort"])
  })

  it("waits for nothing more of a member whose statement does not count", () => {
    const copied = (n: number) =>
      answer(dan, { _tag: "Joined", ballot: at(n), statement: joinStatement(action, at(n), ann) })
    expect(last(recovered(...asked, copied(1), joins(ann, 1), failed(bob)))).toBe("BackOff")
    const busy = (signer: SignerService) => answer(signer, { _tag: "Busy", reason: "full" })
    const declined = [...asked, joins(ann, 1), joins(bob, 1), joins(cat, 1), busy(dan), busy(cat)]
    const again = [...declined, { _tag: "BackOffElapsed", order: peersOf(home) } as const]
    const three = [...again, joins(ann, 2), joins(bob, 2), joins(cat, 2)]
    expect(last(recovered(...three, copied(2)))).toEqual(["Propose", 2, "abort"])
  })

  it("backs off when Q can no longer come together, and takes a ballot above the one that was in the way", () => {
    const outranked = (signer: SignerService) => answer(signer, { _tag: "Outranked", joined: { n: 8, peer: dan.peer } })
    const lost = [...asked, joins(ann, 1), outranked(bob), outranked(cat)]
    expect(last(recovered(...lost))).toBe("BackOff")
    const order = peersOf(home)
    expect(last(recovered(...lost, { _tag: "BackOffElapsed", order }))).toEqual(["Join", 9, undefined])
  })

  it("follows no number that somebody made up further than members do, and gets there in steps where it was true", () => {
    const outranked = (signer: SignerService, n: number) =>
      answer(signer, { _tag: "Outranked", joined: { n, peer: dan.peer } })
    const order = peersOf(home)
    const lost = (n: number) => [outranked(ann, n), outranked(bob, n), { _tag: "BackOffElapsed", order } as const]
    const told = [open(ann), open(bob), open(cat), open(dan, at(1e15))]
    expect(last(recovered(...told))).toEqual(["Join", MAX_BALLOT_STEP, undefined])
    expect(last(recovered(...told, ...lost(2_500)))).toEqual(["Join", 2 * MAX_BALLOT_STEP, undefined])
    const twice = [...told, ...lost(2_500), ...lost(2_500)]
    expect(last(recovered(...twice))).toEqual(["Join", 2_501, undefined])
  })

  it("believes a number at once with the prepare certificate of that ballot, and shows it to who lags behind", () => {
    const high = { n: 5_000, peer: bob.peer }
    const near = certify(action, [ann, bob, cat], { ballot: high, kind: "prepared", value: "abort" })
    const accepted = (signer: SignerService, proof = near) =>
      answer(signer, {
        _tag: "Accepted",
        acceptance: { ballot: high, value: "abort" },
        proof: [proof],
        signed: signClaim(signer, network, { action, ballot: high, kind: "accepted", value: "abort" })
      })
    const again = { _tag: "BackOffElapsed", order: peersOf(home) } as const
    const outputs = recovered(...asked, accepted(ann), accepted(bob), again)
    expect(outputs.at(-1)).toMatchObject({ request: { _tag: "Join", ballot: { n: 5_001 }, near } })
    // That of a lower ballot, which is as sound, takes nothing back.
    const low = { n: 2, peer: bob.peer }
    const older = certify(action, [ann, bob, cat], { ballot: low, kind: "prepared", value: "abort" })
    const late = answer(dan, {
      _tag: "Accepted",
      acceptance: { ballot: low, value: "abort" },
      proof: [older],
      signed: signClaim(dan, network, { action, ballot: low, kind: "accepted", value: "abort" })
    })
    expect(recovered(...asked, accepted(ann), accepted(bob), late, again).at(-1)).toMatchObject({ request: { near } })
    const unproved = certify(action, [ann, bob], { ballot: high, kind: "prepared", value: "abort" })
    const lie = recovered(...asked, accepted(ann, unproved), accepted(bob, unproved), again)
    expect(last(lie)).toEqual(["Join", 2, undefined])
  })

  it("takes nothing from a ballot that it no longer leads, nor twice from one member", () => {
    const order = peersOf(home)
    const lost = [...asked, joins(ann, 1), failed(bob), failed(cat), { _tag: "BackOffElapsed", order } as const]
    const stale = [...lost, joins(ann, 1), joins(bob, 1), joins(cat, 1), prepares(ann, 1, "abort")]
    expect(last(recovered(...stale))).toEqual(["Join", 2, undefined])
    const twice = [...asked, joins(ann, 1), joins(ann, 1, true), joins(bob, 1)]
    expect(last(recovered(...twice))).toEqual(["Join", 1, undefined])
    expect(recovered({ _tag: "BackOffElapsed", order })).toEqual([])
  })

  it("does nothing more about a ballot that it has given up", () => {
    const order = peersOf(home)
    const busy = (signer: SignerService) => answer(signer, { _tag: "Busy", reason: "full" })
    const lost = [...asked, joins(ann, 1), busy(bob), busy(cat)]
    expect(last(recovered(...lost))).toBe("BackOff")
    expect(recovered(...lost, joins(dan, 1), failed(dan))).toHaveLength(recovered(...lost).length)
    // A member that would not join has declined nothing: its statement is not waited for.
    const again = [...lost, { _tag: "BackOffElapsed", order } as const]
    expect(last(recovered(...again, joins(ann, 2), joins(dan, 2), joins(bob, 2)))).toEqual(["Propose", 2, "abort"])
  })

  it("sends the manifest to who asks for it after the end, and does nothing about any other late answer", () => {
    const decision = certify(action, home, { kind: "approve" })
    const ended = answer(ann, { _tag: "Ended", ending: { _tag: "Committed", proof: { decision } } })
    const done = recovered(ended)
    expect(done[0]?._tag).toBe("Finished")
    expect(recovered(ended, failed(bob), open(cat), ended)).toHaveLength(done.length)
    const outputs = recovered(ended, answer(dan, { _tag: "Unknown" }))
    expect(outputs.at(-1)).toMatchObject({ request: { _tag: "Apply", request: { signed: request.signed } } })
  })

  it("waits in the next ballot for the statements of those who declined, and takes them first", () => {
    const by = [{ block: author.tail(created.world, "books"), holder: created.actionId }]
    const inTheWay = (signer: SignerService) => answer(signer, { _tag: "InTheWay", by })
    const split = [...asked, joins(ann, 1, true), joins(bob, 1, true), joins(cat, 1), inTheWay(cat), inTheWay(dan)]
    const outputs = recovered(...split)
    expect(outputs.at(-2)?._tag).toBe("InTheWay")
    const behind = (signer: SignerService) => answer(signer, { _tag: "Behind", blocks: [] })
    for (const declines of [inTheWay, behind]) {
      const lost = [...split.slice(0, -2), declines(cat), declines(dan)]
      const again = [...lost, { _tag: "BackOffElapsed", order: peersOf(home) } as const]
      const three = [...again, joins(ann, 2, true), joins(bob, 2, true), joins(cat, 2)]
      expect(last(recovered(...three))).toEqual(["Join", 2, undefined])
      // Of two that approved one fits beside the two that declined: fewer than T.
      expect(last(recovered(...three, joins(dan, 2)))).toEqual(["Propose", 2, "abort"])
      expect(last(recovered(...three, failed(dan)))).toEqual(["Propose", 2, "commit"])
    }
  })
})
