import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Block } from "../../schemas/Block.ts"
import { CorruptBlock, CorruptRecord, RevisionPruned, type StorageError } from "../../schemas/Errors.ts"
import type { ActionId, BlockId, CollectionId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { EntrySummary, StoredBlock } from "../../schemas/Repo.ts"
import type { CertifiedRevision, Revision } from "../../schemas/Revision.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { RawStorageService, StorageKey } from "../../services/RawStorage.ts"
import type { RestorerService } from "../../services/Restorer.ts"
import type { ReadError, RevisionRange } from "../../services/StorageRepo.ts"
import { applyTransform, TransformMismatch } from "../block/apply.ts"
import { BoundedCache } from "../block/BoundedCache.ts"
import { hashText, hashValue } from "../encoding/BlockIds.ts"
import { NotCanonical, rememberText, textLength } from "../encoding/CanonicalJson.ts"
import type { BlockState, TransactionRecord } from "./BlockState.ts"
import { type EndedRecord, type EntryRecord, type HeadRecord, keys, latestRev } from "./records.ts"

/** Who keeps a block, and its latest revision. */
export interface BlockStanding {
  readonly members: ReadonlyArray<PeerId>
  readonly rev: Rev
}

/** A part of the blocks of a store. */
export interface BlockPage {
  readonly after?: BlockId
  readonly limit: number
}

/** Reads blocks and transactions back from the records of a store: any revision of a block, whole. */
export interface BlockStorage {
  /** A block at its latest revision; undefined for an id never used. */
  readonly state: (id: BlockId) => Effect.Effect<BlockState | undefined, ReadError>
  /** Who keeps a block, and its latest revision, without its content; undefined for one that is only pended yet. */
  readonly standing: (id: BlockId) => Effect.Effect<BlockStanding | undefined, ReadError>
  /** The blocks of the store, in the order of their ids, after `after`, at most `limit`. Some may be only pended yet. */
  readonly blocks: (page: BlockPage) => Effect.Effect<ReadonlyArray<BlockId>, StorageError>
  /** A block at the newest revision not above `at`; undefined where it did not exist yet. */
  readonly at: (id: BlockId, at: Rev) => Effect.Effect<StoredBlock | undefined, ReadError>
  readonly revisions: (id: BlockId, range: RevisionRange) => Effect.Effect<ReadonlyArray<Revision>, StorageError>
  /** The manifest of a transaction that a revision refers to. */
  readonly expectManifest: (action: ActionId) => Effect.Effect<SignedManifest, StorageError>
  /** The proof of a transaction that a revision refers to. */
  readonly expectProof: (action: ActionId) => Effect.Effect<Proof, StorageError>
  /** What a revision changed; undefined where that is no longer kept. */
  readonly change: (id: BlockId, revision: Revision) => Effect.Effect<Transform | undefined, StorageError>
  /** What is known of a transaction, with the payload where it is pending. */
  readonly transaction: (action: ActionId) => Effect.Effect<TransactionRecord | undefined, StorageError>
  /** What this node's part of the cluster index says of who created a collection. */
  readonly entry: (collection: BlockId) => Effect.Effect<CertifiedRevision | undefined, StorageError>
  /** The same of all collections, in the order of their ids, but without what proves it. */
  readonly entries: (page: BlockPage) => Effect.Effect<ReadonlyArray<EntrySummary>, StorageError>
}

/** A block that was put together, or the first record that it takes and that is not kept. */
type Assembled = { readonly block: Block } | { readonly absent: StorageKey }

/** What a revision holds, and its length as JSON text. */
type Content = Pick<BlockState, "block" | "blockLength">

const TOMBSTONE: Content = { block: undefined, blockLength: 0 }

/** A block of which it is known that this is its text. Parsed when it is first looked at. */
const unparsed = (key: StorageKey, text: string): Content => {
  let block: Block | undefined
  let rest: string | undefined = text
  return {
    get block() {
      if (rest !== undefined) {
        block = parsed<Block>(key, rest)
        rememberText(block, rest)
        rest = undefined
      }
      return block
    },
    blockLength: text.length
  }
}

const contentOf = (block: Block): Content => ({ block, blockLength: textLength(block) })

const missing = (key: StorageKey, referrer: string) =>
  new CorruptRecord({ key: key.join("/"), reason: `absent, but ${referrer} refers to it` })

/** What a record holds. Throws a {@link CorruptRecord}. */
const parsed = <A>(key: StorageKey, text: string): A => {
  try {
    return JSON.parse(text) as A
  } catch {
    throw new CorruptRecord({ key: key.join("/"), reason: "not JSON" })
  }
}

/** What a record holds that must be there. Throws a {@link CorruptRecord}. */
const expected = <A>(key: StorageKey, text: string | undefined, referrer: string): A => {
  if (text === undefined) throw missing(key, referrer)
  return parsed(key, text)
}

/** Computes something from records at once; what is wrong with them becomes the error. */
const attempt = <A>(compute: () => A): Effect.Effect<A, CorruptRecord | CorruptBlock> => {
  try {
    return Effect.succeed(compute())
  } catch (thrown) {
    if (thrown instanceof CorruptRecord || thrown instanceof CorruptBlock) return Effect.fail(thrown)
    throw thrown
  }
}

/** What a record holds. */
export const parse = <A>(key: StorageKey, text: string): Effect.Effect<A, CorruptRecord> =>
  attempt(() => parsed<A>(key, text)) as Effect.Effect<A, CorruptRecord>

/** Whether a record is operations, as far as applying them goes; what they insert shows in the hash of what comes of it. */
const isChange = (transform: Transform): boolean =>
  typeof transform === "object" &&
  transform !== null &&
  "operations" in transform &&
  Array.isArray(transform.operations) &&
  transform.operations.every(
    (operation: unknown) =>
      Array.isArray(operation) &&
      typeof operation[0] === "string" &&
      Number.isSafeInteger(operation[1]) &&
      Number.isSafeInteger(operation[2])
  )

/** The records that a block takes: a whole copy, and the changes since. */
const contentKeys = (id: BlockId, whole: Rev, since: ReadonlyArray<Rev>): ReadonlyArray<StorageKey> => [
  keys.whole(id, whole),
  ...since.map((rev) => keys.change(id, rev))
]

/** Puts a block together from the texts of its {@link contentKeys}. Throws a {@link CorruptRecord} or a {@link CorruptBlock}. */
const assemble = (
  id: BlockId,
  [wholeKey, ...changeKeys]: ReadonlyArray<StorageKey>,
  [text, ...changes]: ReadonlyArray<string | undefined>
): Assembled => {
  if (text === undefined) return { absent: wholeKey! }
  let block = parsed<Block>(wholeKey!, text)
  for (const [i, key] of changeKeys.entries()) {
    const change = changes[i]
    if (change === undefined) return { absent: key }
    const transform = parsed<Transform>(key, change)
    if (!isChange(transform)) throw new CorruptRecord({ key: key.join("/"), reason: "not the change of a block" })
    try {
      block = applyTransform(block, transform)!
    } catch (thrown) {
      if (!(thrown instanceof TransformMismatch)) throw thrown
      throw new CorruptBlock({ block: id, reason: `revision ${key[3]}: ${thrown.message}` })
    }
  }
  return { block }
}

/** Block storage over a store. What a revision says about its content is checked against the content. */
export const make = (raw: RawStorageService, hasher: HasherService, restorer: RestorerService): BlockStorage => {
  const read = <A>(key: StorageKey): Effect.Effect<A | undefined, StorageError> =>
    Effect.flatMap(raw.get(key), (text) => (text === undefined ? Effect.succeed(undefined) : parse<A>(key, text)))

  const expect = <A>(key: StorageKey, referrer: string): Effect.Effect<A, StorageError> =>
    Effect.flatMap(read<A>(key), (value) =>
      value === undefined ? Effect.fail(missing(key, referrer)) : Effect.succeed(value)
    )

  /** The content of a revision from elsewhere, unchecked. `absent` is the record that should be here, unless it was dropped. */
  const restore = Effect.fnUntraced(function* (id: BlockId, revision: Revision, absent: StorageKey) {
    const elsewhere = yield* restorer.restore(id, revision)
    if (Option.isSome(elsewhere)) return elsewhere.value
    const head = yield* read<HeadRecord>(keys.head(id))
    return yield* head?.keptFrom !== undefined && revision.rev < head.keptFrom
      ? new RevisionPruned({ block: id, rev: revision.rev })
      : missing(absent, `revision ${revision.rev}`)
  })

  const hasHash = (block: Block, expected: Revision["after"]): boolean => {
    try {
      return hashValue(hasher, block) === expected
    } catch (thrown) {
      if (thrown instanceof NotCanonical) return false
      throw thrown
    }
  }

  const differs = (id: BlockId, { rev }: Revision) =>
    new CorruptBlock({ block: id, reason: `the content of revision ${rev} has another hash` })

  const restored = Effect.fnUntraced(function* (id: BlockId, revision: Revision, absent: StorageKey) {
    const block = yield* restore(id, revision, absent)
    return hasHash(block, revision.after) ? block : yield* differs(id, revision)
  })

  /** The content of a revision, from the texts of its `asked` records or restored from elsewhere, checked. */
  const content = (
    id: BlockId,
    revision: Revision,
    asked: ReadonlyArray<StorageKey>,
    texts: ReadonlyArray<string | undefined>
  ): Effect.Effect<Content, ReadError> => {
    if (revision.after === "deleted") return Effect.succeed(TOMBSTONE)
    const [first] = texts
    // A text with the hash of the canonical one is that.
    if (asked.length === 1 && first !== undefined && hashText(hasher, first) === revision.after) {
      return Effect.succeed(unparsed(asked[0]!, first))
    }
    return Effect.flatMap(
      attempt(() => assemble(id, asked, texts)),
      (assembled): Effect.Effect<Content, ReadError> => {
        if ("absent" in assembled) return Effect.map(restored(id, revision, assembled.absent), contentOf)
        const { block } = assembled
        return hasHash(block, revision.after) ? Effect.succeed(contentOf(block)) : Effect.fail(differs(id, revision))
      }
    )
  }

  /** Read with each block, and the same for most. */
  const memberLists = new BoundedCache<string, ReadonlyArray<PeerId>>(MAX_MEMBER_LISTS, () => 1)

  const membersIn = (id: BlockId, text: string | undefined): ReadonlyArray<PeerId> => {
    const known = text === undefined ? undefined : memberLists.get(text)
    if (known !== undefined) return known
    const members = expected<ReadonlyArray<PeerId>>(keys.members(id), text, "its block")
    memberLists.set(text!, members)
    return members
  }

  const state = (id: BlockId): Effect.Effect<BlockState | undefined, ReadError> =>
    Effect.flatMap(read<HeadRecord>(keys.head(id)), (head): Effect.Effect<BlockState | undefined, ReadError> => {
      if (head === undefined) return Effect.succeed(undefined)
      const latestKey = keys.revision(id, latestRev(head))
      const asked = contentKeys(id, head.whole, head.since)
      return Effect.flatMap(raw.getMany([keys.members(id), latestKey, ...asked]), ([first, second, ...texts]) =>
        Effect.flatMap(
          attempt(() => [membersIn(id, first), expected<Revision>(latestKey, second, "its block")] as const),
          ([members, latest]) =>
            Effect.map(content(id, latest, asked, texts), (content): BlockState => {
              // The head was parsed for this: it need not be copied.
              const state = Object.assign(head, {
                block: undefined,
                blockLength: content.blockLength,
                id,
                latest,
                members
              })
              return Object.defineProperty(state, "block", { enumerable: true, get: () => content.block })
            })
        )
      )
    })

  const standing = (id: BlockId): Effect.Effect<BlockStanding | undefined, ReadError> =>
    Effect.flatMap(raw.getMany([keys.head(id), keys.members(id)]), ([head, members]) =>
      attempt(() =>
        head === undefined
          ? undefined
          : { members: membersIn(id, members), rev: latestRev(expected<HeadRecord>(keys.head(id), head, "its block")) }
      )
    )

  const at = Effect.fnUntraced(function* (id: BlockId, at: Rev) {
    const names = { block: id, limit: 1, reverse: true, space: "block", to: at } as const
    const [found] = yield* raw.range({ ...names, kind: "rev" })
    if (found === undefined) return undefined
    const revision = yield* parse<Revision>(found.key, found.value)
    const { after, rev } = revision
    if (after === "deleted") return { after, block: undefined, rev }
    const [whole] = yield* raw.range({ ...names, kind: "whole", to: rev })
    const wholeRev = whole === undefined ? undefined : (whole.key[3] as Rev)
    if (wholeRev === undefined) return { after, block: yield* restored(id, revision, keys.whole(id, rev)), rev }
    const asked = contentKeys(id, wholeRev, yield* changedRevs(id, wholeRev, rev))
    const { block } = yield* content(id, revision, asked, yield* raw.getMany(asked))
    return { after, block, rev }
  })

  /** The revisions above `whole`, up to `rev`: by their index, so that a missing change is noticed. */
  const changedRevs = Effect.fnUntraced(function* (id: BlockId, whole: Rev, rev: Rev) {
    if (whole === rev) return []
    const index = yield* raw.range({
      block: id,
      from: whole + 1,
      kind: "rev",
      limit: MAX_CHANGES,
      space: "block",
      to: rev
    })
    return index.map(({ key }) => key[3] as Rev)
  })

  const transaction = (action: ActionId): Effect.Effect<TransactionRecord | undefined, StorageError> => {
    const asked = [keys.proof(action), keys.ended(action), keys.manifest(action)] as const
    return Effect.flatMap(raw.getMany(asked), ([proof, ended, manifest]): ReturnType<BlockStorage["transaction"]> => {
      if (proof !== undefined) {
        return Effect.map(parse<Proof>(asked[0], proof), (proof) => ({ _tag: "Committed", proof }) as const)
      }
      if (ended !== undefined) {
        return Effect.map(parse<EndedRecord>(asked[1], ended), ({ shown }) =>
          shown === undefined ? ({ _tag: "Aborted" } as const) : ({ _tag: "Aborted", shown } as const)
        )
      }
      return manifest === undefined
        ? Effect.succeed(undefined)
        : Effect.flatMap(parse<SignedManifest>(asked[2], manifest), (signed) => pendingOf(action, signed))
    })
  }

  const pendingOf = Effect.fnUntraced(function* (action: ActionId, signed: SignedManifest) {
    const payload: { [id: BlockId]: Transform } = {}
    for (const shard of signed.manifest.shards) {
      for (const id of Object.keys(shard.writes) as Array<BlockId>) {
        const transform = yield* read<Transform>(keys.pending(id, action))
        if (transform !== undefined) payload[id] = transform
      }
    }
    return { _tag: "Pending", payload, signed } as const
  })

  const entry = Effect.fnUntraced(function* (collection: BlockId) {
    const record = yield* read<EntryRecord>(keys.entry(collection))
    if (record === undefined) return undefined
    const { certified, creator } = record
    if (certified !== undefined) return { block: collection, proof: certified.proof, signed: certified.signed }
    const proof = yield* expect<Proof>(keys.proof(creator), "the cluster index")
    return {
      block: collection,
      proof,
      signed: yield* expect<SignedManifest>(keys.manifest(creator), "the cluster index")
    }
  })

  const entries = Effect.fnUntraced(function* ({ after, limit }: BlockPage) {
    const ids = yield* raw.blocks("cluster-index", { limit, ...(after !== undefined && { after }) })
    const collections = ids as ReadonlyArray<string> as ReadonlyArray<CollectionId>
    const texts = yield* raw.getMany(collections.map(keys.entry))
    return yield* Effect.forEach(collections, (collection, i) =>
      Effect.map(
        attempt(() => expected<EntryRecord>(keys.entry(collection), texts[i], "the cluster index")),
        ({ creator }): EntrySummary => ({ collection, creator })
      )
    ) as Effect.Effect<ReadonlyArray<EntrySummary>, StorageError>
  })

  return {
    at,
    blocks: ({ after, limit }) =>
      Effect.map(
        raw.blocks("block", { limit, ...(after !== undefined && { after }) }),
        (ids) => ids as ReadonlyArray<BlockId>
      ),
    change: (id, { after, base, rev }) => {
      if (after === "deleted") return Effect.succeed({ delete: true })
      if (base !== "none") return read<Transform>(keys.change(id, rev))
      return Effect.map(read<Block>(keys.whole(id, rev)), (insert) => insert && { insert })
    },
    entries,
    entry,
    expectManifest: (action) => expect<SignedManifest>(keys.manifest(action), "a revision"),
    expectProof: (action) => expect<Proof>(keys.proof(action), "a revision"),
    revisions: Effect.fnUntraced(function* (id: BlockId, { from, limit }: RevisionRange) {
      const records = yield* raw.range({ block: id, from, kind: "rev", limit, space: "block" })
      return yield* Effect.forEach(records, ({ key, value }) => parse<Revision>(key, value))
    }),
    standing,
    state,
    transaction
  }
}

/** Member lists that are kept to be shared. */
const MAX_MEMBER_LISTS = 1_024
/** More changes in a row than any revision policy stores. */
const MAX_CHANGES = 4_096
/** Nothing is held elsewhere. */
export const noRestorer: RestorerService = { restore: () => Effect.succeed(Option.none()) }
