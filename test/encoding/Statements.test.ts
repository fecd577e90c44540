import { describe, expect, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { ActionId, Signature } from "../../schemas/Ids.ts"
import { type KeySignature, NetworkName } from "../../schemas/Manifest.ts"
import { Certificate, Statement } from "../../schemas/Proof.ts"
import { type Claim, countSigners, signClaim, statementText, verifyClaim } from "../../src/encoding/Statements.ts"
import { network, signerOf, verifier } from "../storage/TestServices.ts"

const anna = signerOf(1)
const boris = signerOf(2)
const clara = signerOf(3)
const dora = signerOf(4)
const members = [anna.peer, boris.peer, clara.peer]

const action = "a".repeat(52) as ActionId
const claim: Claim = {
  action,
  ballot: { n: 3, peer: anna.peer },
  kind: "accepted",
  shard: 0,
  value: "commit"
}

/** Claims that differ from `claim` in one part each. */
const OTHER_CLAIMS: Readonly<Record<string, Claim>> = {
  action: { ...claim, action: `b${"a".repeat(51)}` as ActionId },
  "ballot number": { ...claim, ballot: { n: 4, peer: anna.peer } },
  "ballot peer": { ...claim, ballot: { n: 3, peer: boris.peer } },
  "no ballot": { ...claim, ballot: null },
  kind: { ...claim, kind: "prepared" },
  shard: { ...claim, shard: 1 },
  value: { ...claim, value: "abort" },
  "no value": { ...claim, value: null }
}

const certificateOf = (signatures: ReadonlyArray<KeySignature>): Certificate => ({
  ballot: claim.ballot ?? null,
  kind: claim.kind,
  shard: 0,
  signatures: signatures as unknown as Certificate["signatures"],
  value: "commit"
})

const count = (...signatures: ReadonlyArray<KeySignature>) =>
  countSigners(verifier, network, action, certificateOf(signatures), members)

describe("statements", () => {
  it("the signed text holds all parts, in canonical order, as the schema of statements has them", () => {
    const text = statementText(network, anna.publicKey, claim)
    const statement = Schema.decodeUnknownSync(Statement, { onExcessProperty: "error" })(JSON.parse(text))
    expect(statement).toEqual({ ...claim, network, signer: anna.publicKey, version: 1 })
    expect(Object.keys(JSON.parse(text))).toEqual([
      "action",
      "ballot",
      "kind",
      "network",
      "shard",
      "signer",
      "value",
      "version"
    ])
  })

  it("what a claim leaves out is shard 0, without ballot or value", () => {
    expect(statementText(network, anna.publicKey, { action, kind: "author" })).toBe(
      statementText(network, anna.publicKey, { action, ballot: null, kind: "author", shard: 0, value: null })
    )
  })

  it("a signature holds for its claim, its key and its network only", () => {
    const signed = signClaim(anna, network, claim)
    // As it was made here, and as it comes from elsewhere.
    for (const given of [signed, { ...signed }]) {
      expect(verifyClaim(verifier, network, claim, given)).toBe(true)
      for (const [part, other] of Object.entries(OTHER_CLAIMS)) {
        expect(verifyClaim(verifier, network, other, given), part).toBe(false)
      }
      expect(verifyClaim(verifier, NetworkName.make("other"), claim, given)).toBe(false)
    }
    expect(verifyClaim(verifier, network, claim, { ...signed, key: boris.publicKey })).toBe(false)
  })

  it("a text that is no signature verifies nothing, and is no exception", () => {
    for (const text of ["", "1", "a".repeat(103), "\ud800"]) {
      expect(verifyClaim(verifier, network, claim, { key: anna.publicKey, signature: text as Signature })).toBe(false)
    }
  })
})

describe("countSigners", () => {
  it("counts each member once, however often it signed", () => {
    const [a, b, c] = [anna, boris, clara].map((signer) => signClaim(signer, network, claim))
    expect(count(a!)).toBe(1)
    expect(count(a!, a!, b!, a!)).toBe(2)
    expect(count(a!, b!, c!)).toBe(3)
  })

  it("a bad signature of a member does not hide a good one", () => {
    const good = signClaim(anna, network, claim)
    const bad = { ...good, signature: signClaim(boris, network, claim).signature }
    expect(count(bad, good)).toBe(1)
  })

  it("does not count who is no member", () => {
    expect(count(signClaim(dora, network, claim), signClaim(anna, network, claim))).toBe(1)
  })

  it("does not count a statement that differs in any part", () => {
    const others = Object.values(OTHER_CLAIMS).map((other) => signClaim(boris, network, other))
    expect(count(signClaim(anna, network, claim), ...others)).toBe(1)
    expect(count(signClaim(anna, NetworkName.make("other"), claim), signClaim(boris, network, claim))).toBe(1)
  })

  it("a certificate without its statement's ballot or value is another certificate", () => {
    const signed = certificateOf([signClaim(anna, network, claim)])
    expect(countSigners(verifier, network, action, { ...signed, ballot: null }, members)).toBe(0)
    expect(countSigners(verifier, network, action, { ...signed, value: "abort" }, members)).toBe(0)
    expect(Schema.is(Certificate)(signed)).toBe(true)
  })
})
