import { describe, expect, it } from "@effect/vitest"
import type { BlockId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation, Transform } from "../../schemas/Transform.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import {
  asSent,
  change,
  check,
  corrupt,
  fill,
  insertOf,
  itRefuses,
  type Library,
  LONG,
  library,
  operations,
  operationsOf,
  type Refusal,
  rebase,
  rollOver,
  stranger
} from "./Library.ts"
import { signer } from "./Planning.ts"
import { addLeaf, onlyLog, type SignedRequest } from "./Requests.ts"
import { hasher } from "./TestServices.ts"

describe("a transaction may", () => {
  it.each<readonly [string, (library: Library) => SignedRequest]>([
    ["append to the open tail", ({ transaction }) => transaction({ books: onlyLog })],
    ["append long actions", ({ transaction }) => transaction({ books: onlyLog }, [], { books: LONG })],
    ["append to several logs", ({ transaction }) => transaction({ books: onlyLog, cars: addLeaf(["x"]) })],
    [
      "close a full tail, and open the next",
      (at) => {
        fill(at, "books")
        return at.transaction({ books: addLeaf(["x"]) }, [], { books: LONG })
      }
    ],
    [
      "append to a tail that is not the first",
      (at) => {
        rollOver(at, "books")
        return at.transaction({ books: onlyLog })
      }
    ],
    ["create a collection", ({ transaction }) => transaction({ films: addLeaf(["f"]) }, [], { films: LONG })],
    [
      "create a collection with a root",
      ({ planning, transaction }) => {
        let root = "" as BlockId
        const prepared = transaction({
          films: addLeaf(["f"], (id) => {
            root = id
          })
        })
        const header = planning.author.collection("films")
        return planning.rewrite(prepared, header, { insert: { ...insertOf(prepared, header), root } })
      }
    ]
  ])("%s", (_what, make) => {
    const at = library()
    expect(check(at, make(at))).toMatchObject({ _tag: "Approval" })
  })

  it("roll over as often as it takes for skips of several levels", () => {
    const at = library()
    for (let count = 0; count < 20; count++) rollOver(at, "books")
    expect((at.block(at.tail("books")).checkpoint as { readonly skip: ReadonlyArray<unknown> }).skip).toHaveLength(2)
  })
})

// ── The conflict point ───────────────────────────────────────────────────────────────────────────────────────────────

/** The request with a shard of somebody else's that writes one of its blocks. */
const elsewhere = (at: Library, signed: SignedRequest, id: BlockId, first: boolean): SignedRequest => {
  const spoilt = at.planning.spoil(signed, ({ shards }) => {
    const [own] = shards
    const moved = { members: [stranger.peer] as [PeerId], reads: {}, writes: { [id]: own.writes[id]! } }
    delete own.writes[id]
    if (first) shards.unshift(moved)
    else shards.push(moved)
  })
  return asSent(spoilt)
}

describe("the conflict point is the open tail that the header names, and nothing else:", () => {
  itRefuses([
    [
      "a transaction that does not write it",
      ({ leaf, planning, tail, transaction }) =>
        planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }, payload) => {
          delete shards[0].writes[tail("books")]
          delete payload[tail("books")]
        }),
      /the open tail is not written: collection/
    ],
    [
      "the tail of another collection",
      ({ author, planning, tail, transaction }) =>
        planning.spoil(transaction({ books: onlyLog, cars: onlyLog }), ({ collections }) => {
          for (const collection of collections) {
            if (collection.id === author.collection("books")) collection.tail = tail("cars")
          }
        }),
      /the open tail is not written: collection/
    ],
    [
      "a second open log block",
      ({ author, block, header, planning, tail }) => {
        // As if it had come to be before there were rules.
        const second = header("books").padEnd(58, "a") as BlockId
        const state = planning.view.block(tail("books"))!
        const fork = { ...state.block!, header: { ...state.block!.header, id: second } }
        const latest = { ...state.latest, after: hashValue(hasher, fork) }
        planning.view.blocks.set(second, { ...state, block: fork, id: second, latest })
        const forkedHeader = { ...block(header("books")), log: { head: tail("books"), tail: second } }
        const world = new Map(planning.world)
          .set(header("books"), { ...planning.world.get(header("books"))!, block: forkedHeader })
          .set(second, { after: latest.after, block: fork, rev: latest.rev })
        return author.transaction(world, { writes: { books: onlyLog } })
      },
      /the header names another tail/
    ],
    [
      "a tail whose header is not here",
      ({ header, planning, transaction }) => {
        planning.view.blocks.delete(header("books"))
        return transaction({ books: onlyLog })
      },
      /its header is not here/
    ],
    [
      "a tail that is said to be another member's, while the header is here",
      (at) => elsewhere(at, at.transaction({ books: change(at.leaf.books) }), at.tail("books"), true),
      /is not where its header is/
    ],
    [
      "a log that is another member's, while a header is created here",
      (at) => {
        const created = at.transaction({ films: onlyLog })
        return elsewhere(at, created, at.author.tail(created.world, "films"), true)
      },
      /is not where its header is/
    ],
    [
      "a tail that is closed",
      (at) => {
        const appending = at.transaction({ books: onlyLog })
        const tail = at.tail("books")
        corrupt(at, tail, (block) => ({ ...block, next: at.tail("cars") }))
        return rebase(at, appending, tail)
      },
      /the tail is not open/
    ],
    [
      "a revision that does not follow the tail's last",
      ({ planning, transaction }) =>
        planning.spoil(transaction({ books: onlyLog }), ({ collections }) => {
          collections[0]!.base = 7
          collections[0]!.rev = 8 as Rev
        }),
      /the tail does not end at the base/
    ]
  ])
})

// ── Headers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const KEY = signer.publicKey

/** What somebody might like to change in a header. */
const HEADER_CHANGES: ReadonlyArray<readonly [string, (library: Library) => Operation]> = [
  ["its members", () => ["members", 0, 1, [stranger.peer]]],
  ["its name", () => ["name", 0, 0, "not books"]],
  ["the head of its log", ({ leaf, tail }) => ["log", 0, 0, { head: leaf.books, tail: tail("books") }]],
  ["the tail of its log", ({ leaf, tail }) => ["log", 0, 0, { head: tail("books"), tail: leaf.books }]],
  ["nothing at all, but writes it", ({ tail }) => ["log", 0, 0, { head: tail("books"), tail: tail("books") }]],
  ["its authority", () => ["authority", 0, 0, { keys: [KEY], threshold: 1 }]],
  ["its root", ({ leaf }) => ["root", 0, 0, leaf.books]],
  ["its epoch", () => ["epoch", 0, 0, 1]],
  ["its kind", () => ["kind", 0, 0, "other"]],
  ["its placement", () => ["placement", 0, 0, "scatter"]],
  ["its format", () => ["format", 0, 0, 2]],
  ["whether it has a log", () => ["log", 0, 1, null]]
]

/** A rollover of `books` whose header changes otherwise. */
const rolloverWith = (at: Library, transform: (honest: Operation, head: BlockId) => Transform): SignedRequest => {
  fill(at, "books")
  const signed = at.transaction({ books: onlyLog })
  const id = at.header("books")
  return at.planning.rewrite(signed, id, transform(operationsOf(signed, id)[0]!, at.tail("books")))
}

describe("a header changes at rollover only, and in its tail only: not", () => {
  itRefuses([
    ...HEADER_CHANGES.map(
      ([what, operation]): Refusal => [
        what,
        (at) => {
          // The author takes the header as he has it: the change comes after his entry.
          const signed = at.transaction({ books: (store, id) => store.update(id, ["log", 0, 0, logOf(at)]) })
          return at.planning.rewrite(signed, at.header("books"), operations(operation(at)))
        },
        /block .* of its history is written/
      ]
    ),
    [
      "to be deleted",
      (at) => {
        const signed = at.transaction({ books: (store, id) => store.update(id, ["log", 0, 0, logOf(at)]) })
        return at.planning.rewrite(signed, at.header("books"), { delete: true })
      },
      /block .* of its history is written/
    ]
  ])
})

const logOf = ({ block, header }: Library): Json => block(header("books")).log as Json

describe("at rollover a header takes the new tail, and nothing else: not", () => {
  const ADVANCE = /the header changes by something else than its new tail/
  itRefuses([
    ...HEADER_CHANGES.map(
      ([what, operation]): Refusal => [
        `${what}, too`,
        (at) => rolloverWith(at, (honest) => operations(honest, operation(at))),
        ADVANCE
      ]
    ),
    ...HEADER_CHANGES.map(
      ([what, operation]): Refusal => [
        `${what} instead`,
        (at) => rolloverWith(at, () => operations(operation(at))),
        ADVANCE
      ]
    ),
    [
      "another head",
      (at) =>
        rolloverWith(at, ([name, at_, none, log]) =>
          operations([name, at_, none, { ...(log as object), head: at.leaf.books }])
        ),
      ADVANCE
    ],
    [
      "a property of its log",
      (at) =>
        rolloverWith(at, ([name, at_, none, log]) =>
          operations([name, at_, none, { ...(log as object), middle: at.leaf.books }])
        ),
      ADVANCE
    ],
    ["its deletion", (at) => rolloverWith(at, () => ({ delete: true })), ADVANCE],
    [
      "no new tail",
      (at) => {
        fill(at, "books")
        return at.planning.spoil(at.transaction({ books: onlyLog }), ({ shards }, payload) => {
          delete shards[0].writes[at.header("books")]
          delete payload[at.header("books")]
        })
      },
      ADVANCE
    ]
  ])
})
