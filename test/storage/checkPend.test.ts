import { describe, expect, it } from "@effect/vitest"
import type { BlockId } from "../../schemas/Ids.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import { asSent, change, check, fill, type Library, library, rollOver, stranger } from "./Library.ts"
import { context, signer } from "./Planning.ts"
import { Author, addLeaf, onlyLog, type SignedRequest } from "./Requests.ts"
import { hasher, network } from "./TestServices.ts"

describe("checkPend approves", () => {
  it.each<readonly [string, (library: Library) => SignedRequest]>([
    ["a change on the latest revisions", ({ leaf, transaction }) => transaction({ books: change(leaf.books) })],
    ["a deletion", ({ leaf, transaction }) => transaction({ books: (store) => store.remove(leaf.books) })],
    ["new blocks", ({ transaction }) => transaction({ books: addLeaf(["x"]), cars: addLeaf(["y"]) })],
    ["a new collection", ({ transaction }) => transaction({ films: addLeaf(["f"]) })],
    ["a read of an open tail", ({ transaction }) => transaction({ books: onlyLog }, ["cars"])],
    ["a read of a collection that is absent", ({ transaction }) => transaction({ books: onlyLog }, ["films"])],
    ["a transaction that only reads", ({ transaction }) => transaction({}, ["books", "films"])]
  ])("%s", (_what, make) => {
    const at = library()
    const { actionId, request } = make(at)
    const shard = request.signed.manifest.shards[0]
    const verdict = check(at, { actionId, request })
    expect(verdict).toMatchObject({ _tag: "Approval", actionId, pended: false, reads: Object.keys(shard.reads) })
    const results = "writes" in verdict ? verdict.writes.map(({ block, id }) => [id, block] as const) : []
    expect(results.map(([id]) => id)).toEqual(Object.keys(shard.writes))
    for (const [id, block] of results) {
      const { after } = shard.writes[id]!
      expect(block === undefined ? "deleted" : hashValue(hasher, block)).toBe(after)
    }
  })

  it("a log's rollover, with its header advanced", () => {
    const at = library()
    const before = at.tail("books")
    fill(at, "books")
    const rollover = at.transaction({ books: onlyLog })
    expect(check(at, rollover)._tag).toBe("Approval")
    expect(at.author.tail(rollover.world, "books")).not.toBe(before)
  })

  it("a transaction that holds the locks itself, and tells that it was pended", () => {
    const at = library()
    const pended = at.planning.pend({ reads: ["cars"], writes: { books: change(at.leaf.books) } })
    expect(check(at, pended)).toMatchObject({ _tag: "Approval", pended: true })
  })

  it("blocks of other members' shards without looking at them", () => {
    const at = library()
    const members = (name: string) => [name === "books" ? signer.peer : stranger.peer]
    const author = new Author({ firstStamp: 1_000, hasher, membersOf: members, network, signer })
    const prepared = author.transaction(at.planning.world, {
      reads: ["elsewhere"],
      writes: { books: onlyLog, there: addLeaf(["x"]) }
    })
    const own = prepared.request.signed.manifest.shards.find(({ members }) => members.includes(signer.peer))!
    const verdict = check(at, asSent(prepared))
    expect(verdict).toMatchObject({ _tag: "Approval", reads: [] })
    expect("writes" in verdict && verdict.writes.map(({ id }) => id)).toEqual(Object.keys(own.writes))
  })
})

describe("checkPend tells what was missed", () => {
  it.each<readonly [string, (library: Library) => readonly [SignedRequest, ReadonlyArray<BlockId>]]>([
    [
      "where a written block has changed",
      ({ leaf, planning, tail, transaction }) => {
        const late = transaction({ books: change(leaf.books, "late") })
        planning.commit({ writes: { books: change(leaf.books, "first") } })
        return [late, [leaf.books, tail("books")]]
      }
    ],
    [
      "where a written block was deleted",
      ({ leaf, planning, tail, transaction }) => {
        const late = transaction({ books: change(leaf.books, "late") })
        planning.commit({ writes: { books: (store) => store.remove(leaf.books) } })
        return [late, [leaf.books, tail("books")]]
      }
    ],
    [
      "where a collection that was read has changed",
      ({ planning, tail, transaction }) => {
        const late = transaction({ books: onlyLog }, ["cars"])
        planning.commit({ writes: { cars: onlyLog } })
        return [late, [tail("cars")]]
      }
    ],
    [
      "where the log of a collection that was read has rolled over",
      (at) => {
        const before = at.tail("cars")
        const late = at.transaction({ books: onlyLog }, ["cars"])
        rollOver(at, "cars")
        return [late, [before]]
      }
    ],
    [
      "where a collection that was read as absent was created",
      ({ author, planning, transaction }) => {
        const late = transaction({ books: onlyLog }, ["films"])
        planning.commit({ writes: { films: onlyLog } })
        return [late, [author.collection("films")]]
      }
    ],
    [
      "where another created the collection first",
      ({ author, planning, transaction }) => {
        const late = transaction({ films: onlyLog })
        planning.commit({ writes: { films: onlyLog } })
        return [late, [author.collection("films")]]
      }
    ]
  ])("%s", (_what, make) => {
    const at = library()
    const [late, blocks] = make(at)
    const expected = blocks.map((block) => ({ block, latest: at.planning.view.block(block)!.latest }))
    const verdict = check(at, late)
    expect(verdict).toMatchObject({ _tag: "Stale", actionId: late.actionId })
    const missed = "missed" in verdict ? verdict.missed : []
    expect(missed.toSorted(byBlock)).toEqual(expected.toSorted(byBlock))
  })

  it("a deleted block's id is not unused again", () => {
    const at = library()
    const { leaf, planning } = at
    const creation = planning.spoil(at.transaction({ books: change(leaf.books) }), ({ shards }) => {
      shards[0].writes[leaf.books]!.base = "none"
      shards[0].writes[leaf.books]!.index = 0
    })
    planning.commit({ writes: { books: (store) => store.remove(leaf.books) } })
    expect(check(at, creation)).toMatchObject({ _tag: "Stale" })
  })

  it("not of reads in a build that does not validate them", () => {
    const at = library()
    const late = at.transaction({ books: onlyLog }, ["cars"])
    at.planning.commit({ writes: { cars: onlyLog } })
    expect(check(at, late, { ...context, validateReads: false })._tag).toBe("Approval")
  })
})

const byBlock = (a: { readonly block: string }, b: { readonly block: string }) => (a.block < b.block ? -1 : 1)

describe("checkPend respects locks", () => {
  const reading = { reads: ["cars"], writes: {} }
  const writing = { writes: { cars: onlyLog } }

  it.each([
    ["a read beside a read", reading, reading, false],
    ["a read beside a write", writing, reading, true],
    ["a write beside a read", reading, writing, true],
    ["a write beside a write", writing, writing, true]
  ])("%s", (_what, first, second, locked) => {
    const at = library()
    const other = at.author.transaction(at.planning.world, second)
    const holder = at.planning.pend(first).actionId
    const tail = at.tail("cars")
    const { actionId } = other
    expect(check(at, other)).toMatchObject(
      locked ? { _tag: "Locked", actionId, by: [{ block: tail, holder }] } : { _tag: "Approval" }
    )
  })

  it("names each holder of each block in the way", () => {
    const at = library()
    const holders = [at.planning.pend(reading).actionId, at.planning.pend(reading).actionId]
    const verdict = check(at, at.author.transaction(at.planning.world, writing))
    expect("by" in verdict && verdict.by.map(({ holder }) => holder)).toEqual(holders)
  })

  it("says stale rather than locked where both are so: waiting for the lock would not help", () => {
    const at = library()
    const late = at.author.transaction(at.planning.world, { writes: { books: onlyLog, cars: onlyLog } })
    at.planning.commit({ writes: { books: onlyLog } })
    at.planning.pend(writing)
    expect(check(at, late)._tag).toBe("Stale")
  })

  it("is not held up by a transaction that has ended", () => {
    const at = library()
    const other = at.author.transaction(at.planning.world, writing)
    const holder = at.planning.pend(reading).actionId
    at.planning.view.add({ freed: holder })
    expect(check(at, other)._tag).toBe("Approval")
  })
})
