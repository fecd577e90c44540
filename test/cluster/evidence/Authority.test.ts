import { describe, expect, it } from "@effect/vitest"
import type { CollectionBlock } from "../../../schemas/BlockTypes.ts"
import type { Authority } from "../../../schemas/Collection.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { SignerService } from "../../../services/Signer.ts"
import { authorityProblem } from "../../../src/cluster/evidence/Authority.ts"
import { signClaim } from "../../../src/encoding/Statements.ts"
import { Author, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { rulesOf } from "../Signatures.ts"

const [ann, bob, cat] = [signerOf(1), signerOf(2), signerOf(3)]
const author = new Author({ hasher, network, signer: ann })
const { actionId, request, world } = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const header = world.get(author.collection("books"))!.block as unknown as CollectionBlock

const problem = (authority: Authority | undefined, ...signers: ReadonlyArray<SignerService>) => {
  const signatures = signers.map((signer) => signClaim(signer, network, { action: actionId, kind: "author" }))
  const signed: SignedManifest = { ...request.signed, signatures: signatures as never }
  return authorityProblem(rulesOf(), actionId, signed, { ...header, ...(authority !== undefined && { authority }) })
}

describe("A collection may be written", () => {
  const keys = [ann.publicKey, bob.publicKey] as const

  it("by anybody where its header names no authority", () => {
    expect(problem(undefined, cat)).toBeUndefined()
  })

  it("by as many of the keys that its header names as it wants, each counted once", () => {
    expect(problem({ keys, threshold: 1 }, bob)).toBeUndefined()
    expect(problem({ keys, threshold: 1 }, cat)).toMatch(/0 of its authors signed, of 1/)
    expect(problem({ keys, threshold: 2 }, ann, bob)).toBeUndefined()
    expect(problem({ keys, threshold: 2 }, ann, ann)).toMatch(/1 of its authors signed, of 2/)
    expect(problem({ keys, threshold: 2 }, ann, cat)).toMatch(/1 of/)
  })
})
