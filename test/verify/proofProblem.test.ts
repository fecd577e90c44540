import { describe, expect, it } from "@effect/vitest"
import type { BlockId } from "../../schemas/Ids.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { Certificate, FaultModel, Proof } from "../../schemas/Proof.ts"
import { type Claim, signClaim } from "../../src/encoding/Statements.ts"
import { type ClaimedProof, proofProblem } from "../../src/verify/proofProblem.ts"
import { Author, addLeaf, emptyWorld, type Prepared } from "../storage/Requests.ts"
import { hasher, network, signerOf, verifier } from "../storage/TestServices.ts"

/** Two clusters of four, in the order of their peer ids. */
const clusters = [
  [1, 2, 3, 4],
  [5, 6, 7, 8]
].map((bytes) => bytes.map(signerOf).sort((a, b) => (a.peer < b.peer ? -1 : 1)))

const membersOf = (name: string) => clusters[name === "elsewhere" ? 1 : 0]!.map(({ peer }) => peer)
const author = new Author({ hasher, membersOf, network, signer: signerOf(9) })

const single = author.transaction(emptyWorld, { writes: { books: addLeaf(["a"]) } })
const double = author.transaction(emptyWorld, { writes: { books: addLeaf(["a"]), elsewhere: addLeaf(["b"]) } })

/** Signatures of the first so many members of a cluster. */
const certificate = (
  { actionId }: Prepared,
  cluster: number,
  count: number,
  claim: Pick<Claim, "kind"> & Partial<Certificate>
): Certificate => {
  const filled = { ballot: null, shard: 0, value: null, ...claim }
  const [first, ...others] = clusters[cluster]!.slice(0, count).map((signer) =>
    signClaim(signer, network, { ...filled, action: actionId })
  )
  return { ...filled, signatures: [first!, ...others] }
}

const problemOf = (
  prepared: Prepared,
  name: string,
  proof: Proof,
  { faultModel = "byzantine", ...changed }: Partial<ClaimedProof> & { readonly faultModel?: FaultModel } = {}
) => {
  const block: BlockId = author.tail(prepared.world, name)
  const claimed = { action: prepared.actionId, proof, signed: prepared.request.signed, ...changed }
  return proofProblem({ faultModel, hasher, network, verifier }, block, membersOf(name), claimed)
}

const approvals = (count: number, cluster = 0) => ({
  decision: certificate(single, cluster, count, { kind: "approve" })
})
const acceptances = (prepared: Prepared, count: number, cluster = 0) =>
  certificate(prepared, cluster, count, { kind: "accepted", value: "commit" })

describe("A revision of a single shard is proved", () => {
  it("by as many approvals as a fast quorum has, and no fewer", () => {
    expect(problemOf(single, "books", approvals(4))).toBeUndefined()
    expect(problemOf(single, "books", approvals(3))).toMatch(/3 valid signatures of members, of 4/)
    expect(problemOf(single, "books", approvals(3), { faultModel: "crash" })).toBeUndefined()
    expect(problemOf(single, "books", approvals(2), { faultModel: "crash" })).toMatch(/2 valid signatures/)
  })

  it("by as many acceptances of commit as a quorum has, and no fewer", () => {
    expect(problemOf(single, "books", { decision: acceptances(single, 3) })).toBeUndefined()
    expect(problemOf(single, "books", { decision: acceptances(single, 2) })).toMatch(/2 valid signatures/)
    const abort = certificate(single, 0, 4, { kind: "accepted", value: "abort" })
    expect(problemOf(single, "books", { decision: abort })).toMatch(/value abort/)
  })

  it("not by others than its members, nor by one of them several times", () => {
    expect(problemOf(single, "books", approvals(4, 1))).toMatch(/0 valid signatures/)
    const { decision } = approvals(4)
    const [first] = decision.signatures
    const repeated = { ...decision, signatures: [first, first, first, first] as const }
    expect(problemOf(single, "books", { decision: repeated })).toMatch(/1 valid/)
  })

  it("not by statements of another kind, shard or ballot, nor by those of another transaction", () => {
    const kinds = ["refuse", "join", "prepared", "author"] as const
    for (const kind of kinds) {
      expect(problemOf(single, "books", { decision: certificate(single, 0, 4, { kind }) })).toMatch(`kind ${kind}`)
    }
    const shard = certificate(single, 0, 4, { kind: "approve", shard: 1 })
    expect(problemOf(single, "books", { decision: shard })).toMatch(/shard 1/)
    const ballot = { n: 1, peer: membersOf("books")[0]! }
    const later = certificate(single, 0, 4, { ballot, kind: "approve" })
    expect(problemOf(single, "books", { decision: later })).toMatch(/kind approve/)
    const other = certificate(double, 0, 4, { kind: "approve" })
    expect(problemOf(single, "books", { decision: other })).toMatch(/0 valid/)
  })

  it("only with the manifest that its transaction is named after, signed by its author, of this network", () => {
    const { signed } = single.request
    expect(problemOf(single, "books", approvals(4), { action: double.actionId })).toMatch(/not that of transaction/)
    const unsigned = { ...signed, signatures: double.request.signed.signatures }
    expect(problemOf(single, "books", approvals(4), { signed: unsigned })).toMatch(/author's signature/)
    const elsewhere = new Author({ hasher, membersOf, network: NetworkName.make("other"), signer: signerOf(9) })
    const foreign = elsewhere.transaction(emptyWorld, { writes: { books: addLeaf(["a"]) } })
    expect(problemOf(foreign, "books", approvals(4))).toMatch(/of network other/)
  })

  it("not where the manifest has the block elsewhere, or not at all", () => {
    const block = author.tail(double.world, "elsewhere")
    const claimed = { action: single.actionId, proof: approvals(4), signed: single.request.signed }
    const context = { faultModel: "byzantine", hasher, network, verifier } as const
    expect(proofProblem(context, block, membersOf("books"), claimed)).toMatch(/does not write the block/)
    const own = author.tail(single.world, "books")
    expect(proofProblem(context, own, membersOf("elsewhere"), claimed)).toMatch(/other members/)
  })

  it("by nothing that has another shape", () => {
    for (const proof of [{}, { decision: null }, null, "proof"]) {
      expect(problemOf(single, "books", proof as unknown as Proof)).toMatch(/proof has no such shape/)
    }
    const signed = { manifest: {}, signatures: [] } as unknown as ClaimedProof["signed"]
    expect(problemOf(single, "books", approvals(4), { signed })).toMatch(/manifest has no such shape/)
  })
})

describe("A revision of several shards is proved", () => {
  const { shards } = double.request.signed.manifest
  const clusterOf = (name: string) => (name === "elsewhere" ? 1 : 0)
  const indexOf = (name: string) => shards.findIndex(({ members }) => members.join() === membersOf(name).join())
  const primary = indexOf("elsewhere") === 0 ? 1 : 0
  const decision = acceptances(double, 3, primary)
  const pend = (name: string, shard = indexOf(name)) =>
    certificate(double, clusterOf(name), 3, { kind: "approve", shard })

  it("by the decision of the primary shard and the approvals of its own", () => {
    for (const name of ["books", "elsewhere"]) {
      expect(problemOf(double, name, { decision, pends: [pend(name)] })).toBeUndefined()
    }
  })

  it("not without the approvals of its own shard, nor by approvals as a decision", () => {
    for (const name of ["books", "elsewhere"]) {
      expect(problemOf(double, name, { decision })).toMatch(/pend certificate of its shard is absent/)
      expect(problemOf(double, name, { decision, pends: [pend(name, 1 - indexOf(name))] })).toMatch(/pend certificate/)
      const approved = certificate(double, primary, 4, { kind: "approve" })
      expect(problemOf(double, name, { decision: approved, pends: [pend(name)] })).toMatch(/decision certificate/)
    }
  })
})
