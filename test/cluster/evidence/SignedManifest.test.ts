import { describe, expect, it } from "@effect/vitest"
import { type KeySignature, type Manifest, NetworkName, type SignedManifest } from "../../../schemas/Manifest.ts"
import { signedProblem } from "../../../src/cluster/evidence/SignedManifest.ts"
import { actionId } from "../../../src/encoding/BlockIds.ts"
import { signClaim } from "../../../src/encoding/Statements.ts"
import { Author, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { rulesOf } from "../Signatures.ts"

const [ann, bob] = [signerOf(1), signerOf(2)]
const author = new Author({ hasher, network, signer: ann })
const { actionId: action, request } = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const other = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const { manifest, signatures } = request.signed

const problem = (signed: SignedManifest, of = action) => signedProblem(rulesOf(), of, signed)
const signedBy = (...by: ReadonlyArray<KeySignature>): SignedManifest => ({ manifest, signatures: by as never })
const sign = (signer: typeof ann, of = action, inNetwork = network) =>
  signClaim(signer, inNetwork, { action: of, kind: "author" })

describe("A manifest is that of a transaction", () => {
  it("whose id is its hash", () => {
    expect(problem(request.signed)).toBeUndefined()
    expect(problem(request.signed, other.actionId)).toMatch(/not that of transaction/)
  })

  it("under its author's signature, wherever that stands among others", () => {
    expect(problem(signedBy(sign(bob), ...signatures))).toBeUndefined()
    expect(problem(signedBy(sign(bob)))).toMatch(/author's signature/)
    expect(problem(signedBy(...other.request.signed.signatures))).toMatch(/author's signature/)
    expect(problem(signedBy({ ...sign(bob), key: ann.publicKey }))).toMatch(/author's signature/)
  })

  it("of this network, and signed in it", () => {
    const elsewhere = NetworkName.make("elsewhere")
    expect(problem(signedBy(sign(ann, action, elsewhere)))).toMatch(/author's signature/)
    const foreign: Manifest = { ...manifest, network: elsewhere }
    const id = actionId(hasher, foreign)
    expect(problem({ manifest: foreign, signatures: [sign(ann, id, elsewhere)] }, id)).toMatch(/of network elsewhere/)
  })

  it("with no more signatures than anybody is to check", () => {
    expect(problem(signedBy(...Array.from({ length: 16 }, () => sign(ann))))).toBeUndefined()
    expect(problem(signedBy(...Array.from({ length: 17 }, () => sign(ann))))).toMatch(/too many signatures/)
  })

  it("only where it keeps the rules of its own shape", () => {
    const twice: Manifest = { ...manifest, collections: [...manifest.collections, ...manifest.collections] }
    const id = actionId(hasher, twice)
    expect(problem({ manifest: twice, signatures: [sign(ann, id)] }, id)).toMatch(/not sorted and distinct/)
  })
})
