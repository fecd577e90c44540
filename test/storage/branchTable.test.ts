/** What a branch says of who keeps its children: members of its cluster take no table that leaves it open. */
import { describe, expect, it } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Operation } from "../../schemas/Transform.ts"
import { check, itRefuses, type Library, library, type Refusal, stranger } from "./Library.ts"
import { signer } from "./Planning.ts"
import type { Edit } from "./Requests.ts"

const ID = "a".repeat(58) as BlockId
const [LOW, HIGH] = [signer.peer, stranger.peer].sort() as ReadonlyArray<string> as [string, string]
const TABLE = { clusterOf: [0, 1, 0], clusters: [[LOW, HIGH], [LOW]] }
const BRANCH = { children: [ID, ID, ID], keys: ["m", "n"] }
const UNCLEAR = /the members of children are unclear/

const insert =
  (table: object): Edit =>
  (store) =>
    store.insert({ ...BRANCH, ...table, header: store.allocate("branch") } as Block)

const changed = (at: Library, ...operations: ReadonlyArray<Operation>) => {
  let id = "" as BlockId
  const adding: Edit = (store) => {
    const header = store.allocate("branch")
    id = header.id
    store.insert({ ...BRANCH, ...TABLE, header } as Block)
  }
  at.planning.commit({ writes: { books: adding } })
  return at.transaction({ books: (store) => store.update(id, ...operations) })
}

describe("a branch says who keeps each of its children", () => {
  it("in a table of member sets, each once", () => {
    const at = library()
    expect(check(at, at.transaction({ books: insert(TABLE) }))).toMatchObject({ _tag: "Approval" })
    const removal = changed(
      at,
      ["children", 1, 1, []],
      ["keys", 0, 1, []],
      ["clusterOf", 1, 1, []],
      ["clusters", 1, 1, []]
    )
    expect(check(at, removal)).toMatchObject({ _tag: "Approval" })
  })

  const spoilt = (what: string, table: object, reason = UNCLEAR): Refusal => [
    what,
    ({ transaction }) => transaction({ books: insert({ ...TABLE, ...table }) }),
    reason
  ]
  itRefuses([
    spoilt("not of fewer children than there are", { clusterOf: [0, 1] }),
    spoilt("not with a set that is used before it stands there", { clusterOf: [1, 0, 0] }),
    spoilt("not with a set that is not there", { clusterOf: [0, 1, 2] }),
    spoilt("not with a set that nobody needs", { clusterOf: [0, 0, 0] }),
    spoilt("not with one set twice", { clusters: [[LOW], [LOW]] }),
    spoilt("not with members that are not sorted", { clusters: [[HIGH, LOW], [LOW]] }),
    spoilt("not with one member twice", { clusters: [[LOW, LOW], [LOW]] }),
    spoilt("not without members", { clusters: [[], [LOW]] }, /the block is no branch block/),
    spoilt("not with what is no peer", { clusters: [["peer"], [LOW]] }, /the block is no branch block/)
  ])

  const unset = (what: string, reason: RegExp, ...operations: ReadonlyArray<Operation>): Refusal => [
    what,
    (at) => changed(at, ...operations),
    reason
  ]
  itRefuses([
    unset("not after a change that leaves out a child", UNCLEAR, ["clusterOf", 2, 1, []]),
    unset("not after a change that leaves out a set", UNCLEAR, ["clusters", 1, 1, []]),
    unset("not after a change to what is no set", UNCLEAR, ["clusters", 1, 1, ["peer"]]),
    unset("not after a change to what is no index", UNCLEAR, ["clusterOf", 1, 1, ["1"]])
  ])
})
