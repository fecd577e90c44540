/** The rules of `tailRules` for what else a transaction might do to the history of a collection. */
import { describe, expect, it } from "@effect/vitest"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import { blockId, hashValue, scatteredBlockId } from "../../src/encoding/BlockIds.ts"
import {
  check,
  corrupt,
  created,
  expectRefused,
  fill,
  insertOf,
  itRefuses,
  type Library,
  LONG,
  library,
  rollOver,
  stranger,
  withEntry
} from "./Library.ts"
import { signer } from "./Planning.ts"
import { addLeaf, type Edit, onlyLog, type Prepared, type SignedRequest } from "./Requests.ts"
import { hasher } from "./TestServices.ts"

/** The payload block of an entry of `books`, from before. */
const payloadBefore = (at: Library): BlockId => {
  const signed = at.planning.commit({ actions: { books: LONG }, writes: { books: onlyLog } })
  return created(signed, "payload")
}

describe("nothing else of a collection's history is written: not", () => {
  const HISTORY = /block .* of its history is written/
  const closed = (at: Library): BlockId => {
    const before = at.tail("books")
    rollOver(at, "books")
    return before
  }
  itRefuses([
    ["a second log block", ({ transaction }) => transaction({ books: addLog }), HISTORY],
    ["a second log block of a new collection", ({ transaction }) => transaction({ films: addLog }), HISTORY],
    [
      "a second log block at rollover",
      (at) => {
        fill(at, "books")
        return at.transaction({ books: addLog })
      },
      HISTORY
    ],
    [
      "a closed log block, truncated",
      (at) => {
        const id = closed(at)
        return at.transaction({ books: (store) => store.update(id, ["entries", 0, 1, []]) })
      },
      HISTORY
    ],
    [
      "a closed log block, open again",
      (at) => {
        const id = closed(at)
        return at.transaction({ books: (store) => store.update(id, ["next", 0, 1, null]) })
      },
      HISTORY
    ],
    [
      "a closed log block, deleted",
      (at) => {
        const id = closed(at)
        return at.transaction({ books: (store) => store.remove(id) })
      },
      HISTORY
    ],
    [
      "an earlier payload block",
      (at) => {
        const id = payloadBefore(at)
        return at.transaction({ books: (store) => store.update(id, ["actions", 0, 1, []]) })
      },
      HISTORY
    ],
    [
      "the deletion of an earlier payload block",
      (at) => {
        const id = payloadBefore(at)
        return at.transaction({ books: (store) => store.remove(id) })
      },
      HISTORY
    ],
    [
      "a payload block that its entry does not name",
      ({ transaction }) =>
        transaction({
          books: (store) => store.insert({ actions: [{ data: 1, type: "x" }], header: store.allocate("payload") })
        }),
      HISTORY
    ],
    [
      "a second header",
      (at) =>
        at.transaction({
          books: (store) => store.insert({ ...at.block(at.header("books")), header: store.allocate("collection") })
        }),
      HISTORY
    ]
  ])
})

const addLog: Edit = (store) =>
  store.insert({ checkpoint: { actions: 0, entries: 0, rev: 0, skip: [] }, entries: [], header: store.allocate("log") })

/** The request with one of its new blocks in a shard of this node and somebody else, at a place of its own. */
const moved = (at: Library, signed: Prepared, name: string, id: BlockId, idOf = scatteredBlockId): SignedRequest => {
  const { manifest } = signed.request.signed
  const write = manifest.shards[0].writes[id]!
  const members = [signer.peer, stranger.peer].sort() as [PeerId, PeerId]
  const source = { author: manifest.author, collection: write.collection, members, stamp: manifest.stamp }
  const there = idOf(hasher, source, write.index!)
  const renamed = <A>(value: A): A => JSON.parse(JSON.stringify(value).replaceAll(id, there)) as A
  const inEntry = withEntry(at, signed, name, (entry) => ({
    ...renamed(entry),
    blocks: renamed(entry.blocks).toSorted()
  }))
  return at.planning.spoil(inEntry, ({ shards }, payload) => {
    const insert = renamed(insertOf(signed, id))
    delete shards[0].writes[id]
    delete payload[id]
    payload[there] = { insert }
    const change = hashValue(hasher, payload[there])
    shards.push({ members, reads: {}, writes: { [there]: { ...write, after: hashValue(hasher, insert), change } } })
  })
}

describe("a block lives with its header", () => {
  const scatter = (at: Library) => corrupt(at, at.header("books"), (block) => ({ ...block, placement: "scatter" }))

  it("if the collection's data is to stand together", () => {
    const at = library()
    const signed = at.transaction({ books: addLeaf(["x"]) })
    expectRefused(at, moved(at, signed, "books", created(signed, "leaf")), /is not where its header is/)
  })

  it("always, if it is of the header's place", () => {
    const at = library()
    scatter(at)
    const signed = at.transaction({ books: addLeaf(["x"]) })
    expectRefused(at, moved(at, signed, "books", created(signed, "leaf"), blockId), /is not where its header is/)
    expectRefused(at, signed, /has not a place of its own/)
  })

  it("or elsewhere, if the data is to be scattered", () => {
    const at = library()
    scatter(at)
    const signed = at.transaction({ books: addLeaf(["x"]) })
    expect(check(at, moved(at, signed, "books", created(signed, "leaf")))).toMatchObject({ _tag: "Approval" })
  })

  it("always, if it is of the log", () => {
    const at = library()
    scatter(at)
    const signed = at.transaction({ books: onlyLog }, [], { books: LONG })
    expectRefused(at, moved(at, signed, "books", created(signed, "payload")), /is not where its header is/)
  })

  it("always, if it is the root", () => {
    const at = library()
    const signed = at.transaction({ films: addLeaf(["f"]) })
    const header = at.header("films")
    const root = created(signed, "leaf")
    const rooted = (id: BlockId, placement: string) =>
      at.planning.rewrite(signed, header, { insert: { ...insertOf(signed, header), placement, root: id } })
    expect(check(at, rooted(root, "scatter"))).toMatchObject({ _tag: "Approval" })
    const { request } = moved(at, signed, "films", root)
    const there = created({ ...signed, request }, "leaf")
    const scattered = at.planning.rewrite({ ...signed, request }, header, {
      insert: { ...insertOf(signed, header), placement: "scatter", root: there }
    })
    expectRefused(at, scattered, /is not where its header is/)
  })
})
