/**
 * Signed requests made by hand: what a client sends, without a client. A {@link World} is a value, so that several
 * transactions may start from one and compete.
 */
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import { type Action, type Authority, FORMAT_VERSION } from "../../schemas/Collection.ts"
import type { ActionId, BlockId, CollectionId, Hash, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Manifest, NetworkName, Stamp, Payload as Transforms } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { PendRequest, StoredBlock } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { SignerService } from "../../services/Signer.ts"
import { Tracker } from "../../src/block/Tracker.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { actionId, blockId, collectionId, hashText, hashValue, stampId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import * as Log from "../../src/log/Log.ts"
import { isFull, lastRev } from "../../src/log/LogBlock.ts"
import * as Payload from "../../src/log/Payload.ts"
import {
  type BlockWrite,
  buildManifest,
  type ReadCollection,
  type WrittenCollection
} from "../../src/transaction/buildManifest.ts"

/** The blocks that exist, at their latest revisions. */
export type World = ReadonlyMap<BlockId, StoredBlock>

export const emptyWorld: World = new Map()

/** What a transaction does to a collection, beside the entry in its log. */
export type Edit = (store: Tracker, collection: CollectionId) => void

/** A transaction by the names of its collections; one that the world does not have is created. */
export interface Intent {
  readonly writes?: Readonly<Record<string, Edit>>
  readonly reads?: ReadonlyArray<string>
  /** Who alone may write the collections that are created. */
  readonly authority?: Authority
  /** What the logs are to keep, beside the blocks. */
  readonly actions?: Readonly<Record<string, ReadonlyArray<Action>>>
}

/** A signed request, and its id. */
export interface SignedRequest {
  readonly actionId: ActionId
  readonly request: PendRequest
}

/** A transaction that is ready to be sent, and the world once it is committed. */
export interface Prepared extends SignedRequest {
  readonly world: World
}

/** Who makes the requests, and where the collections live. */
export interface AuthorOptions {
  readonly hasher: HasherService
  readonly network: NetworkName
  readonly signer: SignerService
  /** The members of a collection. Default: the author alone. */
  readonly membersOf?: (name: string) => ReadonlyArray<PeerId>
  /** Tells the stamps of one author from those of another with the same key. */
  readonly firstStamp?: number
}

const NONCE_BYTES = 16

const stampOf = (count: number): Stamp => {
  const nonce = new Uint8Array(NONCE_BYTES)
  new DataView(nonce.buffer).setUint32(0, count)
  return { nonce: Base32.encode(nonce), time: count }
}

/** Makes signed requests. */
export class Author {
  readonly #options: AuthorOptions
  #stamps: number

  constructor(options: AuthorOptions) {
    this.#options = options
    this.#stamps = options.firstStamp ?? 1
  }

  /** The id of a collection. */
  collection(name: string): CollectionId {
    return collectionId(this.#options.hasher, name)
  }

  /** The open tail of a collection. */
  tail(world: World, name: string): BlockId {
    return headerIn(world, this.collection(name))!.log.tail
  }

  /** The request for a manifest and its payload, signed. */
  sign(manifest: Manifest, payload: Transforms): SignedRequest {
    const { hasher, network, signer } = this.#options
    const action = actionId(hasher, manifest)
    const signatures = [signClaim(signer, network, { action, kind: "author" })] as const
    return { actionId: action, request: { payload, signed: { manifest, signatures } } }
  }

  /** The proof of a cluster that is the author alone. */
  proof(action: ActionId): Proof {
    const { network, signer } = this.#options
    const signatures = [signClaim(signer, network, { action, kind: "approve" })] as const
    return { decision: { ballot: null, kind: "approve", shard: 0, signatures, value: null } }
  }

  /** A transaction that starts from a world. */
  transaction(world: World, { actions = {}, authority, reads = [], writes = {} }: Intent): Prepared {
    const { network, signer } = this.#options
    const stamp = stampOf(this.#stamps++)
    const names = Object.keys(writes)
    const collections = names
      .map((name) => ({ id: this.collection(name), rev: (revIn(world, this.collection(name)) + 1) as Rev }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const written = names.map((name) =>
      this.#write(world, name, writes[name]!, stamp, collections, actions[name] ?? [], authority)
    )
    const manifest = buildManifest(
      { author: signer.publicKey, network, stamp },
      written,
      reads.map((name) => this.#read(world, name))
    )
    const blocks = written.flatMap(({ blocks }) => blocks)
    const payload: Record<string, Transform> = Object.fromEntries(blocks.map(({ id, transform }) => [id, transform]))
    const after = new Map([...world, ...blocks.map(({ id, result }) => [id, result] as const)])
    return { ...this.sign(manifest, payload), world: after }
  }

  #members(name: string): ReadonlyArray<PeerId> {
    return this.#options.membersOf?.(name) ?? [this.#options.signer.peer]
  }

  #read(world: World, name: string): ReadCollection {
    const id = this.collection(name)
    const members = this.#members(name)
    const header = headerIn(world, id)
    if (header === undefined) return { base: "none", block: id, id, members }
    const { after, rev } = world.get(header.log.tail)!
    return { base: { hash: after as Hash, rev }, block: header.log.tail, id, members }
  }

  #write(
    world: World,
    name: string,
    edit: Edit,
    stamp: Stamp,
    collections: ReadonlyArray<{ id: CollectionId; rev: Rev }>,
    actions: ReadonlyArray<Action>,
    authority: Authority | undefined
  ): WrittenCollection {
    const { hasher, signer } = this.#options
    const id = this.collection(name)
    const members = this.#members(name)
    const indexes = new Map<BlockId, number>()
    const store = new Tracker({ get: (block) => world.get(block)?.block }, (type, index) => {
      const allocated = blockId(hasher, { author: signer.publicKey, collection: id, members, stamp }, index)
      indexes.set(allocated, index)
      return { collectionId: id, id: allocated, type }
    })
    if (!world.has(id)) createCollection(store, id, name, members, authority)
    const baseRev = revIn(world, id)
    edit(store, id)
    const { log } = store.get(id) as unknown as CollectionBlock
    const hash = (text: string) => hashText(hasher, text)
    const placed = Payload.place(store, hash, actions)
    const blocks = new Set<BlockId>(store.changes.keys())
    blocks.delete(log.tail)
    if (isFull(store.get(log.tail) as unknown as LogBlock)) blocks.add(log.tail).add(id)
    const { rolledOver, tail } = Log.append(store, hash, log.tail, {
      ...placed,
      blocks: [...blocks].sort(),
      collections,
      rev: (baseRev + 1) as Rev,
      stampId: stampId(hasher, signer.publicKey, stamp),
      time: stamp.time
    })
    if (rolledOver) store.update(id, ["log", 0, 0, { head: log.head, tail }])
    const writes = [...store.changes].map(([block, { block: content, transform }]): BlockWrite => {
      const base = world.get(block)
      const after = content === undefined ? "deleted" : hashValue(hasher, content)
      return {
        base: base === undefined ? "none" : { hash: base.after as Hash, rev: base.rev },
        change: hashValue(hasher, transform),
        id: block,
        index: base === undefined ? indexes.get(block) : undefined,
        result: { after, block: content, rev: (baseRev + 1) as Rev },
        transform
      }
    })
    return { baseRev, blocks: writes, id, members, tail: log.tail }
  }
}

const headerIn = (world: World, id: CollectionId) => world.get(id)?.block as unknown as CollectionBlock | undefined

const revIn = (world: World, id: CollectionId): number => {
  const header = headerIn(world, id)
  return header === undefined ? 0 : lastRev(world.get(header.log.tail)!.block as unknown as LogBlock)
}

const createCollection = (
  store: Tracker,
  id: CollectionId,
  name: string,
  members: ReadonlyArray<PeerId>,
  authority: Authority | undefined
): void =>
  store.insert({
    ...(authority !== undefined && { authority: { ...authority } }),
    epoch: 0,
    format: FORMAT_VERSION,
    header: { collectionId: id, id, type: "collection" },
    kind: "test",
    log: { ...Log.createLog(store) },
    members,
    name,
    placement: "together"
  })

/** An edit that adds a leaf with these entries, and tells its id. */
export const addLeaf =
  (entries: ReadonlyArray<string>, tellId: (id: BlockId) => void = () => {}): Edit =>
  (store) => {
    const header = store.allocate("leaf")
    store.insert({ entries, header, keys: entries })
    tellId(header.id)
  }

/** An edit that changes nothing but the log. */
export const onlyLog: Edit = () => {}
