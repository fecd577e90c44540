import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import { type StorageError, StorageUnavailable } from "../../schemas/Errors.ts"
import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import { HostTurn } from "../../services/HostTurn.ts"
import type { RawStorageService, StorageWrite } from "../../services/RawStorage.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import {
  type BlockState,
  type RepoView,
  TransactionFault,
  type TransactionRecord
} from "../../src/storage/BlockState.ts"
import type { BlockStorage } from "../../src/storage/BlockStorage.ts"
import { type LockTable, Overlay } from "../../src/storage/Overlay.ts"
import type { Plan } from "../../src/storage/Plan.ts"
import { Reply } from "./Reply.ts"

/** The blocks that a request needs in memory, by itself, or by what is known of the transaction that it names. */
export type BlocksOf = (view: Pick<RepoView, "transaction">) => ReadonlyArray<BlockId>

/** A request to the writer: what it needs in memory, its plan over that, and who waits for the answer. */
interface Request {
  readonly blocks: BlocksOf
  readonly plan: (view: RepoView) => Plan<unknown>
  readonly reply: Reply<unknown, ReadError>
}

/** The one writer of a store, as the services on it see it. */
export interface RepoWriter {
  /** A block as it is now, if that is in memory. */
  readonly cached: (id: BlockId) => BlockState | undefined
  /** A block as it is now. */
  readonly state: (id: BlockId) => Effect.Effect<BlockState | undefined, ReadError>
  /** Plans a request over the blocks and the transaction it names, and answers once what it writes is durable. */
  readonly ask: <Answer>(blocks: BlocksOf, plan: (view: RepoView) => Plan<Answer>) => Effect.Effect<Answer, ReadError>
}

/** Limits of the writer. */
export interface RepoWriterOptions {
  /** Memory for the latest revisions of blocks, in bytes of their JSON. */
  readonly cacheBytes: number
  /** The writer lets the host's timers and I/O run when it has been busy for so long. */
  readonly turnMillis: number
  /** Requests that wait for the writer, and so are answered by one durable write, at most; more wait in their fibers. */
  readonly mailbox: number
}

/** Cost of a cached block beside its content, in bytes. */
const OVERHEAD_BYTES = 500

const weigh = ({ blockLength }: BlockState): number => OVERHEAD_BYTES + blockLength

/** Payloads are written once, and read by nobody but who reads the log: in memory they would only displace others. */
const isWrittenAgain = ({ block }: BlockState): boolean => block?.header.type !== "payload"

const closed = new StorageUnavailable({ operation: "answer", reason: "the repository is closed" })

/** The same failure, of a request that had nothing to write. */
const withoutTrace = (error: StorageError): StorageError =>
  error._tag === "StorageUnavailable" && error.mayHaveLanded
    ? new StorageUnavailable({ operation: error.operation, reason: error.reason })
    : error

/**
 * Starts the actor that alone writes to a store: it folds all that waits in its mailbox, writes one durable batch, then
 * answers. It ends with its scope, after what was already in the mailbox.
 */
export const make = Effect.fnUntraced(function* (
  raw: RawStorageService,
  storage: BlockStorage,
  locks: LockTable,
  options: RepoWriterOptions
): Effect.fn.Return<RepoWriter, StorageError, Scope.Scope> {
  const states = new BoundedCache<BlockId, BlockState>(options.cacheBytes, weigh)
  const mailbox = yield* Mailbox.make<Request>({ capacity: options.mailbox })
  /** Whether any transaction was ever aborted here: as long as none was, no mark of one need be looked for. */
  let hasAborted = (yield* raw.blocks("ended", { limit: 1 })).length > 0
  /** Grows whenever a write starts or ends: what was read across such a moment is not cached. */
  let epoch = 0
  let writing = false

  const state = (id: BlockId): Effect.Effect<BlockState | undefined, ReadError> => {
    const known = states.get(id)
    if (known !== undefined) return Effect.succeed(known)
    const before = epoch
    return Effect.map(storage.state(id), (loaded) => {
      if (loaded !== undefined && epoch === before && !writing) states.set(id, loaded)
      return loaded
    })
  }

  const fold = Effect.fnUntraced(function* (requests: Iterable<Request>) {
    const blocks = new Map<BlockId, BlockState | undefined>()
    const transactions = new Map<ActionId, TransactionRecord | undefined>()
    const overlay = new Overlay({
      block: (id) => {
        // What was not read is not known to be absent.
        if (!blocks.has(id)) throw new Error(`block ${id} is not in memory`)
        return blocks.get(id)
      },
      locks: (id) => locks.on(id),
      mayBePendedOrAborted: (id) => hasAborted || locks.isHolder(id),
      transaction: (id) => {
        if (!transactions.has(id)) throw new TransactionFault(id)
        return transactions.get(id)
      }
    })
    /** Loads what a request needs and is not in memory; a request that needs nothing more is the rule. */
    const load = Effect.fnUntraced(function* (missing: ReadonlyArray<BlockId>) {
      for (const id of missing) blocks.set(id, yield* storage.state(id))
    })
    /** The blocks that a request needs and that are not in memory, which as a rule are none. */
    const missingOf = (request: Request): ReadonlyArray<BlockId> => {
      const missing: Array<BlockId> = []
      for (const id of request.blocks(overlay)) {
        if (blocks.has(id)) continue
        const known = states.get(id)
        if (known === undefined) missing.push(id)
        else blocks.set(id, known)
      }
      return missing
    }
    /** Plans a request, and again with the record of a transaction where it turns out to need that. */
    const plan = (request: Request): Effect.Effect<Plan<unknown>, ReadError> =>
      Effect.suspend(() => {
        try {
          const missing = missingOf(request)
          if (missing.length > 0) return Effect.flatMap(load(missing), () => plan(request))
          return Effect.succeed(request.plan(overlay))
        } catch (thrown) {
          if (!(thrown instanceof TransactionFault)) throw thrown
          return Effect.flatMap(storage.transaction(thrown.action), (record) => {
            transactions.set(thrown.action, record)
            return plan(request)
          })
        }
      })
    const writes: Array<StorageWrite> = []
    const answers: Array<readonly [request: Request, answer: unknown, wrote: boolean]> = []
    for (const request of requests) {
      // A plan that throws breaks an invariant: its own request dies of it, not the others.
      const planned = yield* Effect.exit(plan(request))
      if (Exit.isFailure(planned)) {
        request.reply.done(planned)
        continue
      }
      overlay.add(planned.value.changes)
      for (const write of planned.value.writes) writes.push(write)
      answers.push([request, planned.value.answer, planned.value.writes.length > 0])
    }
    if (writes.length > 0) {
      epoch++
      writing = true
      const written = yield* Effect.exit(raw.write(writes))
      epoch++
      writing = false
      if (Exit.isFailure(written)) {
        // Whether a failed write reached the disk is not known: what memory says of these blocks is read again.
        for (const id of overlay.blocks.keys()) states.delete(id)
        // An answer that followed from what was not written is none, but of it nothing can have landed.
        const unwritten = Exit.mapError(written, withoutTrace)
        for (const [request, , wrote] of answers) request.reply.done(wrote ? written : unwritten)
        return
      }
    }
    for (const [id, loaded] of blocks) if (loaded !== undefined && !overlay.blocks.has(id)) states.set(id, loaded)
    for (const [id, changed] of overlay.blocks) {
      if (isWrittenAgain(changed)) states.set(id, changed)
      else states.delete(id)
    }
    for (const [id, lock] of overlay.locked) locks.add(id, lock)
    for (const holder of overlay.freed) locks.free(holder)
    for (const { _tag } of overlay.transactions.values()) hasAborted ||= _tag === "Aborted"
    for (const [request, answer] of answers) request.reply.done(Exit.succeed(answer))
  })

  const hostTurn = yield* HostTurn
  let lastTurn = 0
  const clock = yield* Effect.clock
  /** Takes and folds until the mailbox has ended and is empty. */
  const run = Effect.gen(function* () {
    for (;;) {
      const [requests, ended] = yield* mailbox.takeAll
      if (!Chunk.isEmpty(requests)) yield* fold(requests)
      if (ended) return
      const now = clock.unsafeCurrentTimeMillis()
      if (now - lastTurn < options.turnMillis) continue
      lastTurn = now
      yield* hostTurn
    }
  })
  const fiber = yield* Effect.forkDaemon(run)
  yield* Effect.addFinalizer(() => Effect.zipRight(mailbox.end, Fiber.await(fiber)))

  return {
    ask: <Answer>(blocks: BlocksOf, plan: (view: RepoView) => Plan<Answer>) =>
      Effect.suspend(() => {
        const reply = new Reply<unknown, ReadError>()
        const answered = reply.wait as Effect.Effect<Answer, ReadError>
        const request: Request = { blocks, plan, reply }
        // As a rule there is room.
        if (mailbox.unsafeOffer(request)) return answered
        return Effect.flatMap(mailbox.offer(request), (taken) => (taken ? answered : Effect.fail(closed)))
      }),
    cached: (id) => states.get(id),
    state: (id) => Effect.suspend(() => state(id))
  }
})
