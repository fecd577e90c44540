import { describe, expect, it } from "@effect/vitest"
import type { JoinStatement } from "../../../schemas/Cluster.ts"
import { justify } from "../../../src/cluster/evidence/Justification.ts"
import { Author, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"
import { certify, clusterOf, joinStatement, peersOf, rulesOf } from "../Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const author = new Author({ hasher, membersOf: () => peersOf(home), network, signer: signerOf(9) })
const created = author.transaction(emptyWorld, { writes: { books: onlyLog } })
const { actionId, request } = author.transaction(created.world, { writes: { books: onlyLog } })
const { manifest } = request.signed

const at = (n: number) => ({ n, peer: home[0]!.peer })
const ballot = at(5)
const pends = [certify(actionId, home.slice(0, 3), { kind: "approve" })] as const
const preparedIn = (n: number, value: "commit" | "abort") =>
  [certify(actionId, home.slice(0, 3), { ballot: at(n), kind: "prepared", value })] as const

const nothing = (i: number) => joinStatement(actionId, ballot, home[i]!)
const approved = (i: number) => joinStatement(actionId, ballot, home[i]!, { approved: true })
const acceptedZero = (i: number) =>
  joinStatement(actionId, ballot, home[i]!, { acceptance: { ballot: null, value: "commit" } }, pends)
const acceptedIn = (i: number, n: number, value: "commit" | "abort") =>
  joinStatement(actionId, ballot, home[i]!, { acceptance: { ballot: at(n), value } }, preparedIn(n, value))

const justified = (...statements: ReadonlyArray<JoinStatement>) =>
  justify(rulesOf(), actionId, manifest, ballot, statements)

describe("Join statements justify", () => {
  it.each([
    ["abort, where nobody knows anything", [nothing(0), nothing(1), nothing(2)], "nothing", "abort"],
    ["abort, where fewer than T approved", [approved(0), nothing(1), nothing(2)], "nothing", "abort"],
    ["commit, where T approved: Qf may have", [approved(0), approved(1), nothing(2)], "approvals", "commit"],
    ["commit, where it was accepted in ballot 0", [acceptedZero(0), nothing(1), nothing(2)], "acceptance", "commit"],
    [
      "the value accepted, whatever was approved",
      [acceptedIn(0, 1, "abort"), approved(1), approved(2)],
      "acceptance",
      "abort"
    ],
    [
      "the highest of several",
      [acceptedZero(0), acceptedIn(1, 2, "abort"), acceptedIn(2, 3, "commit")],
      "acceptance",
      "commit"
    ],
    [
      "the highest, wherever it stands",
      [acceptedIn(0, 3, "abort"), acceptedIn(1, 2, "commit"), acceptedZero(2)],
      "acceptance",
      "abort"
    ]
  ] as const)("%s", (_what, statements, from, value) => {
    expect(justified(...statements)).toEqual({ from, value })
  })

  it("abort without a roster, where a header was to be created, however many approved", () => {
    const { manifest } = created.request.signed
    const statements = [0, 1, 2].map((i) => joinStatement(created.actionId, ballot, home[i]!, { approved: true }))
    const value = (hasRoster: boolean) =>
      justify(rulesOf("byzantine", hasRoster), created.actionId, manifest, ballot, statements)
    expect(value(false)).toEqual({ from: "nothing", value: "abort" })
    expect(value(true)).toEqual({ from: "approvals", value: "commit" })
  })
})

describe("Join statements justify nothing", () => {
  it.each([
    ["fewer than Q of them", [nothing(0), nothing(1)], /exactly 3/],
    ["more than Q: which of them count would be the proposer's choice", [0, 1, 2, 3].map(nothing), /exactly 3/],
    ["one member twice", [nothing(0), nothing(0), nothing(1)], /exactly 3/],
    ["a stranger's", [nothing(0), nothing(1), joinStatement(actionId, ballot, signerOf(7))], /not of a member/],
    ["those of another ballot", [nothing(0), nothing(1), joinStatement(actionId, at(4), home[2]!)], /does not verify/],
    [
      "those of another transaction",
      [nothing(0), nothing(1), joinStatement(created.actionId, ballot, home[2]!)],
      /does not verify/
    ],
    [
      "what was changed after it was signed",
      [nothing(0), nothing(1), { ...nothing(2), value: approved(2).value }],
      /does not verify/
    ],
    [
      "an acceptance without its proof",
      [nothing(0), nothing(1), { signed: acceptedZero(2).signed, value: acceptedZero(2).value }],
      /not proved/
    ],
    [
      "an acceptance with the proof of another",
      [nothing(0), nothing(1), { ...acceptedIn(2, 2, "abort"), proof: preparedIn(3, "abort") }],
      /not proved/
    ],
    ["an acceptance that is not below the ballot", [nothing(0), nothing(1), acceptedIn(2, 5, "commit")], /not below/]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<JoinStatement>, RegExp]>)("%s", (_what, statements, reason) => {
    expect(justified(...statements)).toMatch(reason)
  })
})
