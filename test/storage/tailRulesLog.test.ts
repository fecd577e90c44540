/** The rules of `tailRules` for log and payload blocks. */
import { describe } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { LogCheckpoint, LogEntry } from "../../schemas/Collection.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation, Transform } from "../../schemas/Transform.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import { LOG_CAPACITY } from "../../src/log/LogBlock.ts"
import { fill, insertOf, itRefuses, type Library, operations, operationsOf, type Refusal, rollOver } from "./Library.ts"
import { emptyWorld, onlyLog, type Prepared, type SignedRequest } from "./Requests.ts"
import { hasher } from "./TestServices.ts"

// ── Append ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An entry for `books`, whose tail changes otherwise. */
const appending = (at: Library, transform: (honest: Operation, entry: Json) => Transform): SignedRequest => {
  const signed = at.transaction({ books: onlyLog })
  const id = at.tail("books")
  const [honest] = operationsOf(signed, id)
  return at.planning.rewrite(signed, id, transform(honest!, (honest![3] as ReadonlyArray<Json>)[0]!))
}

describe("the open tail takes one entry at its end: not", () => {
  const APPEND = /the open tail changes by something else than one entry at its end/
  const spoilt = (what: string, transform: Parameters<typeof appending>[1]): Refusal => [
    what,
    (at) => appending(at, transform),
    APPEND
  ]
  itRefuses([
    spoilt("two at once", (_honest, entry) => operations(["entries", 3, 0, [entry, entry]])),
    spoilt("none", () => operations(["entries", 3, 0, []])),
    spoilt("no operation at all", () => operations()),
    spoilt("one before the others", (_honest, entry) => operations(["entries", 0, 0, [entry]])),
    spoilt("one in the place of the last", (_honest, entry) => operations(["entries", 2, 1, [entry]])),
    spoilt("one after a change of an earlier one", (honest, entry) => operations(["entries", 0, 1, [entry]], honest)),
    spoilt("one after the loss of the others", (_honest, entry) =>
      operations(["entries", 0, 3, []], ["entries", 0, 0, [entry]])
    ),
    spoilt("one and another checkpoint", (honest) =>
      operations(honest, ["checkpoint", 0, 0, { actions: 9, entries: 9, rev: 0, skip: [] }])
    ),
    spoilt("one and a property", (honest) => operations(honest, ["title", 0, 0, "t"])),
    spoilt("one and a next block, before it is full", (honest) => operations(honest, ["next", 0, 0, "a".repeat(58)])),
    spoilt("a next block, before it is full", () => operations(["next", 0, 0, "a".repeat(58)])),
    spoilt("one in an operation with something else", ([name, index, none, entries]) =>
      operations([name, index, none, entries, "more"] as never)
    ),
    spoilt("its deletion", () => ({ delete: true }))
  ])
})

// ── Rollover ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A rollover of `books`, and the blocks in it. */
const rollingOver = (at: Library) => {
  fill(at, "books")
  const tail = at.tail("books")
  const signed = at.transaction({ books: onlyLog })
  return { added: at.author.tail(signed.world, "books"), signed, tail }
}

const withTail = (at: Library, transform: (honest: Operation, added: BlockId) => Transform): SignedRequest => {
  const { added, signed, tail } = rollingOver(at)
  return at.planning.rewrite(signed, tail, transform(operationsOf(signed, tail)[0]!, added))
}

describe("a full tail takes its next block: not", () => {
  const CLOSE = /the full tail changes by something else than its next block/
  const spoilt = (what: string, transform: Parameters<typeof withTail>[1]): Refusal => [
    what,
    (at) => withTail(at, transform),
    CLOSE
  ]
  itRefuses([
    [
      "one more entry",
      (at) => {
        const { signed, tail } = rollingOver(at)
        const entries = insertOf(signed, at.author.tail(signed.world, "books")).entries as ReadonlyArray<Json>
        return at.planning.rewrite(signed, tail, operations(["entries", LOG_CAPACITY.count, 0, entries]))
      },
      CLOSE
    ],
    spoilt("that and the loss of its entries", (honest) => operations(["entries", 0, LOG_CAPACITY.count, []], honest)),
    spoilt("that and another checkpoint", (honest) =>
      operations(["checkpoint", 0, 0, { actions: 9, entries: 9, rev: 0, skip: [] }], honest)
    ),
    spoilt("that and a property", (honest) => operations(honest, ["title", 0, 0, "t"])),
    spoilt("what is no block id", () => operations(["next", 0, 0, 5])),
    spoilt("its deletion", () => ({ delete: true }))
  ])
})

/** A rollover whose new tail is another block. */
const withAdded = (at: Library, spoil: (block: Block & LogBlock) => object): SignedRequest => {
  const { added, signed } = rollingOver(at)
  const block = insertOf(signed, added) as unknown as Block & LogBlock
  return at.planning.rewrite(signed, added, { insert: spoil(block) as Block })
}

const checkpoint = (spoil: (checkpoint: LogCheckpoint) => Partial<LogCheckpoint>) => (block: LogBlock) => ({
  ...block,
  checkpoint: { ...block.checkpoint, ...spoil(block.checkpoint) }
})

const lastEntry = (block: LogBlock): LogEntry => block.entries.at(-1)!

describe("the next log block follows from the tail: not", () => {
  const FOLLOW = /the next log block does not follow from the tail/
  const spoilt = (what: string, spoil: Parameters<typeof withAdded>[1], reason = FOLLOW): Refusal => [
    what,
    (at) => withAdded(at, spoil),
    reason
  ]
  itRefuses([
    spoilt("with another priorHash", (block) => ({ ...block, priorHash: hashValue(hasher, {}) })),
    spoilt("without a priorHash", ({ priorHash, ...block }) => block),
    spoilt("with another prior", (block) => ({ ...block, prior: block.header.id })),
    spoilt("without a prior", ({ prior, ...block }) => block),
    spoilt("closed", (block) => ({ ...block, next: block.prior })),
    spoilt(
      "with other totals of actions",
      checkpoint(({ actions }) => ({ actions: actions + 1 }))
    ),
    spoilt(
      "with other totals of entries",
      checkpoint(({ entries }) => ({ entries: entries - 1 }))
    ),
    spoilt(
      "with another revision",
      checkpoint(({ rev }) => ({ rev: rev + 1 }))
    ),
    spoilt(
      "without skips",
      checkpoint(() => ({ skip: [] }))
    ),
    spoilt(
      "with a skip to another block",
      checkpoint(({ skip }) => ({ skip: [{ id: "a".repeat(58) as BlockId, rev: skip[0]!.rev }] }))
    ),
    spoilt(
      "with a skip to another revision",
      checkpoint(({ skip }) => ({ skip: [{ id: skip[0]!.id, rev: 1 }] }))
    ),
    spoilt("without entry", (block) => ({ ...block, entries: [] })),
    spoilt("with two entries", (block) => ({ ...block, entries: [lastEntry(block), lastEntry(block)] })),
    spoilt(
      "with more levels of skips than there can be",
      checkpoint(({ skip }) => ({ skip: [...skip, ...skip] })),
      /other levels of skips/
    ),
    [
      "with fewer levels of skips than the tail",
      (at) => {
        while ((at.block(at.tail("books")) as unknown as LogBlock).checkpoint.skip.length < 2) rollOver(at, "books")
        return withAdded(
          at,
          checkpoint(({ skip }) => ({ skip: skip.slice(0, 1) }))
        )
      },
      /other levels of skips/
    ],
    spoilt(
      "of another type",
      ({ header }) => ({ entries: [], header: { ...header, type: "leaf" }, keys: [] }),
      /is not created with the link/
    ),
    [
      "there already",
      (at) => withTail(at, () => operations(["next", 0, 0, at.tail("cars")])),
      /is not created with the link/
    ],
    [
      "of another collection",
      (at) => {
        fill(at, "books")
        fill(at, "cars")
        const signed = at.transaction({ books: onlyLog, cars: onlyLog })
        return at.planning.rewrite(
          signed,
          at.tail("books"),
          operations(["next", 0, 0, at.author.tail(signed.world, "cars")])
        )
      },
      /is not created with the link/
    ]
  ])
})

// ── Creation ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const creating = (at: Library): { readonly signed: Prepared; readonly tail: BlockId; readonly header: BlockId } => {
  const signed = at.transaction({ films: onlyLog })
  return { header: at.header("films"), signed, tail: at.author.tail(signed.world, "films") }
}

const withFirst = (at: Library, spoil: (block: Block & LogBlock) => object): SignedRequest => {
  const { signed, tail } = creating(at)
  const block = insertOf(signed, tail) as unknown as Block & LogBlock
  return at.planning.rewrite(signed, tail, { insert: spoil(block) as Block })
}

const withHeader = (at: Library, spoil: (block: Block, tail: BlockId) => object): SignedRequest => {
  const { header, signed, tail } = creating(at)
  return at.planning.rewrite(signed, header, { insert: spoil(insertOf(signed, header), tail) as Block })
}

describe("a collection is created with its header and a first log block with its first entry: not with", () => {
  const FIRST = /the first log block has something else than the entry/
  const first = (what: string, spoil: Parameters<typeof withFirst>[1], reason = FIRST): Refusal => [
    what,
    (at) => withFirst(at, spoil),
    reason
  ]
  const header = (what: string, spoil: Parameters<typeof withHeader>[1], reason: RegExp): Refusal => [
    what,
    (at) => withHeader(at, spoil),
    reason
  ]
  itRefuses([
    first("a first log block that has no entry", (block) => ({ ...block, entries: [] })),
    first("two entries", (block) => ({ ...block, entries: [lastEntry(block), lastEntry(block)] })),
    first("a block before the first", (block) => ({ ...block, prior: "a".repeat(58) })),
    first("the hash of a block before the first", (block) => ({ ...block, priorHash: hashValue(hasher, {}) })),
    first("a block after the first", (block) => ({ ...block, next: "a".repeat(58) })),
    first(
      "a checkpoint of actions",
      checkpoint(() => ({ actions: 1 }))
    ),
    first(
      "a checkpoint of entries",
      checkpoint(() => ({ entries: 1 }))
    ),
    first(
      "a checkpoint of revisions",
      checkpoint(() => ({ rev: 1 }))
    ),
    first(
      "a skip",
      checkpoint(() => ({ skip: [{ id: "a".repeat(58) as BlockId, rev: 0 }] }))
    ),
    first(
      "a tail that is no log block",
      ({ header }) => ({ entries: [], header: { ...header, type: "leaf" }, keys: [] }),
      /the tail is no log block/
    ),
    header("another head", (block, tail) => ({ ...block, log: { head: block.header.id, tail } }), /other ends/),
    header("another tail", (block, tail) => ({ ...block, log: { head: tail, tail: block.header.id } }), /other ends/),
    header("a root of another transaction", (block) => ({ ...block, root: "a".repeat(58) }), /the root is not created/),
    header("a log block as its root", (block, tail) => ({ ...block, root: tail }), /the root is not created/),
    [
      "no header",
      (at) => {
        const { header, signed } = creating(at)
        return at.planning.spoil(signed, ({ shards }, payload) => {
          delete shards[0].writes[header]
          delete payload[header]
        })
      },
      /no header is created/
    ],
    [
      "the header of a collection that exists",
      (at) => {
        const signed = at.author.transaction(emptyWorld, { writes: { books: onlyLog } })
        return at.planning.spoil(signed, ({ shards }, payload) => {
          delete shards[0].writes[at.header("books")]
          delete payload[at.header("books")]
        })
      },
      /the collection exists/
    ]
  ])
})
