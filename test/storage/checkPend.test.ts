import { describe, expect, it } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId, Hash, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Base } from "../../schemas/Manifest.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import { LOG_CAPACITY } from "../../src/log/LogBlock.ts"
import { type CheckContext, checkPend } from "../../src/storage/checkPend.ts"
import { context, Planning, signer } from "./Planning.ts"
import { Author, addLeaf, type Edit, onlyLog, type SignedRequest } from "./Requests.ts"
import { hasher, network, signerOf } from "./TestServices.ts"

const stranger = signerOf(2)

/** Two collections, `books` with a leaf that is at revision 1 and a log at revision 3, and `cars` with a leaf. */
const library = () => {
  const planning = new Planning()
  const ids = { books: "" as BlockId, cars: "" as BlockId }
  const tell = (name: "books" | "cars") => (id: BlockId) => {
    ids[name] = id
  }
  planning.commit({ writes: { books: addLeaf(["a"], tell("books")) } })
  planning.commit({ writes: { cars: addLeaf(["c"], tell("cars")) } })
  planning.commit({ writes: { books: onlyLog } })
  planning.commit({ writes: { books: onlyLog } })
  const { author } = planning
  return {
    author,
    header: { books: author.collection("books") as BlockId, cars: author.collection("cars") as BlockId },
    leaf: ids,
    planning,
    tail: (name: string) => author.tail(planning.world, name),
    /** A transaction that starts from the present world. */
    transaction: (writes: Record<string, Edit>, reads: ReadonlyArray<string> = []) =>
      author.transaction(planning.world, { reads, writes })
  }
}

type Library = ReturnType<typeof library>

const check = ({ planning: { view } }: Library, { actionId, request }: SignedRequest, with_: CheckContext = context) =>
  checkPend(with_, view, actionId, request)

const setTitle =
  (id: BlockId, title: string): Edit =>
  (store) =>
    store.update(id, ["title", 0, 0, title])

const rollOver = ({ planning }: Library, name: string) => {
  for (let entry = 0; entry <= LOG_CAPACITY.count; entry++) planning.commit({ writes: { [name]: onlyLog } })
}

describe("checkPend approves", () => {
  it.each<readonly [string, (library: Library) => SignedRequest]>([
    ["a change on the latest revisions", ({ leaf, transaction }) => transaction({ books: setTitle(leaf.books, "t") })],
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
    rollOver(at, "books")
    expect(at.tail("books")).not.toBe(before)
  })

  it("a transaction that holds the locks itself, and tells that it was pended", () => {
    const at = library()
    const pended = at.planning.pend({ reads: ["cars"], writes: { books: setTitle(at.leaf.books, "t") } })
    expect(check(at, pended)).toMatchObject({ _tag: "Approval", pended: true })
  })

  it("blocks of other members' shards without looking at them", () => {
    const at = library()
    const members = (name: string) => [name === "books" ? signer.peer : stranger.peer]
    const author = new Author({ firstStamp: 1_000, hasher, membersOf: members, network, signer })
    const { actionId, request } = author.transaction(at.planning.world, {
      reads: ["elsewhere"],
      writes: { books: onlyLog, there: addLeaf(["x"]) }
    })
    const own = request.signed.manifest.shards.find(({ members }) => members.includes(signer.peer))!
    const verdict = check(at, { actionId, request })
    expect(verdict).toMatchObject({ _tag: "Approval", reads: [] })
    expect("writes" in verdict && verdict.writes.map(({ id }) => id)).toEqual(Object.keys(own.writes))
  })
})

/** Good requests, spoilt in one way each: why they are refused. */
const REFUSALS: ReadonlyArray<readonly [string, (library: Library) => SignedRequest, RegExp]> = [
  [
    "a manifest without a shard of this member",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].members = [stranger.peer]
      }),
    /no shard names this node/
  ],
  [
    "collections out of order",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog, cars: onlyLog }), ({ collections }) => void collections.reverse()),
    /not sorted and distinct/
  ],
  [
    "a collection that is listed twice",
    ({ planning, transaction }) =>
      planning.spoil(
        transaction({ books: onlyLog }),
        ({ collections }) => void collections.push(structuredClone(collections[0]!))
      ),
    /not sorted and distinct/
  ],
  [
    "a revision that does not follow its base",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ collections }) => {
        collections[0]!.rev = 5 as Rev
      }),
    /revision 5 does not follow 3/
  ],
  [
    "members that are named twice",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].members = [signer.peer, signer.peer]
      }),
    /members are not sorted/
  ],
  [
    "members out of order",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].members = [signer.peer, stranger.peer].sort().reverse() as [PeerId, PeerId]
      }),
    /members are not sorted/
  ],
  [
    "a block that is read and written",
    ({ planning, tail, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].reads = { [tail("books")]: shards[0].writes[tail("books")]!.base }
      }),
    /named twice/
  ],
  [
    "a block in two shards",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards.push({ ...structuredClone(shards[0]), members: [stranger.peer] })
      }),
    /named twice/
  ],
  [
    "a write to a collection that is not listed",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog, cars: onlyLog }), ({ collections }) => void collections.pop()),
    /not listed/
  ],
  [
    "a listed collection that writes nothing",
    ({ author, planning, tail, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ collections }) => {
        collections.push({ base: 1, id: author.collection("cars"), rev: 2 as Rev, tail: tail("cars") })
        collections.sort((a, b) => (a.id < b.id ? -1 : 1))
      }),
    /writes nothing/
  ],
  [
    "a base above that of its collection",
    ({ planning, tail, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        ;(shards[0].writes[tail("books")]!.base as { rev: number }).rev = 4
      }),
    /above that of its collection/
  ],
  [
    "an index of a block that exists",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
        shards[0].writes[leaf.books]!.index = 0
      }),
    /index of/
  ],
  [
    "a new block without an index",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: addLeaf(["x"]) }), ({ shards }) => {
        for (const write of Object.values(shards[0].writes)) delete write.index
      }),
    /index of/
  ],
  [
    "an index of a header",
    ({ author, planning, transaction }) =>
      planning.spoil(transaction({ films: onlyLog }), ({ shards }) => {
        shards[0].writes[author.collection("films")]!.index = 0
      }),
    /index of/
  ],
  [
    "a base that is newer than what is here",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
        ;(shards[0].writes[leaf.books]!.base as { rev: number }).rev = 2
      }),
    /base that is not known here/
  ],
  [
    "a base of a block that is not here at all",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
        const { writes } = shards[0]
        const id = `${leaf.books.slice(0, -2)}aa` as BlockId
        writes[id] = writes[leaf.books]!
        delete writes[leaf.books]
      }),
    /base that is not known here/
  ],
  [
    "a base of the right revision with another hash",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
        ;(shards[0].writes[leaf.books]!.base as { hash: Hash }).hash = hashValue(hasher, {})
      }),
    /differs from the certified revision/
  ],
  [
    "a tombstone as a base",
    ({ leaf, planning, transaction }) => {
      const late = transaction({ books: setTitle(leaf.books, "t") })
      planning.commit({ writes: { books: (store) => store.remove(leaf.books) } })
      return planning.spoil(late, ({ collections, shards }) => {
        collections[0]!.base = 4
        collections[0]!.rev = 5 as Rev
        ;(shards[0].writes[leaf.books]!.base as { rev: number }).rev = 4
      })
    },
    /differs from the certified revision/
  ],
  [
    "a read that is no log block",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        const { hash, rev } = baseIn(planning, leaf.cars)
        shards[0].reads = { [leaf.cars]: { hash, rev } }
      }),
    /is no open tail/
  ],
  [
    "a read of a log block that is closed",
    (at) => {
      const closed = at.tail("cars")
      rollOver(at, "cars")
      return at.planning.spoil(at.transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].reads = { [closed]: baseIn(at.planning, closed) }
      })
    },
    /is no open tail/
  ],
  [
    "an absent block as a read that could be no header",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].reads = { [`${leaf.cars.slice(0, -2)}aa` as BlockId]: "none" }
      }),
    /is no header/
  ],
  [
    "a write without its transform",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), (_manifest, payload) => {
        delete payload[leaf.books]
      }),
    /its transform is missing/
  ],
  [
    "another transform than the one that was signed for",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), (_manifest, payload) => {
        payload[leaf.books] = { operations: [["title", 0, 0, "u"]] }
      }),
    /the transform is not the one signed for/
  ],
  [
    "another result than the one that was signed for",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
        shards[0].writes[leaf.books]!.after = hashValue(hasher, {})
      }),
    /the result is not the one signed for/
  ],
  [
    "a deletion that is not signed for",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: (store) => store.remove(leaf.books) }), ({ shards }) => {
        shards[0].writes[leaf.books]!.after = hashValue(hasher, {})
      }),
    /the block is not deleted/
  ],
  [
    "a change where a deletion is signed for",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
        shards[0].writes[leaf.books]!.after = "deleted"
      }),
    /the result is not the one signed for/
  ],
  [
    "an insert over a block that exists",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }, payload) => {
        payload[leaf.books] = { insert: planning.view.block(leaf.books)!.block! }
        shards[0].writes[leaf.books]!.change = hashValue(hasher, payload[leaf.books]!)
      }),
    /insert over a block that exists/
  ],
  [
    "operations that do not fit the block",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }, payload) => {
        payload[leaf.books] = { operations: [["entries", 7, 1, []]] }
        shards[0].writes[leaf.books]!.change = hashValue(hasher, payload[leaf.books]!)
      }),
    /entries ends before 8/
  ],
  [
    "text that has no canonical form",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), (_manifest, payload) => {
        payload[leaf.books] = { operations: [["title", 0, 0, "\ud800"]] }
      }),
    /lone surrogate/
  ],
  [
    "a new block whose header names another",
    (at) => spoilNewLeaf(at, (block, other) => ({ ...block, header: { ...block.header, id: other } })),
    /header names another block/
  ],
  [
    "a new block whose header names another collection",
    (at) =>
      spoilNewLeaf(at, (block) => ({
        ...block,
        header: { ...block.header, collectionId: at.author.collection("cars") }
      })),
    /header names another block/
  ],
  [
    "a new id that another index makes",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: addLeaf(["x"]) }), ({ shards }) => {
        for (const write of Object.values(shards[0].writes)) if (write.index !== undefined) write.index++
      }),
    /id is not the one its transaction makes/
  ],
  [
    "a new id that another stamp makes",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: addLeaf(["x"]) }), ({ stamp }) => {
        stamp.time++
      }),
    /id is not the one its transaction makes/
  ],
  [
    "a write to a block of another collection",
    ({ author, leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog, cars: setTitle(leaf.cars, "t") }), ({ shards }) => {
        shards[0].writes[leaf.cars]!.collection = author.collection("books")
      }),
    /block is of another collection/
  ],
  [
    "another member set than the stored one",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].members = [signer.peer, stranger.peer].sort() as [PeerId, PeerId]
      }),
    /member set is not the stored one/
  ],
  [
    "a header under an id that its name does not make",
    (at) => spoilNewHeader(at, (header) => ({ ...header, name: "not films" })),
    /id is not that of the collection's name/
  ],
  [
    "a header that is no collection block",
    (at) => spoilNewHeader(at, (header) => ({ ...header, header: { ...header.header, type: "leaf" } })),
    /new header is no collection block/
  ],
  [
    "a header of a format that is not known",
    (at) => spoilNewHeader(at, (header) => ({ ...header, format: 2 })),
    /new header is no collection block/
  ],
  [
    "a header that names other members than its shard",
    (at) => spoilNewHeader(at, (header) => ({ ...header, members: [stranger.peer] })),
    /header names other members/
  ],
  [
    "a collection without its open tail",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
        const { writes } = shards[0]
        shards[0].writes = { [leaf.books]: writes[leaf.books]! }
      }),
    /open tail is not written/
  ]
]

const baseIn = ({ view }: Planning, id: BlockId): Exclude<Base, "none"> => {
  const { after, rev } = view.block(id)!.latest
  return { hash: after as Hash, rev }
}

const spoilNewLeaf = ({ leaf, planning, transaction }: Library, change: (block: Block, other: BlockId) => Block) => {
  let id = "" as BlockId
  const prepared = transaction({
    books: addLeaf(["x"], (added) => {
      id = added
    })
  })
  return planning.rewrite(prepared, id, { insert: change(prepared.world.get(id)!.block!, leaf.books) })
}

const spoilNewHeader = ({ author, planning, transaction }: Library, change: (header: Block) => Block) => {
  const prepared = transaction({ films: onlyLog })
  const id = author.collection("films")
  return planning.rewrite(prepared, id, { insert: change(prepared.world.get(id)!.block!) })
}

describe("checkPend refuses", () => {
  it.each(REFUSALS)("%s", (_what, make, reason) => {
    const at = library()
    const request = make(at)
    expect(check(at, request)).toEqual({
      _tag: "Refused",
      actionId: request.actionId,
      reason: expect.stringMatching(reason)
    })
  })
})

describe("checkPend tells what was missed", () => {
  it.each<readonly [string, (library: Library) => readonly [SignedRequest, ReadonlyArray<BlockId>]]>([
    [
      "where a written block has changed",
      ({ leaf, planning, tail, transaction }) => {
        const late = transaction({ books: setTitle(leaf.books, "late") })
        planning.commit({ writes: { books: setTitle(leaf.books, "first") } })
        return [late, [leaf.books, tail("books")]]
      }
    ],
    [
      "where a written block was deleted",
      ({ leaf, planning, tail, transaction }) => {
        const late = transaction({ books: setTitle(leaf.books, "late") })
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
    const creation = planning.spoil(at.transaction({ books: setTitle(leaf.books, "t") }), ({ shards }) => {
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
