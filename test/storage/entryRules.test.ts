import { describe, expect, it } from "@effect/vitest"
import type { Action, LogEntry, PayloadReference } from "../../schemas/Collection.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import { INLINE_BYTES } from "../../src/log/Payload.ts"
import {
  check,
  created,
  fill,
  insertOf,
  itRefuses,
  type Library,
  LONG,
  library,
  operationsOf,
  type Refusal,
  withEntry
} from "./Library.ts"
import { addLeaf, type Edit, onlyLog, type Prepared, type SignedRequest } from "./Requests.ts"
import { hasher } from "./TestServices.ts"

/** The ways in which an entry of `books` or `films` comes to stand in a log. */
const WAYS: Readonly<Record<string, (at: Library) => readonly [name: string, signed: Prepared]>> = {
  appended: (at) => ["books", at.transaction({ books: addLeaf(["x"]), cars: onlyLog }, [], ACTIONS)],
  "appended to a new log": (at) => ["films", at.transaction({ books: onlyLog, films: addLeaf(["x"]) }, [], ACTIONS)],
  "appended to the next block": (at) => {
    fill(at, "books")
    return ["books", at.transaction({ books: addLeaf(["x"]), cars: onlyLog }, [], ACTIONS)]
  }
}

const ACTIONS = { books: [{ data: 1, type: "add" }], films: [{ data: 1, type: "add" }] }

const SPOILT: ReadonlyArray<readonly [what: string, spoil: (entry: LogEntry) => unknown, reason: RegExp]> = [
  ["of another revision", (entry) => ({ ...entry, rev: entry.rev + 1 }), /other rev/],
  ["of another time", (entry) => ({ ...entry, time: entry.time + 1 }), /other time/],
  ["of another stamp", (entry) => ({ ...entry, stampId: hashValue(hasher, {}) }), /other stampId/],
  [
    "that names fewer collections",
    (entry) => ({ ...entry, collections: entry.collections.slice(1) }),
    /other collections/
  ],
  [
    "that names more collections",
    (entry) => ({ ...entry, collections: [...entry.collections, { id: hashValue(hasher, {}), rev: 1 }] }),
    /other collections/
  ],
  [
    "that names the collections in another order",
    (entry) => ({ ...entry, collections: entry.collections.toReversed() }),
    /other collections/
  ],
  [
    "that names other revisions of them",
    (entry) => ({ ...entry, collections: entry.collections.map(({ id }) => ({ id, rev: 9 })) }),
    /other collections/
  ],
  ["that names fewer blocks", (entry) => ({ ...entry, blocks: entry.blocks.slice(1) }), /other blocks/],
  ["that names more blocks", (entry) => ({ ...entry, blocks: [...entry.blocks, "a".repeat(52)] }), /other blocks/],
  ["that names a block twice", (entry) => ({ ...entry, blocks: [entry.blocks[0], ...entry.blocks] }), /other blocks/],
  ["without actions", ({ actions, ...entry }) => entry, /not just its actions/],
  [
    "with both actions and a payload",
    (entry) => ({ ...entry, payload: { blocks: entry.blocks.slice(0, 1), count: 1, hash: hashValue(hasher, {}) } }),
    /not just its actions/
  ]
]

/** Of what is inserted, the shape of the block tells that already. */
const MALFORMED: typeof SPOILT = [
  ["with a property of its own", (entry) => ({ ...entry, note: "n" }), /not just its actions/],
  ["that is null", () => null, /no object/],
  ["that is a list", (entry) => [entry], /no object/],
  ["that is a text", () => "entry", /no object/],
  ["without blocks", ({ blocks, ...entry }) => entry, /other blocks/],
  ["whose blocks are a text", (entry) => ({ ...entry, blocks: entry.blocks.join() }), /other blocks/],
  ["whose blocks are null", (entry) => ({ ...entry, blocks: null }), /other blocks/],
  ["whose revision is an object", (entry) => ({ ...entry, rev: {} }), /other rev/],
  ["whose actions are no list", (entry) => ({ ...entry, actions: { length: 0 } }), /actions are not of a type/],
  ["with an action that is null", (entry) => ({ ...entry, actions: [null] }), /actions are not of a type/],
  ["with an action without data", (entry) => ({ ...entry, actions: [{ type: "t" }] }), /actions are not of a type/],
  ["with an action without type", (entry) => ({ ...entry, actions: [{ data: 1 }] }), /actions are not of a type/],
  [
    "with an action whose type is no text",
    (entry) => ({ ...entry, actions: [{ data: 1, type: 1 }] }),
    /actions are not of a type/
  ],
  [
    "with an action that has something else",
    (entry) => ({ ...entry, actions: [{ data: 1, more: 1, type: "t" }] }),
    /actions are not of a type/
  ],
  ["whose payload is no reference", ({ actions, ...entry }) => ({ ...entry, payload: {} }), /no reference to payload/],
  [
    "whose payload has something else",
    ({ actions, ...entry }) => ({
      ...entry,
      payload: { blocks: entry.blocks.slice(0, 1), count: 1, hash: hashValue(hasher, {}), more: 1 }
    }),
    /no reference to payload/
  ]
]

describe("an entry may not be one", () => {
  itRefuses(
    Object.entries(WAYS).flatMap(([way, make]) =>
      SPOILT.map(
        ([what, spoil, reason]): Refusal => [
          `${what}, ${way}`,
          (at) => {
            const [name, signed] = make(at)
            return withEntry(at, signed, name, spoil)
          },
          reason
        ]
      )
    )
  )
  itRefuses(
    MALFORMED.map(
      ([what, spoil, reason]): Refusal => [
        what,
        (at) => withEntry(at, at.transaction({ books: addLeaf(["x"]) }, [], ACTIONS), "books", spoil),
        reason
      ]
    )
  )
  itRefuses([
    [
      "that names the block it stands in",
      (at) =>
        withEntry(at, at.transaction({ books: onlyLog }), "books", (entry) => ({
          ...entry,
          blocks: [at.tail("books")]
        })),
      /other blocks/
    ],
    [
      "that names its blocks out of order",
      (at) =>
        withEntry(at, at.transaction({ books: twoLeaves }), "books", (entry) => ({
          ...entry,
          blocks: entry.blocks.toReversed()
        })),
      /other blocks/
    ],
    [
      "with actions that are too long for it",
      (at) => withEntry(at, at.transaction({ books: onlyLog }), "books", (entry) => ({ ...entry, actions: LONG })),
      /actions this long/
    ]
  ])
})

const twoLeaves: Edit = (store, id) => {
  addLeaf(["x"])(store, id)
  addLeaf(["y"])(store, id)
}

// ── Payloads ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The size of an action whose data is an empty text, in an array of its own. */
const AROUND_BYTES = JSON.stringify([{ data: "", type: "t" }]).length

const ofBytes = (bytes: number): ReadonlyArray<Action> => [{ data: "x".repeat(bytes - AROUND_BYTES), type: "t" }]

describe("actions stand in their entry", () => {
  it.each([
    ["as long as they fit", INLINE_BYTES, "actions"],
    ["not any more once they do not", INLINE_BYTES + 1, "payload"]
  ] as const)("%s", (_what, bytes, place) => {
    const at = library()
    const signed = at.transaction({ books: onlyLog }, [], { books: ofBytes(bytes) })
    const [[, , , entries]] = operationsOf(signed, at.tail("books")) as unknown as [[0, 0, 0, [object]]]
    expect(entries[0]).toHaveProperty(place)
    expect(check(at, signed)._tag).toBe("Approval")
  })
})

/** A request with a payload block that its entry refers to otherwise. */
const withPayload = (
  at: Library,
  spoil: (payload: PayloadReference, signed: Prepared) => PayloadReference
): SignedRequest => {
  const signed = at.transaction({ books: addLeaf(["x"]) }, [], { books: LONG })
  return withEntry(at, signed, "books", (entry) => ({ ...entry, payload: spoil(entry.payload!, signed) }))
}

const SHORT = ofBytes(INLINE_BYTES)

describe("the payload of an entry stands in blocks that come with it: not", () => {
  const spoilt = (what: string, spoil: Parameters<typeof withPayload>[1], reason: RegExp): Refusal => [
    what,
    (at) => withPayload(at, spoil),
    reason
  ]
  itRefuses([
    spoilt("with another number of actions", (payload) => ({ ...payload, count: 2 }), /another number of actions/),
    spoilt("with another hash", (payload) => ({ ...payload, hash: hashValue(hasher, {}) }), /another hash/),
    spoilt(
      "in a block that is nowhere",
      (payload) => ({ ...payload, blocks: ["a".repeat(58) as BlockId] }),
      /no payload block of its own/
    ),
    spoilt(
      "in a leaf",
      (payload, signed) => ({ ...payload, blocks: [created(signed, "leaf")] }),
      /no payload block of its own/
    ),
    spoilt(
      "twice in the same block",
      ({ blocks: [block], ...payload }) => ({ ...payload, blocks: [block, block], count: 2 }),
      /refers to a payload block twice/
    ),
    [
      "in a block from before",
      (at) => {
        const block = created(at.planning.commit({ actions: { books: LONG }, writes: { books: onlyLog } }), "payload")
        return withPayload(at, (payload) => ({ ...payload, blocks: [block] }))
      },
      /no payload block of its own/
    ],
    [
      "where the actions are short",
      (at) => {
        const signed = at.transaction({ books: onlyLog }, [], { books: LONG })
        const id = created(signed, "payload")
        const { request } = withEntry(at, signed, "books", ({ payload, ...entry }) => ({
          ...entry,
          payload: { ...payload, hash: hashValue(hasher, SHORT) }
        }))
        return at.planning.rewrite({ ...signed, request }, id, { insert: { ...insertOf(signed, id), actions: SHORT } })
      },
      /actions this short/
    ]
  ])
})
