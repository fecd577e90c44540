import { describe, expect, it } from "@effect/vitest"
import type { Hash, Rev } from "../../../schemas/Ids.ts"
import { nextProblem } from "../../../src/cluster/evidence/NextRevision.ts"
import { Author, emptyWorld, onlyLog, type Prepared } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const author = new Author({ hasher, membersOf: () => peersOf(home), network, signer: signerOf(9) })
const created = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const second = author.transaction(created.world, { writes: { books: onlyLog } })
const third = author.transaction(second.world, { writes: { books: onlyLog } })
const tail = author.tail(created.world, "books")

const shown = ({ actionId, request: { signed } }: Prepared, signers = home) => ({
  proof: { decision: certify(actionId, signers, { kind: "approve" }) },
  signed
})
const before = created.world.get(tail)!
const problem = (rev: number, prepared: Prepared, given = before, signers = home) =>
  nextProblem(rulesOf(), tail, peersOf(home), given, rev as Rev, shown(prepared, signers))

describe("That a revision was the last before another is shown", () => {
  it("by the proof of the transaction that started from it", () => {
    expect(problem(2, second)).toBeUndefined()
  })

  it("not by one that started from a later or another one, or from none", () => {
    expect(problem(3, third)).toMatch(/starts from another revision/)
    expect(problem(2, second, { ...before, after: "a".repeat(52) as Hash })).toMatch(/starts from another revision/)
    expect(problem(1, created)).toMatch(/starts from another revision/)
  })

  it("not by another revision than was told of, or without enough signatures", () => {
    expect(problem(3, second)).toMatch(/writes another revision/)
    expect(problem(2, second, before, home.slice(1))).toMatch(/its decision certificate has 3/)
  })
})
