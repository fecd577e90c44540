import { describe, expect, it } from "@effect/vitest"
import type { BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { Certificate, Proof } from "../../../schemas/Proof.ts"
import type { CommitRequest } from "../../../schemas/Repo.ts"
import {
  addGiven,
  gatheredCommit,
  membersOfShards,
  startCommit
} from "../../../src/cluster/evidence/CommitGathering.ts"
import { Author, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
// Two are in both.
const away = clusterOf(3, 4, 5, 6)
const author = new Author({
  hasher,
  membersOf: (name) => peersOf(name === "films" ? away : home),
  network,
  signer: signerOf(9)
})
const { actionId, request } = author.transaction(emptyWorld, { writes: { books: onlyLog, films: onlyLog } })
const { manifest } = request.signed
const shardOf = (seed: number) => manifest.shards.findIndex(({ members }) => members.includes(signerOf(seed).peer))
const [books, films] = [shardOf(1), shardOf(6)]
const signersOf = (shard: number) => (shard === books ? home : away)

const pend = (shard: number, signers = signersOf(shard).slice(1)) =>
  certify(actionId, signers, { kind: "approve", shard })
const decision = (signers = signersOf(0).slice(1)) => certify(actionId, signers, { kind: "accepted", value: "commit" })

const given = (shards: ReadonlyArray<number>, proof: Partial<Proof> & { readonly pends?: unknown }): CommitRequest => {
  const ids = shards.flatMap((shard) => Object.keys(manifest.shards[shard]!.writes) as Array<BlockId>)
  const payload = Object.fromEntries(ids.map((id) => [id, request.payload[id]!]))
  return { actionId, proof: { decision: decision(), ...proof } as Proof, request: { payload, signed: request.signed } }
}
const whole = given([books], { pends: [pend(books)] })

const gatheredFor = (peer: PeerId, ...all: ReadonlyArray<CommitRequest>) => {
  const begun = startCommit(rulesOf(), actionId, peer, request.signed)!
  return gatheredCommit(
    rulesOf(),
    all.reduce((before, one) => addGiven(rulesOf(), before, one), begun)
  )
}
const only = signerOf(1).peer
const ofBoth = signerOf(3).peer

describe("What a member missed of a transaction", () => {
  it("is whole with the decision, and of each shard that it is in the pend certificate and the changes", () => {
    expect(gatheredFor(only, whole)).toEqual(whole)
    expect(gatheredFor(only)).toBeUndefined()
    expect(gatheredFor(only, given([books], {}))).toBeUndefined()
    expect(gatheredFor(only, given([], { pends: [pend(books)] }))).toBeUndefined()
    expect(gatheredFor(ofBoth, whole)).toBeUndefined()
  })

  it("is put together from what several have", () => {
    const parts = [given([books], {}), given([films], { pends: [pend(films)] }), given([], { pends: [pend(books)] })]
    const gathered = gatheredFor(ofBoth, ...parts)!
    expect(Object.keys(gathered.request!.payload).sort()).toEqual(Object.keys(request.payload).sort())
    expect(gathered.proof.pends?.map(({ shard }) => shard).sort()).toEqual([0, 1])
  })

  it("is not what it does not keep: a request with that would be refused", () => {
    const all = given([books, films], { pends: [pend(books), pend(films)] })
    expect(gatheredFor(only, all)).toEqual(whole)
  })

  it("is nothing that is not sound: what is, is taken from whoever has it", () => {
    const falsePend: Certificate = { ...pend(books), signatures: pend(books, home.slice(1, 2)).signatures }
    const [id] = Object.keys(manifest.shards[books]!.writes) as Array<BlockId>
    const falseChange = { ...request.payload, [id!]: { delete: true } as const }
    for (const bad of [
      given([books], { pends: [falsePend] }),
      given([books], { decision: decision(signersOf(0).slice(3)), pends: [pend(books)] }),
      { ...whole, request: { payload: falseChange, signed: request.signed } }
    ]) {
      expect(gatheredFor(only, bad)).toBeUndefined()
      expect(gatheredFor(only, bad, whole)).toEqual(whole)
    }
  })

  it("is not begun with the manifest of another, and is asked of all members of its shards", () => {
    const other = author.transaction(emptyWorld, { writes: { books: onlyLog } })
    expect(startCommit(rulesOf(), actionId, only, other.request.signed)).toBeUndefined()
    const begun = (peer: PeerId) => membersOfShards(startCommit(rulesOf(), actionId, peer, request.signed)!)
    expect([...begun(only)]).toEqual(peersOf(home))
    expect(begun(ofBoth).size).toBe(6)
  })
})
