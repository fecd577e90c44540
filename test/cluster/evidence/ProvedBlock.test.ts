import { describe, expect, it } from "@effect/vitest"
import type { ProvedBlock } from "../../../schemas/Repo.ts"
import { provedBlockProblem } from "../../../src/cluster/evidence/ProvedBlock.ts"
import { revisionOf } from "../../../src/cluster/evidence/RevisionProof.ts"
import { Author, addLeaf, emptyWorld, onlyLog, type Prepared } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const author = new Author({ hasher, membersOf: () => peersOf(home), network, signer: signerOf(9) })
const leaves: Array<Parameters<typeof provedBlockProblem>[1]> = []
const created = author.transaction(emptyWorld, { writes: { books: addLeaf(["a"], (id) => leaves.push(id)) } })
const next = author.transaction(created.world, { writes: { books: onlyLog } })
const emptied = author.transaction(next.world, { writes: { books: (store) => store.remove(leaves[0]!) } })
const tail = author.tail(created.world, "books")

const given = ({ actionId, request, world }: Prepared, id = tail, signers = home): ProvedBlock => ({
  block: world.get(id)?.block ?? null,
  proof: { decision: certify(actionId, signers, { kind: "approve" }) },
  revision: revisionOf(request.signed.manifest, actionId, id)!,
  signed: request.signed
})

const problem = (block: ProvedBlock, id = tail, members = home) =>
  provedBlockProblem(rulesOf(), id, peersOf(members), block)

describe("What a peer gives is the revision that was asked for", () => {
  it("with its content and its proof", () => {
    expect(problem(given(created))).toBeUndefined()
    expect(problem(given(next))).toBeUndefined()
    expect(problem(given(emptied, leaves[0]), leaves[0])).toBeUndefined()
  })

  it("not with the content of another revision, nor without it, nor with what has no canonical text", () => {
    expect(problem({ ...given(next), block: given(created).block })).toMatch(/content has another hash/)
    expect(problem({ ...given(next), block: null })).toMatch(/content has another hash/)
    expect(problem({ ...given(next), block: { ...given(next).block!, note: Number.NaN } })).toMatch(/another hash/)
  })

  it("not where it is said to be another revision than the manifest makes of the block", () => {
    const { revision } = given(next)
    expect(problem({ ...given(next), revision: { ...revision, actionId: created.actionId } })).toMatch(/does not write/)
    expect(problem({ ...given(next), revision: given(created).revision })).toMatch(/does not write/)
    expect(problem({ ...given(next), revision: { ...revision, rev: given(created).revision.rev } })).toMatch(/another/)
    expect(problem({ ...given(next), revision: { ...revision, after: "deleted" } })).toMatch(/another revision/)
    expect(problem(given(next), leaves[0])).toMatch(/does not write/)
  })

  it("not without the author's signature, nor without a proof in the members that are certified for the block", () => {
    const { signatures } = created.request.signed
    expect(problem({ ...given(next), signed: { ...next.request.signed, signatures } })).toMatch(/author's signature/)
    expect(problem(given(next, tail, home.slice(1)))).toMatch(/decision certificate/)
    expect(problem(given(next), tail, clusterOf(5, 6, 7, 8))).toMatch(/other members/)
  })
})
