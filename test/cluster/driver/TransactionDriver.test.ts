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
