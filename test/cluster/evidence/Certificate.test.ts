import { describe, expect, it } from "@effect/vitest"
import type { Certificate } from "../../../schemas/Proof.ts"
import { approvalsNeeded, isOneRound, needsAll } from "../../../src/cluster/ClusterRules.ts"
import { acceptanceProblem } from "../../../src/cluster/evidence/AcceptanceProof.ts"
import {
  decisionProblem,
  pendProblem,
  pendsProblem,
  preparedProblem,
  refusalsProblem
} from "../../../src/cluster/evidence/Certificate.ts"
import { Author, addLeaf, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf, type Says } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const away = clusterOf(5, 6, 7, 8)
const membersOf = (name: string) => peersOf(name === "away" ? away : home)
const author = new Author({ hasher, membersOf, network, signer: signerOf(9) })

const created = author.transaction(emptyWorld, { writes: { away: onlyLog, books: addLeaf(["a"]), cars: onlyLog } })
/** Writes books, at home. */
const single = author.transaction(created.world, { writes: { books: onlyLog } })
/** Writes books, at home, and reads another collection, away. */
const double = author.transaction(created.world, { reads: ["away"], writes: { books: onlyLog } })
const creation = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const absence = author.transaction(created.world, { reads: ["films"] })

const rules = rulesOf()
const open = rulesOf("byzantine", false)
const ballot = { n: 2, peer: home[0]!.peer }

const sign = (prepared: typeof single, count: number, says: Says, signers = home) =>
  certify(prepared.actionId, signers.slice(0, count), says)

describe("ClusterRules", () => {
  it("one round decides only a transaction of one shard, and without a roster none that creates a header or misses one", () => {
    const manifests = [single, double, creation, absence].map(({ request }) => request.signed.manifest)
    expect(manifests.map((manifest) => isOneRound(rules, manifest))).toEqual([true, false, true, true])
    expect(manifests.map((manifest) => isOneRound(open, manifest))).toEqual([true, false, false, false])
    expect(manifests.map(({ shards }) => needsAll(open, shards[0]))).toEqual([false, false, true, true])
    expect(manifests.map(({ shards }) => approvalsNeeded(open, shards[0]))).toEqual([3, 3, 4, 4])
  })
})

describe("A pend certificate", () => {
  const problem = (certificate: Certificate, index = 0) =>
    pendProblem(rules, double.actionId, double.request.signed.manifest, index, certificate)

  it("is Q approvals of one shard's members for that shard", () => {
    expect(problem(sign(double, 3, { kind: "approve" }))).toBeUndefined()
    expect(problem(sign(double, 3, { kind: "approve", shard: 1 }, away), 1)).toBeUndefined()
    expect(problem(sign(double, 2, { kind: "approve" }))).toMatch(/2 valid signatures of members, of 3/)
    // Approvals are bound to their shard: members of two shards approve each by itself.
    expect(problem(sign(double, 3, { kind: "approve", shard: 1 }))).toMatch(/shard 1/)
    expect(problem(sign(double, 3, { kind: "approve" }), 1)).toMatch(/shard 0/)
    expect(problem(sign(double, 3, { kind: "approve" }, away))).toMatch(/0 valid/)
    expect(problem(sign(double, 3, { kind: "approve" }), 2)).toMatch(/shard 0/)
  })

  it("is made of distinct members, and of no more signatures than there are members", () => {
    const { signatures, ...says } = sign(double, 3, { kind: "approve" })
    const [first, second] = signatures
    expect(problem({ ...says, signatures: [first, first, second!] })).toMatch(/2 valid/)
    expect(problem({ ...says, signatures: [...signatures, ...signatures] as never })).toMatch(/more signatures/)
  })

  it("of a header that is created without a roster is all K approvals", () => {
    const { manifest } = creation.request.signed
    const all = sign(creation, 4, { kind: "approve" })
    const three = sign(creation, 3, { kind: "approve" })
    expect(pendProblem(open, creation.actionId, manifest, 0, all)).toBeUndefined()
    expect(pendProblem(open, creation.actionId, manifest, 0, three)).toMatch(/of 4/)
    expect(pendProblem(rules, creation.actionId, manifest, 0, three)).toBeUndefined()
  })

  it("is there for every shard before commit is accepted", () => {
    const { manifest } = double.request.signed
    const pends = [sign(double, 3, { kind: "approve" }), sign(double, 3, { kind: "approve", shard: 1 }, away)]
    expect(pendsProblem(rules, double.actionId, manifest, pends)).toBeUndefined()
    expect(pendsProblem(rules, double.actionId, manifest, pends.slice(0, 1))).toMatch(/1 pend certificates for 2/)
    expect(pendsProblem(rules, double.actionId, manifest, pends.toReversed())).toMatch(/shard 0/)
  })
})

describe("A refusal certificate", () => {
  const { manifest } = double.request.signed
  const problem = (certificate: Certificate) => refusalsProblem(rules, double.actionId, manifest, certificate)

  it("is Q refusals of any one shard", () => {
    expect(problem(sign(double, 3, { kind: "refuse" }))).toBeUndefined()
    expect(problem(sign(double, 3, { kind: "refuse", shard: 1 }, away))).toBeUndefined()
    expect(problem(sign(double, 2, { kind: "refuse" }))).toMatch(/2 valid/)
    expect(problem(sign(double, 3, { kind: "refuse", shard: 2 }))).toMatch(/shard 2/)
    expect(problem(sign(double, 3, { kind: "approve" }))).toMatch(/kind approve/)
  })

  it("proves nothing of a transaction of one shard", () => {
    const { manifest } = single.request.signed
    const refusals = sign(single, 4, { kind: "refuse" })
    expect(refusalsProblem(rules, single.actionId, manifest, refusals)).toMatch(/do not bind/)
  })
})

describe("A decision certificate", () => {
  const problem = (prepared: typeof single, certificate: Certificate, decision: "commit" | "abort" = "commit") =>
    decisionProblem(rules, prepared.actionId, prepared.request.signed.manifest, decision, certificate)
  const accepted = (prepared: typeof single, count: number, says: Partial<Certificate> = {}) =>
    sign(prepared, count, { kind: "accepted", value: "commit", ...says })

  it("is Q acceptances of one ballot by the primary shard", () => {
    for (const prepared of [single, double]) {
      expect(problem(prepared, accepted(prepared, 3))).toBeUndefined()
      expect(problem(prepared, accepted(prepared, 3, { ballot }))).toBeUndefined()
      expect(problem(prepared, accepted(prepared, 2))).toMatch(/2 valid/)
      expect(problem(prepared, accepted(prepared, 3, { shard: 1 }))).toMatch(/shard 1/)
    }
    expect(problem(double, sign(double, 3, { kind: "accepted", value: "commit" }, away))).toMatch(/0 valid/)
  })

  it("adds up no acceptances of different ballots", () => {
    const low = accepted(single, 2)
    const high = accepted(single, 3, { ballot })
    const signatures = [...low.signatures, high.signatures[2]!] as unknown as Certificate["signatures"]
    expect(problem(single, { ...low, signatures })).toMatch(/2 valid/)
    expect(problem(single, { ...high, signatures })).toMatch(/1 valid/)
  })

  it("is Qf approvals where there is one shard, and never where there are several", () => {
    expect(problem(single, sign(single, 4, { kind: "approve" }))).toBeUndefined()
    expect(problem(single, sign(single, 3, { kind: "approve" }))).toMatch(/of 4/)
    expect(problem(double, sign(double, 4, { kind: "approve" }))).toMatch(/kind approve/)
  })

  it("counts approvals and acceptances apart", () => {
    const approvals = sign(single, 4, { kind: "approve" })
    const [, , , last] = accepted(single, 4).signatures
    const mixed = [...approvals.signatures.slice(0, 3), last!] as unknown as Certificate["signatures"]
    expect(problem(single, { ...approvals, signatures: mixed })).toMatch(/3 valid/)
  })

  it("of a header that is created without a roster is never made of approvals", () => {
    const approvals = sign(creation, 4, { kind: "approve" })
    const { manifest } = creation.request.signed
    expect(decisionProblem(open, creation.actionId, manifest, "commit", approvals)).toMatch(/kind approve/)
    expect(decisionProblem(open, creation.actionId, manifest, "commit", accepted(creation, 3))).toBeUndefined()
  })

  it("of an abort is of a ballot above 0, and never shows a commit", () => {
    const abort = accepted(single, 3, { ballot, value: "abort" })
    expect(problem(single, abort, "abort")).toBeUndefined()
    expect(problem(single, abort)).toMatch(/value abort/)
    expect(problem(single, accepted(single, 3, { value: "abort" }), "abort")).toMatch(/value abort/)
    expect(problem(single, accepted(single, 3, { ballot }), "abort")).toMatch(/value commit/)
    expect(problem(single, sign(single, 4, { kind: "approve" }), "abort")).toMatch(/kind approve/)
  })
})

describe("A prepare certificate", () => {
  const { manifest } = single.request.signed
  const problem = (certificate: Certificate) =>
    preparedProblem(rules, single.actionId, manifest, ballot, "abort", certificate)
  const prepared = (count: number, says: Partial<Certificate> = {}) =>
    sign(single, count, { ballot, kind: "prepared", value: "abort", ...says })

  it("is Q members that prepared one value in one ballot", () => {
    expect(problem(prepared(3))).toBeUndefined()
    expect(problem(prepared(2))).toMatch(/2 valid/)
    expect(problem(prepared(3, { value: "commit" }))).toMatch(/value commit/)
    expect(problem(prepared(3, { ballot: { ...ballot, n: 3 } }))).toMatch(/kind prepared/)
    expect(problem(prepared(3, { kind: "accepted" }))).toMatch(/kind accepted/)
  })

  it("is what an acceptance above ballot 0 stands on, and one alone", () => {
    const accept = (...proof: ReadonlyArray<Certificate>) =>
      acceptanceProblem(rules, single.actionId, manifest, { ballot, value: "abort" }, proof)
    expect(accept(prepared(3))).toBeUndefined()
    expect(accept()).toMatch(/a prepare certificate/)
    expect(accept(prepared(3), prepared(3))).toMatch(/more than the prepare certificate/)
    expect(accept(sign(single, 3, { kind: "approve" }))).toMatch(/kind approve/)
  })

  it("has the pend certificates of all shards with it where a commit must be shown to shards that have one each", () => {
    const { actionId, request } = double
    const accept = (value: "commit" | "abort", ...pends: ReadonlyArray<Certificate>) =>
      acceptanceProblem(rules, actionId, request.signed.manifest, { ballot, value }, [
        sign(double, 3, { ballot, kind: "prepared", value }),
        ...pends
      ])
    const both = [sign(double, 3, { kind: "approve" }), sign(double, 3, { kind: "approve", shard: 1 }, away)]
    expect(accept("commit", ...both)).toBeUndefined()
    expect(accept("commit")).toMatch(/0 pend certificates for 2 shards/)
    expect(accept("commit", both[0]!, both[0]!)).toMatch(/shard 1/)
    expect(accept("abort")).toBeUndefined()
    expect(accept("abort", ...both)).toMatch(/more than the prepare certificate/)
  })

  it("is not needed in ballot 0, which carries nothing but commit", () => {
    const accept = (value: "commit" | "abort") =>
      acceptanceProblem(rules, single.actionId, manifest, { ballot: null, value }, [
        sign(single, 3, { kind: "approve" })
      ])
    expect(accept("commit")).toBeUndefined()
    expect(accept("abort")).toMatch(/only carry commit/)
  })
})
