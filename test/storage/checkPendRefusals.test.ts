import { describe } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId, Hash, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Base } from "../../schemas/Manifest.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import { change, itRefuses, type Library, type Refusal, rollOver, stranger } from "./Library.ts"
import { type Planning, signer } from "./Planning.ts"
import { addLeaf, onlyLog } from "./Requests.ts"
import { hasher } from "./TestServices.ts"

/** Good requests, spoilt in one way each: why they are refused. */
const REFUSALS: ReadonlyArray<Refusal> = [
  [
    "a manifest without a shard of this member",
    ({ planning, transaction }) =>
      planning.spoil(transaction({ books: onlyLog }), ({ shards }) => {
        shards[0].members = [stranger.peer]
      }),
    /no shard names this node/
  ],
  [
    "a base that is newer than what is here",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }) => {
        ;(shards[0].writes[leaf.books]!.base as { rev: number }).rev = 2
      }),
    /base that is not known here/
  ],
  [
    "a base of a block that is not here at all",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }, payload) => {
        const id = `${leaf.books.slice(0, -2)}aa` as BlockId
        rename(shards[0].writes, leaf.books, id)
        rename(payload, leaf.books, id)
      }),
    /base that is not known here/
  ],
  [
    "a base of the right revision with another hash",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }) => {
        ;(shards[0].writes[leaf.books]!.base as { hash: Hash }).hash = hashValue(hasher, {})
      }),
    /differs from the certified revision/
  ],
  [
    "a tombstone as a base",
    ({ leaf, planning, transaction }) => {
      const late = transaction({ books: change(leaf.books) })
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
      planning.spoil(transaction({ books: change(leaf.books) }), (_manifest, payload) => {
        delete payload[leaf.books]
      }),
    /its transform is missing/
  ],
  [
    "another transform than the one that was signed for",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), (_manifest, payload) => {
        payload[leaf.books] = { operations: [["entries", 0, 1, ["other"]]] }
      }),
    /the transform is not the one signed for/
  ],
  [
    "another result than the one that was signed for",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }) => {
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
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }) => {
        shards[0].writes[leaf.books]!.after = "deleted"
      }),
    /the result is not the one signed for/
  ],
  [
    "an insert over a block that exists",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }, payload) => {
        payload[leaf.books] = { insert: planning.view.block(leaf.books)!.block! }
        shards[0].writes[leaf.books]!.change = hashValue(hasher, payload[leaf.books]!)
      }),
    /insert over a block that exists/
  ],
  [
    "operations that do not fit the block",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), ({ shards }, payload) => {
        payload[leaf.books] = { operations: [["entries", 7, 1, []]] }
        shards[0].writes[leaf.books]!.change = hashValue(hasher, payload[leaf.books]!)
      }),
    /entries ends before 8/
  ],
  [
    "text that has no canonical form",
    ({ leaf, planning, transaction }) =>
      planning.spoil(transaction({ books: change(leaf.books) }), (_manifest, payload) => {
        payload[leaf.books] = { operations: [["entries", 0, 1, ["\ud800"]]] }
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
      planning.spoil(transaction({ books: onlyLog, cars: change(leaf.cars) }), ({ shards }) => {
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
  ]
]

const rename = (record: Record<BlockId, unknown>, from: BlockId, to: BlockId) => {
  record[to] = record[from]
  delete record[from]
}

const baseIn = ({ view }: Planning, id: BlockId): Exclude<Base, "none"> => {
  const { after, rev } = view.block(id)!.latest
  return { hash: after as Hash, rev }
}

const spoilNewLeaf = ({ leaf, planning, transaction }: Library, spoil: (block: Block, other: BlockId) => Block) => {
  let id = "" as BlockId
  const prepared = transaction({
    books: addLeaf(["x"], (added) => {
      id = added
    })
  })
  return planning.rewrite(prepared, id, { insert: spoil(prepared.world.get(id)!.block!, leaf.books) })
}

describe("checkPend refuses", () => {
  itRefuses(REFUSALS)
})
