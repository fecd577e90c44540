import { describe, expect, it } from "@effect/vitest"
import { NetworkName } from "../../../schemas/Manifest.ts"
import type { Certificate, Proof } from "../../../schemas/Proof.ts"
import { revisionOf, revisionProblem, shardProofProblem } from "../../../src/cluster/evidence/RevisionProof.ts"
import { signClaim } from "../../../src/encoding/Statements.ts"
import { Author, emptyWorld, onlyLog, type Prepared } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const away = clusterOf(5, 6, 7, 8)
const membersOf = (name: string) => peersOf(name === "films" ? away : home)
const author = new Author({ hasher, membersOf, network, signer: signerOf(9) })
const created = author.transaction(emptyWorld, { writes: { books: onlyLog, films: onlyLog } })
const single = author.transaction(created.world, { writes: { books: onlyLog } })
const double = author.transaction(created.world, { writes: { books: onlyLog, films: onlyLog } })
const books = author.tail(created.world, "books")
const films = author.tail(created.world, "films")

const isHome = double.request.signed.manifest.shards[0].members.includes(home[0]!.peer)
const [primary, second] = isHome ? [home, away] : [away, home]
type Signers = typeof home
const [block, other] = isHome ? [books, films] : [films, books]

const accepted = (signers: Signers = primary.slice(1)) =>
  certify(double.actionId, signers, { kind: "accepted", value: "commit" })
const pend = (shard: number, signers: Signers) => certify(double.actionId, signers.slice(1), { kind: "approve", shard })

const problem = ({ actionId, request }: Prepared, of: typeof block, members: Signers, proof: Proof) =>
  revisionProblem(rulesOf(), actionId, request.signed.manifest, of, peersOf(members), proof)
const pended = (...pends: ReadonlyArray<Certificate>): Proof => ({ decision: accepted(), pends: pends as never })

describe("A revision is proved", () => {
  it("by Qf approvals alone, or by Q acceptances alone, where there is one shard", () => {
    expect(problem(single, books, home, { decision: certify(single.actionId, home, { kind: "approve" }) })).toBe(
      undefined
    )
    const decision = certify(single.actionId, home.slice(1), { kind: "accepted", value: "commit" })
    expect(problem(single, books, home, { decision })).toBeUndefined()
    const few = certify(single.actionId, home.slice(1), { kind: "approve" })
    expect(problem(single, books, home, { decision: few })).toMatch(/its decision certificate has 3/)
  })

  it("by the decision and the pend certificate of the block's own shard, where there are several", () => {
    expect(problem(double, block, primary, pended(pend(0, primary)))).toBeUndefined()
    expect(problem(double, other, second, pended(pend(1, second)))).toBeUndefined()
    expect(problem(double, other, second, pended(pend(0, primary), pend(1, second)))).toBeUndefined()
    expect(problem(double, other, second, { decision: accepted() })).toMatch(/absent/)
    expect(problem(double, other, second, pended(pend(0, primary)))).toMatch(/absent/)
    expect(problem(double, other, second, pended(pend(1, primary)))).toMatch(/its pend certificate has 0 valid/)
    expect(problem(double, other, second, { ...pended(pend(1, second)), decision: accepted(second) })).toMatch(
      /its decision certificate has 0 valid/
    )
  })

  it("to nobody who knows other members for the block, and of no block that is not written", () => {
    expect(problem(double, other, primary, pended(pend(1, second)))).toMatch(/other members/)
    expect(problem(single, films, away, pended(pend(1, second)))).toMatch(/does not write the block/)
    const { manifest } = double.request.signed
    const beyond = shardProofProblem(rulesOf(), double.actionId, manifest, 2, peersOf(home), pended())
    expect(beyond).toMatch(/other members/)
  })

  it("by no signatures of another network", () => {
    const elsewhere = NetworkName.make("elsewhere")
    const claim = { ballot: null, kind: "approve", shard: 0, value: null } as const
    const signatures = home.map((signer) => signClaim(signer, elsewhere, { ...claim, action: single.actionId }))
    const decision = { ...claim, signatures: signatures as never }
    expect(problem(single, books, home, { decision })).toMatch(/0 valid signatures/)
  })
})

describe("What a manifest makes of a block", () => {
  it("is a revision with the number of its collection, on the base that it names", () => {
    const { manifest } = single.request.signed
    const revision = revisionOf(manifest, single.actionId, books)
    expect(revision).toMatchObject({ actionId: single.actionId, base: { rev: 1 }, rev: 2 })
    expect(revisionOf(manifest, single.actionId, films)).toBeUndefined()
  })
})
