import { describe, expect, it } from "@effect/vitest"
import type { MemberAnswer } from "../../schemas/Cluster.ts"
import { isUndecided } from "../../src/cluster/Reading.ts"
import { Author, emptyWorld, onlyLog } from "../storage/Requests.ts"
import { hasher, network, signerOf } from "../storage/TestServices.ts"
import { certify, clusterOf, peersOf, rulesOf } from "./Signatures.ts"

const home = clusterOf(1, 2, 3, 4)
const away = clusterOf(5, 6, 7, 8)
const membersOf = (name: string) => peersOf(name === "films" ? away : home)
const author = new Author({ hasher, membersOf, network, signer: signerOf(9) })
const created = author.transaction(emptyWorld, { writes: { books: onlyLog, films: onlyLog } })
const single = author.transaction(created.world, { writes: { books: onlyLog } })
const double = author.transaction(created.world, { writes: { books: onlyLog, films: onlyLog } })

const open = (approved: boolean, isAccepted = false): MemberAnswer => ({
  _tag: "Open",
  acceptance: isAccepted ? { ballot: null, value: "commit" } : null,
  approved,
  joined: null
})
const yes = open(true)
const no = open(false)
const decision = certify(single.actionId, home, { kind: "approve" })
const ended: MemberAnswer = { _tag: "Ended", ending: { _tag: "Committed", proof: { decision } } }

const undecided = ({ request }: typeof single, ...answers: ReadonlyArray<MemberAnswer>) => {
  const { manifest } = request.signed
  const told = new Map(answers.map((answer, i) => [manifest.shards[0].members[i]!, answer] as const))
  return isUndecided(rulesOf(), manifest, told)
}

describe("A lock was undecided after the read began", () => {
  it.each([
    ["where Q members know nothing of a decision", single, [no, no, no], true],
    ["where fewer than T of them approved", single, [yes, no, no], true],
    ["not where T of them approved: Qf may have", single, [yes, yes, no], false],
    ["whatever was approved, where approvals decide nothing", double, [yes, yes, yes], true],
    ["not where anybody has accepted", double, [open(true, true), yes, yes], false],
    ["not where anybody knows the end", single, [no, no, no, ended], false],
    ["not where fewer than Q have answered", single, [no, no], false]
  ] as const)("%s", (_what, transaction, answers, expected) => {
    expect(undecided(transaction, ...answers)).toBe(expected)
  })

  it("not by the word of others than the members of its primary shard", () => {
    const { manifest } = single.request.signed
    const told = new Map(peersOf(away).map((peer) => [peer, no] as const))
    expect(isUndecided(rulesOf(), manifest, told)).toBe(false)
  })
})
