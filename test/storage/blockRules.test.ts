import { describe, expect, it } from "@effect/vitest"
import type { Block, BlockHeader } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Operation } from "../../schemas/Transform.ts"
import { check, insertOf, itRefuses, type Library, library, type Refusal, stranger } from "./Library.ts"
import { type Edit, onlyLog, type SignedRequest } from "./Requests.ts"

const ID = "a".repeat(58) as BlockId

/** A block of each type that may be added to a collection, without its header. */
const BLOCKS: Readonly<Record<string, object>> = {
  branch: { children: [ID, ID], keys: ["m"] },
  chain: { entries: [1, "two"], next: ID },
  "chain-head": { head: ID, length: 2, tail: ID },
  leaf: { entries: [{ a: 1 }, null], keys: [1, 2] }
}

const insert =
  (type: string, block: object): Edit =>
  (store) =>
    store.insert({ ...block, header: store.allocate(type) })

describe("a new block has the shape of its type:", () => {
  it.each(Object.entries(BLOCKS))("%s", (type, block) => {
    const at = library()
    expect(check(at, at.transaction({ books: insert(type, block) }))).toMatchObject({ _tag: "Approval" })
  })

  /** Shapes that are not those of their types. */
  const MISSHAPED: ReadonlyArray<readonly [type: string, what: string, block: object]> = [
    ...Object.entries(BLOCKS).flatMap(([type, block]) => [
      ...Object.keys(block).map((property) => [type, `no ${property}`, { ...block, [property]: 5.5 }] as const),
      [type, "a property of its own", { ...block, title: "t" }] as const
    ]),
    ["branch", "a child that is no id", { children: [ID, "b"], keys: ["m"] }],
    ["chain-head", "a negative length", { head: ID, length: -1, tail: ID }],
    ["payload", "no actions", {}],
    ["payload", "an action without data", { actions: [{ type: "t" }] }],
    ["payload", "an action whose type is no text", { actions: [{ data: 1, type: 1 }] }],
    ["payload", "an action with something else", { actions: [{ data: 1, more: 1, type: "t" }] }],
    ["log", "no entries", { checkpoint: { actions: 0, entries: 0, rev: 0, skip: [] } }],
    ["log", "no checkpoint", { entries: [] }]
  ]

  itRefuses([
    ...MISSHAPED.map(
      ([type, what, block]): Refusal => [
        `a ${type} with ${what}`,
        ({ transaction }) => transaction({ books: insert(type, block) }),
        new RegExp(`the block is no ${type} block`)
      ]
    ),
    ...["widget", "constructor", "to-string", "user", "users-page"].map(
      (type): Refusal => [
        `a ${type}`,
        ({ transaction }) => transaction({ books: insert(type, {}) }),
        new RegExp(`the type ${type} is not registered`)
      ]
    ),
    [
      "a collection whose first log block has no entries",
      (at) => {
        const signed = at.transaction({ films: onlyLog })
        const tail = at.author.tail(signed.world, "films")
        const { entries, ...block } = insertOf(signed, tail)
        return at.planning.rewrite(signed, tail, { insert: block })
      },
      /the block is no log block/
    ],
    [
      "a leaf with more keys than entries",
      ({ transaction }) => transaction({ books: insert("leaf", { entries: [1], keys: [1, 2] }) }),
      /do not agree/
    ],
    [
      "a branch with as many children as keys",
      ({ transaction }) => transaction({ books: insert("branch", { children: [ID], keys: ["m"] }) }),
      /do not agree/
    ],
    [
      "a transform of two kinds",
      ({ leaf, planning, transaction }) =>
        planning.rewrite(transaction({ books: (store) => store.remove(leaf.books) }), leaf.books, {
          delete: true,
          operations: []
        } as never),
      /of several kinds/
    ]
  ])
})

// ── Changes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The library with one more block of `books`, and the way to change it. */
const changed = (at: Library, type: string, ...operations: ReadonlyArray<Operation>): SignedRequest => {
  let id = "" as BlockId
  at.planning.commit({
    writes: {
      books: (store) => {
        const header: BlockHeader = store.allocate(type)
        id = header.id
        store.insert({ ...BLOCKS[type], header } as Block)
      }
    }
  })
  return at.transaction({ books: (store) => store.update(id, ...operations) })
}

describe("a block keeps the shape of its type", () => {
  it.each<readonly [string, ReadonlyArray<Operation>]>([
    [
      "leaf",
      [
        ["keys", 0, 0, [0]],
        ["entries", 0, 0, [["nested"]]]
      ]
    ],
    [
      "leaf",
      [
        ["keys", 0, 2, []],
        ["entries", 0, 2, []]
      ]
    ],
    [
      "branch",
      [
        ["keys", 1, 0, ["z"]],
        ["children", 1, 0, [ID]]
      ]
    ],
    [
      "branch",
      [
        ["children", 1, 1, []],
        ["keys", 0, 1, []]
      ]
    ],
    [
      "chain",
      [
        ["next", 0, 1, null],
        ["prior", 0, 0, ID]
      ]
    ],
    ["chain-head", [["length", 0, 0, 3]]]
  ])("%s: %j", (type, operations) => {
    const at = library()
    expect(check(at, changed(at, type, ...operations))).toMatchObject({ _tag: "Approval" })
  })

  const spoilt = (type: string, reason: RegExp, ...operations: ReadonlyArray<Operation>): Refusal => [
    `${type}: not ${JSON.stringify(operations)}`,
    (at) => changed(at, type, ...operations),
    reason
  ]
  itRefuses([
    spoilt("leaf", /do not agree/, ["keys", 0, 1, []]),
    spoilt("leaf", /do not agree/, ["entries", 0, 0, ["one more"]]),
    spoilt("leaf", /no such property/, ["title", 0, 0, "t"]),
    spoilt("leaf", /no such property/, ["children", 0, 0, [ID]]),
    spoilt("branch", /do not agree/, ["keys", 0, 1, []]),
    spoilt("branch", /do not agree/, ["children", 0, 1, []]),
    spoilt("branch", /no such property/, ["entries", 0, 0, []]),
    spoilt("branch", /a child is no block id/, ["children", 0, 1, ["b"]]),
    spoilt("branch", /a child is no block id/, ["children", 0, 1, [5]]),
    spoilt("chain", /is no chain block/, ["next", 0, 0, 5]),
    spoilt("chain", /is no chain block/, ["title", 0, 0, "t"]),
    spoilt("chain-head", /is no chain-head block/, ["length", 0, 1, null])
  ])
})

describe("a block of a user's own type is of any properties that blocks may have:", () => {
  const PAGE = { lines: [1, { a: null }], nextId: "n", title: "t" }

  it("new", () => {
    const at = library()
    for (const block of [PAGE, {}]) {
      expect(check(at, at.transaction({ books: insert("user-page", block) }))).toMatchObject({ _tag: "Approval" })
    }
  })

  itRefuses([
    ...["Title", "a-b", "1", "$a"].map(
      (property): Refusal => [
        `not ${property}`,
        ({ transaction }) => transaction({ books: insert("user-page", { [property]: 1 }) }),
        /the block is no user-page block/
      ]
    ),
    ...["user-", "user-Page", "user-1", "user-a_b", `user-${"x".repeat(28)}`].map(
      (type): Refusal => [
        `nor of type ${type}`,
        ({ transaction }) => transaction({ books: insert(type, PAGE) }),
        new RegExp(`the block is no ${type} block`)
      ]
    )
  ])
})

// ── New headers ──────────────────────────────────────────────────────────────────────────────────────────────────────

const withHeader = ({ author, planning, transaction }: Library, spoil: (header: Block) => Block): SignedRequest => {
  const id = author.collection("films")
  const signed = transaction({ films: onlyLog })
  return planning.rewrite(signed, id, { insert: spoil(insertOf(signed, id)) })
}

describe("a new header is not accepted", () => {
  const spoilt = (what: string, reason: RegExp, property: string, value: unknown): Refusal => [
    what,
    (at) => withHeader(at, (header) => ({ ...header, [property]: value })),
    reason
  ]
  itRefuses([
    spoilt("under an id that its name does not make", /not that of the collection's name/, "name", "not films"),
    spoilt("with other members than its shard", /names other members/, "members", [stranger.peer]),
    spoilt("in a later epoch", /epoch of a new header/, "epoch", 1),
    spoilt("in a format that is not known", /is no collection block/, "format", 2),
    spoilt("of a kind that is no name", /is no collection block/, "kind", "Not A Kind"),
    spoilt("with a placement that is not known", /is no collection block/, "placement", "nowhere"),
    spoilt("without a log", /is no collection block/, "log", null),
    spoilt("with a property of its own", /is no collection block/, "title", "t"),
    [
      "as a leaf",
      (at) => withHeader(at, ({ header }) => ({ entries: [], header: { ...header, type: "leaf" }, keys: [] })),
      /the new header is no collection block/
    ]
  ])
})
