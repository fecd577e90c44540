import { describe, expect, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Address } from "../../schemas/Address.ts"
import { MAX_ADDRESSES, MAX_RECORDS, MAX_TAKEN_OVER, type PeerClaim } from "../../schemas/Directory.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import { isSigned, recordText, signRecord, supersedes } from "../../src/directory/PeerRecords.ts"
import { directoryProtocol } from "../../src/directory/protocol.ts"
import { codecsOf } from "../../src/network/PeerCodec.ts"
import { hasher, network as NETWORK, signerOf, verifier } from "../storage/TestServices.ts"
import { CLAIM } from "./peers.ts"

const address = (text: string) => Schema.decodeSync(Address)(text)
const signer = signerOf(1)
const claim: PeerClaim = {
  ...CLAIM,
  addresses: [address("/ip4/127.0.0.1/tcp/4001")],
  duties: ["gateway"],
  peer: signer.peer,
  sequence: 5,
  takesOverFrom: [signerOf(2).peer]
}
const record = signRecord(signer, NETWORK, claim)

describe("A peer record", () => {
  it("is signed by its peer, for its network", () => {
    expect(isSigned(verifier, NETWORK, record)).toBe(true)
    expect(isSigned(verifier, NetworkName.make("another"), record)).toBe(false)
    // It was found good once, by somebody else: that says nothing here.
    expect(isSigned({ accepts: () => false, verify: () => false }, NETWORK, record)).toBe(false)
  })

  it("is broken by any change of what it says", () => {
    const changes: ReadonlyArray<Partial<PeerClaim>> = [
      { active: false },
      { addresses: [] },
      { addresses: [address("/ip4/127.0.0.1/tcp/4002")] },
      { duties: [] },
      { lifetimeMillis: claim.lifetimeMillis - 1 },
      { peer: signerOf(2).peer },
      { role: "storage" },
      { sequence: 6 },
      { takesOverFrom: [] }
    ]
    expect(new Set(changes.flatMap(Object.keys))).toEqual(new Set(Object.keys(claim)))
    for (const change of changes) expect(isSigned(verifier, NETWORK, { ...record, ...change })).toBe(false)
  })

  it("is no statement about a transaction: its text says what kind it is", () => {
    expect(JSON.parse(recordText(NETWORK, claim))).toEqual({
      ...claim,
      kind: "peer-record",
      network: NETWORK,
      version: 1
    })
  })

  it("takes the place of one with a lower sequence; of two with one sequence, one takes the other's, on all nodes", () => {
    const newer = signRecord(signer, NETWORK, { ...claim, sequence: 6 })
    const rival = signRecord(signer, NETWORK, { ...claim, active: false })
    expect([supersedes(newer, record), supersedes(record, newer), supersedes(record, record)]).toEqual([
      true,
      false,
      false
    ])
    expect(supersedes(record, rival)).toBe(!supersedes(rival, record))
  })

  it("fits into a message with as many others as go into one, however much they say", () => {
    const most = signRecord(signer, NETWORK, {
      ...claim,
      addresses: Array.from({ length: MAX_ADDRESSES }, () => address(`/dns4/${"x".repeat(250)}`)),
      duties: ["gateway", "bootstrap"],
      sequence: Number.MAX_SAFE_INTEGER,
      takesOverFrom: Array.from({ length: MAX_TAKEN_OVER }, () => signer.peer)
    })
    const told = Array.from({ length: MAX_RECORDS }, () => ({ record: most, silentMillis: claim.lifetimeMillis }))
    const wanted = told.map(() => signer.peer)
    const { answer, question } = codecsOf(directoryProtocol)
    for (const text of [
      question.encode({ _tag: "Records", given: told, wanted }),
      answer.encode({ _tag: "Closest", found: told, own: most })
    ]) {
      expect(text._tag).toBe("Right")
    }
    expect(hasher.sha256(recordText(NETWORK, most))).toHaveLength(32)
  })

  it("has no peer that is a client: there is no such role", () => {
    const { question } = codecsOf(directoryProtocol)
    const text = JSON.stringify({ _tag: "Ping", own: { ...record, role: "client" } })
    expect(question.decode(text)._tag).toBe("Left")
    expect(question.decode(JSON.stringify({ _tag: "Ping", own: record }))._tag).toBe("Right")
  })
})
