import { describe, expect, it } from "@effect/vitest"
import type { BlockId, CollectionId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Manifest, Shard } from "../../schemas/Manifest.ts"
import {
  asSent,
  change,
  check,
  expectRefused,
  itRefuses,
  type Library,
  library,
  type Refusal,
  stranger
} from "./Library.ts"
import { type Mutable, signer } from "./Planning.ts"
import { Author, addLeaf, type Intent, onlyLog, type SignedRequest } from "./Requests.ts"
import { hasher, network, signerOf } from "./TestServices.ts"

const both = [signer.peer, stranger.peer].sort()
const all = [...both, signerOf(3).peer].sort()

/** Collections by the member sets that keep them; any other is at this node alone. */
const HOMES: Readonly<Record<string, ReadonlyArray<PeerId>>> = {
  films: both,
  games: all,
  songs: both,
  texts: [stranger.peer]
}

const author = new Author({
  firstStamp: 1_000,
  hasher,
  membersOf: (name) => HOMES[name] ?? [signer.peer],
  network,
  signer
})

/** A transaction on collections of several member sets, as this node is sent it. */
const spread = ({ planning }: Library, intent: Intent): SignedRequest =>
  asSent(author.transaction(planning.world, intent))

const respread = (
  { planning }: Library,
  signed: SignedRequest,
  change: (shards: Array<Mutable<Shard>>) => void
): SignedRequest => planning.spoil(signed, ({ shards }) => change(shards))

const WRITES: Intent = { writes: { books: onlyLog, films: onlyLog, games: onlyLog, texts: addLeaf(["t"]) } }
const READS: Intent = { reads: ["books", "films", "games", "texts"] }

describe("a manifest may", () => {
  it.each<readonly [string, Intent]>([
    ["write in several shards", WRITES],
    ["read in several shards", READS],
    ["do both", { reads: ["cars", "songs"], writes: WRITES.writes! }]
  ])("%s", (_what, intent) => {
    const at = library()
    const signed = spread(at, intent)
    expect(signed.request.signed.manifest.shards.length).toBe(4)
    expect(check(at, signed)._tag).toBe("Approval")
  })
})

const REFUSALS: ReadonlyArray<Refusal> = [
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
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }) => {
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
    "a shard that names no block",
    (at) => respread(at, at.transaction({ books: onlyLog }), (shards) => void shards.push(emptyShard(stranger.peer))),
    /names no block/
  ],
  [
    "a manifest that names no block at all",
    (at) => respread(at, at.transaction({}, ["cars"]), (shards) => void shards.splice(0, 1, emptyShard(signer.peer))),
    /names no block/
  ],
  [
    "two shards of the same members",
    (at) =>
      respread(at, at.transaction({ books: onlyLog }, ["cars"]), (shards) => {
        const [shard] = shards
        shards.push({ ...shard!, writes: {} })
        shard!.reads = {}
      }),
    /two shards have the same members/
  ],
  [
    "another shard before the one with the lowest collection's tail",
    (at) => respread(at, spread(at, WRITES), (shards) => void shards.reverse()),
    /primary shard is not the first/
  ],
  [
    "another shard before the one with the lowest read, where nothing is written",
    (at) => respread(at, spread(at, READS), (shards) => void shards.reverse()),
    /primary shard is not the first/
  ],
  [
    "further shards out of the order of their members",
    (at) => respread(at, spread(at, WRITES), (shards) => void shards.splice(1, 3, ...shards.slice(1).reverse())),
    /shards are out of order/
  ],
  [
    "a transform of a block that the transaction does not write",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), (_manifest, payload) => {
        payload[leaf.books] = { operations: [["entries", 0, 1, ["smuggled"]]] }
      }),
    /transforms of blocks not written here/
  ],
  [
    "a transform of a block that is in another member's shard",
    (at) => author.transaction(at.planning.world, WRITES),
    /transforms of blocks not written here/
  ]
]

const emptyShard = (peer: PeerId): Mutable<Shard> => ({ members: [peer], reads: {}, writes: {} })

describe("a manifest may not have", () => {
  itRefuses(REFUSALS)
})

/** What every object has, or seems to have. */
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty"]

/** A record with a key that assignment would take for something else. */
const withKey = <R extends object>(record: R, key: string, value: unknown): R =>
  Object.fromEntries([...Object.entries(record), [key, value]]) as R

/** The ways in which a request may come to speak of a block or collection of such a name. */
const PLACES: Readonly<Record<string, (name: string, manifest: Mutable<Manifest>) => void>> = {
  "an open tail": (name, { collections }) => {
    collections[0]!.tail = name as BlockId
  },
  "a collection": (name, { collections, shards }) => {
    for (const write of Object.values(shards[0].writes)) {
      write.collection = name as CollectionId
      write.index ??= 9
    }
    collections[0]!.id = name as CollectionId
  },
  "a read block": (name, { shards }) => {
    shards[0].reads = withKey(shards[0].reads, name, "none")
  },
  "a written block": (name, { shards }) => {
    const [write] = Object.values(shards[0].writes)
    shards[0].writes = withKey(shards[0].writes, name, { ...write!, base: "none", index: 0 })
  }
}

const REASONS: Readonly<Record<keyof typeof PLACES, RegExp>> = {
  "a collection": /is no collection id/,
  "a read block": /is read as absent, but is no header/,
  "a written block": /its transform is missing/,
  "an open tail": /the open tail is not written/
}

describe("what every object inherits is no", () => {
  it.each(Object.keys(PLACES).flatMap((place) => INHERITED.map((name) => [place, name] as const)))(
    "%s: %s",
    (place, name) => {
      const at = library()
      const created = at.transaction({ films: addLeaf(["f"]) })
      const signed = at.planning.spoil(created, (manifest) => PLACES[place]!(name, manifest))
      expectRefused(at, signed, REASONS[place]!)
    }
  )

  it.each(INHERITED)("transform: %s", (name) => {
    const at = library()
    const { actionId, request } = at.transaction({ books: onlyLog })
    const payload = withKey(request.payload, name, { operations: [] })
    expectRefused(at, { actionId, request: { ...request, payload } }, /transforms of blocks not written here/)
  })
})
