import { describe, expect, it } from "@effect/vitest"
import type { Ending } from "../../../schemas/Cluster.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import { endingProblem } from "../../../src/cluster/evidence/Ending.ts"
import { exclusionProblem } from "../../../src/cluster/evidence/Exclusion.ts"
import { Author, emptyWorld, onlyLog, type Prepared, type World } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const others = clusterOf(2, 3, 4, 5)
const author = new Author({ hasher, membersOf: () => peersOf(home), network, signer: signerOf(9) })
const rules = rulesOf()

const write = (world: World, by = author) => by.transaction(world, { writes: { books: onlyLog } })
const created = write(emptyWorld)
const block = author.tail(created.world, "books")
/** Rivals: both start from revision 1. */
const [lost, won] = [write(created.world), write(created.world)]
const next = write(won.world)

const proved = ({ actionId, request }: Prepared, signers = home): CertifiedRevision => ({
  block,
  proof: { decision: certify(actionId, signers, { kind: "approve" }) },
  signed: request.signed
})

const excluded = (by: CertifiedRevision, of: Prepared = lost, stored?: ReadonlyArray<(typeof home)[number]>) =>
  exclusionProblem(rules, of.actionId, of.request.signed.manifest, by, stored && peersOf(stored))

describe("An exclusion proof", () => {
  it("is a proved revision of a written block that took the transaction's place", () => {
    expect(excluded(proved(won))).toBeUndefined()
    expect(excluded(proved(won), lost, home)).toBeUndefined()
  })

  it("is not a revision that starts above the base: what came between may have been the transaction itself", () => {
    expect(excluded(proved(next))).toMatch(/starts above/)
  })

  it("is not the base, nor what came before it", () => {
    expect(excluded(proved(created))).toMatch(/not above the transaction's base/)
    expect(excluded(proved(won), next)).toMatch(/not above/)
  })

  it("is not the transaction itself", () => {
    expect(excluded(proved(lost))).toMatch(/own/)
  })

  it("is not a transaction that leaves the block alone", () => {
    const elsewhere = author.transaction(created.world, { writes: { cars: onlyLog } })
    expect(excluded(proved(elsewhere))).toMatch(/manifest does not write the block/)
  })

  it("is not of a block that the transaction only reads", () => {
    const reader = author.transaction(created.world, { reads: ["books"], writes: { cars: onlyLog } })
    expect(excluded(proved(won), reader)).toMatch(/does not write the block/)
  })

  it("counts signatures in the member set that the transaction names, and at a member in the stored one, too", () => {
    const elsewhere = new Author({ hasher, membersOf: () => peersOf(others), network, signer: signerOf(8) })
    const rival = write(emptyWorld, elsewhere)
    const header = author.collection("books")
    expect(excluded({ ...proved(rival, others), block: header }, created)).toMatch(/other members/)
    expect(excluded(proved(won), lost, others)).toMatch(/other members here/)
  })

  it("is worth what its proof is", () => {
    expect(excluded(proved(won, home.slice(1)))).toMatch(/of 4/)
    expect(
      excluded({ ...proved(won), signed: { ...won.request.signed, signatures: lost.request.signed.signatures } })
    ).toMatch(/author's signature/)
  })
})

describe("An ending is shown", () => {
  const { actionId } = lost
  const { manifest } = lost.request.signed
  const ballot = { n: 1, peer: home[0]!.peer }
  const problem = (ending: Ending, ...stored: ReadonlyArray<ReadonlyArray<PeerId>>) =>
    stored.length === 0
      ? endingProblem(rules, actionId, manifest, ending)
      : endingProblem(rules, actionId, manifest, ending, () => stored[0])

  it("by a decision, by refusals, or by exclusion, and each is checked as what it is", () => {
    const abort = certify(actionId, home.slice(1), { ballot, kind: "accepted", value: "abort" })
    const commit = certify(actionId, home, { kind: "approve" })
    expect(problem({ _tag: "Aborted", decision: abort })).toBeUndefined()
    expect(problem({ _tag: "Aborted", decision: commit })).toMatch(/kind approve/)
    expect(problem({ _tag: "Committed", proof: { decision: commit } })).toBeUndefined()
    expect(problem({ _tag: "Committed", proof: { decision: abort } })).toMatch(/value abort/)
    expect(problem({ _tag: "Rejected", refusals: certify(actionId, home, { kind: "refuse" }) })).toMatch(/one shard/)
    expect(problem({ _tag: "Excluded", by: proved(won) })).toBeUndefined()
    expect(problem({ _tag: "Excluded", by: proved(won) }, peersOf(others))).toMatch(/other members here/)
  })
})
