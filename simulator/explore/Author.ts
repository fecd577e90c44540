/** Transactions as clients make them: real manifests with real payloads, of which all checks of a member approve. */
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { FORMAT_VERSION } from "../../schemas/Collection.ts"
import type { ActionId, BlockId, CollectionId, Hash, PeerId, Rev } from "../../schemas/Ids.ts"
import type { NetworkName, Payload, SignedManifest, Stamp } from "../../schemas/Manifest.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { SignerService } from "../../services/Signer.ts"
import { Tracker } from "../../src/block/Tracker.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { actionId, blockId, collectionId, hashText, hashValue, stampId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import * as Log from "../../src/log/Log.ts"
import { type BlockWrite, buildManifest, type WrittenCollection } from "../../src/transaction/buildManifest.ts"

/** The blocks that exist, at their latest revisions. */
export type World = ReadonlyMap<BlockId, StoredBlock>

/** A signed transaction, and the world once it is committed. */
export interface Signed {
  readonly action: ActionId
  readonly payload: Payload
  readonly signed: SignedManifest
  readonly world: World
}

/** Who makes transactions, and which members keep a collection. */
export interface Authorship {
  readonly hasher: HasherService
  readonly membersOf: (collection: string) => ReadonlyArray<PeerId>
  readonly network: NetworkName
  readonly signer: SignerService
}

const NONCE_BYTES = 16
/** Collections of a scene exist from revision 1 on. */
const CREATED = 1

/** Makes the `count`th transaction: an entry in the log of each collection that it writes, which it creates where it is absent. */
export const author = (
  { hasher, membersOf, network, signer }: Authorship,
  count: number,
  world: World,
  writes: ReadonlyArray<string>,
  reads: ReadonlyArray<string>
): Signed => {
  const stamp = stampOf(count)
  const hash = (text: string) => hashText(hasher, text)
  const collections = writes
    .map((name) => collectionId(hasher, name))
    .map((id) => ({ id, rev: (world.has(id) ? CREATED + 1 : CREATED) as Rev }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const write = (name: string): WrittenCollection => {
    const id = collectionId(hasher, name)
    const members = membersOf(name)
    const { rev } = collections.find((collection) => collection.id === id)!
    const indexes = new Map<BlockId, number>()
    const store = new Tracker({ get: (block) => world.get(block)?.block }, (type, index) => {
      const allocated = blockId(hasher, { author: signer.publicKey, collection: id, members, stamp }, index)
      indexes.set(allocated, index)
      return { collectionId: id, id: allocated, type }
    })
    if (rev === CREATED) createCollection(store, id, name, members)
    const { tail } = (store.get(id) as unknown as CollectionBlock).log
    Log.append(store, hash, tail, {
      actions: [],
      blocks: rev === CREATED ? [id] : [],
      collections,
      rev,
      stampId: stampId(hasher, signer.publicKey, stamp),
      time: stamp.time
    })
    const blocks = [...store.changes].map(([block, { block: content, transform }]): BlockWrite => {
      const base = world.get(block)
      return {
        base: base === undefined ? "none" : { hash: base.after as Hash, rev: base.rev },
        change: hashValue(hasher, transform),
        id: block,
        index: indexes.get(block),
        result: { after: hashValue(hasher, content!), block: content, rev },
        transform
      }
    })
    return { baseRev: rev - 1, blocks, id, members, tail }
  }
  const read = (name: string) => {
    const id = collectionId(hasher, name)
    const { tail } = (world.get(id)!.block as unknown as CollectionBlock).log
    const { after, rev } = world.get(tail)!
    return { base: { hash: after as Hash, rev }, block: tail, id, members: membersOf(name) }
  }
  const written = writes.map(write)
  const manifest = buildManifest({ author: signer.publicKey, network, stamp }, written, reads.map(read))
  const action = actionId(hasher, manifest)
  const blocks = written.flatMap((collection) => collection.blocks)
  return {
    action,
    payload: Object.fromEntries(blocks.map(({ id, transform }) => [id, transform])),
    signed: { manifest, signatures: [signClaim(signer, network, { action, kind: "author" })] },
    world: new Map([...world, ...blocks.map(({ id, result }) => [id, result] as const)])
  }
}

const stampOf = (count: number): Stamp => {
  const nonce = new Uint8Array(NONCE_BYTES)
  new DataView(nonce.buffer).setUint32(0, count)
  return { nonce: Base32.encode(nonce), time: count }
}

const createCollection = (store: Tracker, id: CollectionId, name: string, members: ReadonlyArray<PeerId>): void =>
  store.insert({
    epoch: 0,
    format: FORMAT_VERSION,
    header: { collectionId: id, id, type: "collection" },
    kind: "explored",
    log: { ...Log.createLog(store) },
    members,
    name,
    placement: "together"
  })
