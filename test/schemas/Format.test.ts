/**
 * Golden bytes of format version 1: everything here is fixed, so every text and hash that comes of it is. What differs
 * could not be read, or verified, by a node of today. To write them anew: test/fixtures/README.md.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Block } from "../../schemas/Block.ts"
import { BlockTypes, type CollectionBlock } from "../../schemas/BlockTypes.ts"
import type { Action, LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import { SignedManifest, Stamp } from "../../schemas/Manifest.ts"
import { Certificate, Proof } from "../../schemas/Proof.ts"
import { PendRequest } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import { Tracker } from "../../src/block/Tracker.ts"
import * as BlockIds from "../../src/encoding/BlockIds.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import { signClaim, statementText, verifyClaim } from "../../src/encoding/Statements.ts"
import * as Log from "../../src/log/Log.ts"
import * as Payload from "../../src/log/Payload.ts"
import { puts } from "../../src/storage/records.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import { buildManifest } from "../../src/transaction/buildManifest.ts"
import { hasher, network, signerOf, verifier } from "../storage/TestServices.ts"
import { expectGolden } from "./golden.ts"

const signer = signerOf(1)
const members = [signer.peer] as const
const stamp = Stamp.make({ nonce: "abcdefghijklmnopqrstuvwxya", time: 1_767_225_600_000 })
const name = "books ü 😀"
const collection = BlockIds.collectionId(hasher, name)
const author = signer.publicKey
const stampId = BlockIds.stampId(hasher, author, stamp)
const hash = (text: string) => BlockIds.hashText(hasher, text)

const indexes = new Map<BlockId, number>()

const makeTracker = (base: ReadonlyMap<BlockId, Block>, from: number) =>
  new Tracker({ get: (id) => base.get(id) }, (type, index) => {
    const id = BlockIds.blockId(hasher, { author, collection, members, stamp }, from + index)
    indexes.set(id, from + index)
    return { collectionId: collection, id, type }
  })

const put: Action = { data: ["put", { id: 1, title: "Żółw, 亀, 🐢", "10": 1e21, "9": -0 }], type: "replace" }
const large: Action = { data: "x".repeat(Payload.INLINE_BYTES), type: "replace" }

const appendTo = (store: Tracker, tail: BlockId, rev: number, actions: ReadonlyArray<Action>) => {
  const entry: LogEntry = {
    ...Payload.place(store, hash, actions),
    blocks: [...store.changes.keys()].sort(),
    collections: [{ id: collection, rev: rev as Rev }],
    rev: rev as Rev,
    stampId,
    time: stamp.time
  }
  return Log.append(store, hash, tail, entry)
}

/** A collection with a tree's first leaf, as the transaction that creates it makes it. */
const creation = makeTracker(new Map(), 0)
const log = Log.createLog(creation)
const leaf: Block = { entries: [put.data], header: creation.allocate("leaf"), keys: [1] }
const root: Block = { children: [leaf.header.id], header: creation.allocate("branch"), keys: [] }
const header: CollectionBlock = {
  authority: { keys: [author], threshold: 1 },
  epoch: 0,
  format: 1,
  header: { collectionId: collection, id: collection, type: "collection" },
  keyOrder: "number",
  kind: "tree",
  log,
  members,
  name,
  placement: "together",
  root: root.header.id
}
/** A branch of a scattered tree. */
const source = { author, collection, members: [signer.peer, signerOf(2).peer].sort(), stamp }
const scattered = [0, 1, 2].map((index) => BlockIds.scatteredBlockId(hasher, source, index))
const scatteredBranch = {
  children: scattered,
  clusterOf: [0, 1, 0],
  clusters: [source.members, members],
  header: { collectionId: collection, id: scattered[0]!, type: "branch" },
  keys: [1, 2]
} as Block
const { authority: _authority, ...openHeader } = header
for (const block of [leaf, root, header as unknown as Block]) creation.insert(block)
appendTo(creation, log.tail, 1, [put])

const blockOf = (store: Tracker, id: BlockId): Block => store.get(id)!

const created = new Map([...creation.changes].map(([id, { block }]) => [id, block!]))

/** A change of it: operations, a deletion, and actions that take a payload block. */
const change = makeTracker(created, created.size)
change.update(leaf.header.id, ["keys", 0, 0, [0]], ["entries", 0, 0, ["zero"]], ["title", 0, 0, "t"])
change.remove(root.header.id)
appendTo(change, log.tail, 2, [large])

const manifestOf = (store: Tracker, base: ReadonlyMap<BlockId, Block>, baseRev: number) => {
  const blocks = [...store.changes].map(([id, { block, transform }]) => {
    const before = base.get(id)
    const rev = (baseRev + 1) as Rev
    return {
      base:
        before === undefined ? ("none" as const) : { hash: BlockIds.hashValue(hasher, before), rev: baseRev as Rev },
      change: BlockIds.hashValue(hasher, transform),
      id,
      index: before === undefined ? indexes.get(id) : undefined,
      result: { after: block === undefined ? ("deleted" as const) : BlockIds.hashValue(hasher, block), block, rev },
      transform
    }
  })
  return buildManifest(
    { author, network, stamp },
    [{ baseRev, blocks, id: collection, members, tail: log.tail }],
    [
      {
        base: "none",
        block: BlockIds.collectionId(hasher, "absent"),
        id: BlockIds.collectionId(hasher, "absent"),
        members
      }
    ]
  )
}

const manifest = manifestOf(change, created, 1)
const actionId = BlockIds.actionId(hasher, manifest)
const authored = signClaim(signer, network, { action: actionId, kind: "author" })
const signed: SignedManifest = { manifest, signatures: [authored] }
const decision: Certificate = {
  ballot: null,
  kind: "approve",
  shard: 0,
  signatures: [signClaim(signer, network, { action: actionId, kind: "approve" })],
  value: null
}
const ballot = { n: 3, peer: signer.peer }
const acceptance = { ballot: null, value: "commit" } as const

const texts = (label: string, value: object): Record<string, string> => ({
  [`${label}: text`]: canonicalText(value),
  [`${label}: hash`]: BlockIds.hashValue(hasher, value)
})

const payloadBlock = [...change.changes.values()].find(({ block }) => block?.header.type === "payload")!.block!

/** Where each kind of record stands in a store, as the bytes on disk spell it, and what the smallest of them hold. */
const RECORDS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    puts.head(leaf.header.id, {
      collection,
      since: [2 as Rev],
      sinceLength: 7,
      whole: 1 as Rev
    }),
    puts.members(leaf.header.id, members),
    puts.revision(leaf.header.id, {
      actionId,
      after: "deleted",
      base: { hash: hash("base"), rev: 1 as Rev },
      rev: 2 as Rev
    }),
    puts.change(leaf.header.id, 2 as Rev, { delete: true }),
    puts.whole(leaf.header.id, 1 as Rev, root),
    puts.pending(leaf.header.id, actionId, { delete: true }),
    puts.lock(leaf.header.id, actionId, { mode: "read" }),
    puts.manifest(actionId, signed),
    puts.proof(actionId, { decision }),
    puts.ended(actionId, { outcome: "aborted" })
  ].map((write) => [`record ${StorageKeyCodec.encode(write.key)}`, write.type === "put" ? write.value : ""])
)

describe("format version 1", () => {
  it("every text, id, hash and signature is what it always was", () => {
    expectGolden("format-1.json", {
      "public key": author,
      "peer id": signer.peer,
      "collection id": collection,
      "block id 0": log.tail,
      "block id 1": leaf.header.id,
      "block id of two members": BlockIds.blockId(
        hasher,
        { author, collection, members: [signer.peer, signerOf(2).peer].sort(), stamp },
        0
      ),
      "scattered block id 0": scattered[0]!,
      "stamp: text": canonicalText(stamp),
      "stamp id": stampId,
      ...texts("header block", header),
      ...texts("header block without authority", openHeader),
      ...texts("leaf block", leaf),
      ...texts("branch block", root),
      ...texts("branch block of a scattered tree", scatteredBranch),
      ...texts("log block", blockOf(creation, log.tail)),
      ...texts("changed leaf block", blockOf(change, leaf.header.id)),
      ...texts("log block with a payload reference", blockOf(change, log.tail)),
      "payload block: hash": BlockIds.hashValue(hasher, payloadBlock),
      ...texts("transform of operations", change.changes.get(leaf.header.id)!.transform),
      ...texts("transform of deletion", change.changes.get(root.header.id)!.transform),
      ...texts("transform of insertion", creation.changes.get(leaf.header.id)!.transform),
      "manifest: text": canonicalText(manifest),
      "action id": actionId,
      "author statement: text": statementText(network, author, { action: actionId, kind: "author" }),
      "author statement: signature": authored.signature,
      "join statement: text": statementText(network, author, {
        action: actionId,
        ballot,
        kind: "join",
        value: { acceptance, approved: true }
      }),
      "accepted statement: text": statementText(network, author, {
        action: actionId,
        ballot,
        kind: "accepted",
        value: "abort"
      }),
      "signed manifest: text": canonicalText(signed),
      "certificate: text": canonicalText(decision),
      ...RECORDS
    })
  })

  it("its blocks are of their registered types, and nothing in them is unknown to the schemas", () => {
    const strict = { onExcessProperty: "error" } as const
    for (const block of [...created.values(), blockOf(change, log.tail), payloadBlock, scatteredBranch]) {
      const type = block.header.type as keyof typeof BlockTypes
      const schema: Schema.Schema.AnyNoContext = BlockTypes[type]
      expect(Schema.decodeUnknownEither(schema, strict)(JSON.parse(canonicalText(block)))._tag, type).toBe("Right")
      expect(Schema.is(Block)(block), type).toBe(true)
    }
    expect(Schema.decodeUnknownEither(SignedManifest, strict)(JSON.parse(canonicalText(signed)))._tag).toBe("Right")
    expect(Schema.decodeUnknownEither(Certificate, strict)(JSON.parse(canonicalText(decision)))._tag).toBe("Right")
    expect(Schema.is(Proof)({ decision })).toBe(true)
  })

  it("a request survives its way through JSON and its schema", () => {
    const payload: Record<BlockId, Transform> = Object.fromEntries(
      [...change.changes].map(([id, { transform }]) => [id, transform])
    )
    const sent = JSON.parse(JSON.stringify({ payload, signed })) as unknown
    const received = Schema.decodeUnknownSync(PendRequest, { onExcessProperty: "error" })(sent)
    expect(canonicalText(received)).toBe(canonicalText({ payload, signed }))
    expect(BlockIds.actionId(hasher, received.signed.manifest)).toBe(actionId)
  })

  it("what is signed verifies", () => {
    expect(signed.signatures).toHaveLength(1)
    expect(verifyClaim(verifier, network, { action: actionId, kind: "author" }, authored)).toBe(true)
    expect(verifyClaim(verifier, network, { action: actionId, kind: "approve" }, decision.signatures[0])).toBe(true)
  })
})
