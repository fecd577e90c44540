/** A node with two collections, requests to it, and what it makes of them. */
import { expect, it } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { Action, LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, Hash } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation, Transform } from "../../schemas/Transform.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import { LOG_CAPACITY } from "../../src/log/LogBlock.ts"
import { INLINE_BYTES } from "../../src/log/Payload.ts"
import { type CheckContext, checkPend } from "../../src/storage/checkPend.ts"
import { planPend, planPendAndCommit } from "../../src/storage/planPend.ts"
import { context, Planning, signer } from "./Planning.ts"
import { addLeaf, type Edit, type Intent, onlyLog, type Prepared, type SignedRequest } from "./Requests.ts"
import { hasher, signerOf } from "./TestServices.ts"

/** Somebody else, who may be a member, too. */
export const stranger = signerOf(2)

/** Two collections, `books` with a leaf that is at revision 1 and a log at revision 3, and `cars` with a leaf. */
export const library = () => {
  const planning = new Planning()
  const ids = { books: "" as BlockId, cars: "" as BlockId }
  const tell = (name: "books" | "cars") => (id: BlockId) => {
    ids[name] = id
  }
  planning.commit({ writes: { books: addLeaf(["a"], tell("books")) } })
  planning.commit({ writes: { cars: addLeaf(["c"], tell("cars")) } })
  planning.commit({ writes: { books: onlyLog } })
  planning.commit({ writes: { books: onlyLog } })
  const { author } = planning
  return {
    author,
    /** The present content of a block. */
    block: (id: BlockId): Block => planning.view.block(id)!.block!,
    header: (name: string) => author.collection(name),
    leaf: ids,
    planning,
    tail: (name: string) => author.tail(planning.world, name),
    /** A transaction that starts from the present world. */
    transaction: (
      writes: Record<string, Edit>,
      reads: ReadonlyArray<string> = [],
      actions: NonNullable<Intent["actions"]> = {}
    ): Prepared => author.transaction(planning.world, { actions, reads, writes })
  }
}

export type Library = ReturnType<typeof library>

/** The verdict on a request. */
export const check = (
  { planning: { view } }: Library,
  { actionId, request }: SignedRequest,
  with_: CheckContext = context
) => checkPend(with_, view, actionId, request)

/** Expects that a request is refused, pended or committed, and that nothing comes of it. */
export const expectRefused = ({ author, planning: { view } }: Library, signed: SignedRequest, reason: RegExp): void => {
  const { actionId, request } = signed
  const plans = [
    planPend(context, view, actionId, request),
    planPendAndCommit(context, view, actionId, request, (action) => author.proof(action))
  ]
  for (const { answer, changes, writes } of plans) {
    expect(answer).toEqual({ _tag: "Refused", actionId, reason: expect.stringMatching(reason) })
    expect([changes, writes]).toEqual([{}, []])
  }
}

/** A request that is to be refused: what is wrong with it, how it is made, and the reason that is given. */
export type Refusal = readonly [what: string, make: (library: Library) => SignedRequest, reason: RegExp]

/** A test for each refusal. */
export const itRefuses = (refusals: ReadonlyArray<Refusal>): void =>
  it.each(refusals)("%s", (_what, make, reason) => {
    const at = library()
    expectRefused(at, make(at), reason)
  })

/** Changes the first entry of a leaf. */
export const change =
  (id: BlockId, entry = "changed"): Edit =>
  (store) =>
    store.update(id, ["entries", 0, 1, [entry]])

/** Fills the open tail of a collection: the next entry goes to a new block. */
export const fill = ({ block, planning, tail }: Library, name: string): void => {
  while ((block(tail(name)).entries as ReadonlyArray<unknown>).length < LOG_CAPACITY.count) {
    planning.commit({ writes: { [name]: onlyLog } })
  }
}

/** Fills the open tail of a collection, and closes it. */
export const rollOver = (library: Library, name: string): void => {
  fill(library, name)
  library.planning.commit({ writes: { [name]: onlyLog } })
}

/** A request as this node is sent it: with the transforms of its own shards. */
export const asSent = ({ actionId, request: { payload, signed } }: SignedRequest): SignedRequest => {
  const own = signed.manifest.shards.filter(({ members }) => members.includes(signer.peer))
  const sent = Object.entries(payload).filter(([id]) => own.some(({ writes }) => Object.hasOwn(writes, id)))
  return { actionId, request: { payload: Object.fromEntries(sent), signed } }
}

/** Actions long enough for a payload block of their own. */
export const LONG: ReadonlyArray<Action> = [{ data: "x".repeat(INLINE_BYTES), type: "append" }]

/** The operations by which a request changes a block. */
export const operationsOf = ({ request }: SignedRequest, id: BlockId): ReadonlyArray<Operation> => {
  const transform = request.payload[id]
  if (transform === undefined || !("operations" in transform)) throw new Error(`${id} is not changed`)
  return transform.operations
}

/** The block that a request creates. */
export const insertOf = ({ request }: SignedRequest, id: BlockId): Block => {
  const transform = request.payload[id]
  if (transform === undefined || !("insert" in transform)) throw new Error(`${id} is not new`)
  return transform.insert
}

/** A transform of some operations. */
export const operations = (...list: ReadonlyArray<Operation>): Transform => ({ operations: list })

/** Gives a block content that no request could have led to. */
export const corrupt = ({ planning: { view } }: Library, id: BlockId, spoil: (block: Block) => Block): void => {
  const state = view.block(id)!
  const block = spoil(state.block!)
  view.blocks.set(id, { ...state, block, latest: { ...state.latest, after: hashValue(hasher, block) } })
}

/** The request with the same change of a block, on the content that it has now. */
export const rebase = ({ planning }: Library, signed: SignedRequest, id: BlockId): SignedRequest => {
  const rebased = planning.spoil(signed, ({ shards }) => {
    const { after, rev } = planning.view.block(id)!.latest
    shards[0].writes[id]!.base = { hash: after as Hash, rev }
  })
  return planning.rewrite(rebased, id, signed.request.payload[id]!)
}

/** The request with another entry of a collection, wherever that stands: in the open tail, or in a new log block. */
export const withEntry = (
  { author, planning }: Library,
  signed: Prepared,
  name: string,
  spoil: (entry: LogEntry) => unknown
): SignedRequest => {
  const id = author.tail(signed.world, name)
  const transform = signed.request.payload[id]!
  const spoilt = (entries: unknown) => (entries as ReadonlyArray<LogEntry>).map(spoil) as ReadonlyArray<Json>
  if ("insert" in transform) {
    return planning.rewrite(signed, id, { insert: { ...transform.insert, entries: spoilt(transform.insert.entries) } })
  }
  const [[property, index, deleted, entries]] = operationsOf(signed, id) as readonly [Operation]
  return planning.rewrite(signed, id, operations([property, index, deleted, spoilt(entries)]))
}

/** The block of a type that a request creates. */
export const created = ({ request }: SignedRequest, type: string): BlockId => {
  const found = Object.entries(request.payload).find(
    ([, transform]) => "insert" in transform && transform.insert.header.type === type
  )
  return found![0] as BlockId
}
