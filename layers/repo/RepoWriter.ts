import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import { Busy, type StorageError, StorageUnavailable } from "../../schemas/Errors.ts"
import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import { Hasher } from "../../services/Hasher.ts"
import { HostTurn } from "../../services/HostTurn.ts"
import { RawStorage, type StorageWrite } from "../../services/RawStorage.ts"
import { Restorer } from "../../services/Restorer.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import { loadVotes } from "../../src/cluster/member/loadVotes.ts"
import { MemberOverlay } from "../../src/cluster/member/MemberOverlay.ts"
import type { MemberChange } from "../../src/cluster/member/MemberPlan.ts"
import type { MemberView } from "../../src/cluster/member/MemberView.ts"
import { type BlockState, type RepoView, ViewFault } from "../../src/storage/BlockState.ts"
import * as BlockStorage from "../../src/storage/BlockStorage.ts"
import { loadLocks } from "../../src/storage/loadLocks.ts"
import type { Plan } from "../../src/storage/Plan.ts"
import { secondsBetween } from "../monitor/instruments.ts"
import { BatchView } from "./BatchView.ts"
import * as metrics from "./metrics.ts"
import { Reply } from "./Reply.ts"
import { RepoMemory } from "./RepoMemory.ts"

/** The blocks that a request is known to look at, by itself, or by what is known of the transaction that it names. */
export type BlocksOf = (view: Pick<RepoView, "transaction">) => ReadonlyArray<BlockId>

/** What a request comes to: as of a repository, or with what a member of a cluster promises by it. */
export interface WriterPlan<Answer> extends Plan<Answer> {
  readonly promises?: ReadonlyArray<MemberChange>
  /** Done once what it writes is durable, before the answer: also where nobody waits for that any more. */
  readonly settled?: Effect.Effect<void>
}

/** A request to the writer: the blocks it looks at, its plan over what is known, and who waits for the answer. */
interface Request {
  readonly blocks: BlocksOf
  readonly plan: (view: MemberView) => WriterPlan<unknown>
  readonly reply: Reply<unknown, ReadError>
}

/** The one writer of a store, as the services on it see it. */
export interface RepoWriterService {
  /** A block as it is now, if that is in memory. */
  readonly cached: (id: BlockId) => BlockState | undefined
  /** A block as it is now. */
  readonly state: (id: BlockId) => Effect.Effect<BlockState | undefined, ReadError>
  /** Plans a request over what it looks at, and answers once what it writes is durable. Waits while the mailbox is full. */
  readonly ask: <Answer>(
    blocks: BlocksOf,
    plan: (view: MemberView) => WriterPlan<Answer>
  ) => Effect.Effect<Answer, ReadError>
  /** As `ask`, for those who are not to be kept waiting: `Busy` while the mailbox is full. */
  readonly askNow: <Answer>(
    blocks: BlocksOf,
    plan: (view: MemberView) => WriterPlan<Answer>
  ) => Effect.Effect<Answer, ReadError | Busy>
  /** The transactions that something is promised about and that are undecided, in the order of the first promise. */
  readonly undecided: Effect.Effect<ReadonlyArray<ActionId>>
  /** The blocks and transactions as they are stored. */
  readonly storage: BlockStorage.BlockStorage
}

/** The port for the one writer of a store: the repository and the cluster member of a node share it. */
export class RepoWriter extends Context.Tag("optimystic/RepoWriter")<RepoWriter, RepoWriterService>() {}

/** Limits of the writer. */
export interface RepoWriterOptions {
  /** Memory for the latest revisions of blocks, in bytes of their JSON. */
  readonly cacheBytes: number
  /** The writer lets the host's timers and I/O run when it has been busy for so long. */
  readonly turnMillis: number
  /** Requests that wait for the writer, and so are answered by one durable write, at most; more wait in their fibers. */
  readonly mailbox: number
}

const closed = new StorageUnavailable({ operation: "answer", reason: "the repository is closed" })

/** The same failure, of a request that had nothing to write. */
const withoutTrace = (error: StorageError): StorageError =>
  error._tag === "StorageUnavailable" && error.mayHaveLanded
    ? new StorageUnavailable({ operation: error.operation, reason: error.reason })
    : error

/** A request with its answer, to be given once the batch is durable. */
interface Answered {
  readonly request: Request
  readonly plan: WriterPlan<unknown>
}

/** What suits a laptop. */
export const defaultRepoWriterOptions: RepoWriterOptions = { cacheBytes: 64 * 1024 * 1024, mailbox: 256, turnMillis: 8 }

/**
 * Starts the actor that alone writes to a store: it folds all that waits in its mailbox, writes one durable batch, then
 * answers. It ends with its scope, after what was already in the mailbox.
 */
const make = Effect.fnUntraced(function* (
  options: RepoWriterOptions
): Effect.fn.Return<RepoWriterService, StorageError, RawStorage | Hasher | Restorer | Scope.Scope> {
  const raw = yield* RawStorage
  const storage = BlockStorage.make(raw, yield* Hasher, yield* Restorer)
  const hasAborted = (yield* raw.blocks("ended", { limit: 1 })).length > 0
  const memory = new RepoMemory(options.cacheBytes, yield* loadLocks(raw), yield* loadVotes(raw), hasAborted)
  const mailbox = yield* Mailbox.make<Request>({ capacity: options.mailbox })
  /** Grows whenever a write starts or ends: what was read across such a moment is not cached. */
  let epoch = 0
  let writing = false
  const clock = yield* Effect.clock

  const state = (id: BlockId): Effect.Effect<BlockState | undefined, ReadError> => {
    const known = memory.states.get(id)
    if (known !== undefined) return Effect.succeed(known)
    const before = epoch
    return Effect.map(storage.state(id), (loaded) => {
      if (loaded !== undefined && epoch === before && !writing) memory.states.set(id, loaded)
      return loaded
    })
  }

  /** Plans a request over what is in memory. A plan that throws breaks an invariant: its own request dies of it, not the others. */
  const plan = (request: Request, overlay: MemberOverlay): Exit.Exit<WriterPlan<unknown>, ReadError> | ViewFault => {
    try {
      // Most are in memory; those that are not are read before the plan begins, not one by one as it meets them.
      for (const id of request.blocks(overlay)) overlay.block(id)
      return Exit.succeed(request.plan(overlay))
    } catch (thrown) {
      return thrown instanceof ViewFault ? thrown : Exit.die(thrown)
    }
  }

  const fold = Effect.fnUntraced(function* (requests: Iterable<Request>) {
    const view = new BatchView(memory, storage)
    const overlay = new MemberOverlay(view)
    const writes: Array<StorageWrite> = []
    const answers: Array<Answered> = []
    for (const request of requests) {
      let planned = plan(request, overlay)
      while (planned instanceof ViewFault) {
        const loaded = yield* Effect.exit(view.load(planned.missing))
        planned = Exit.isSuccess(loaded) ? plan(request, overlay) : Exit.failCause(loaded.cause)
      }
      if (Exit.isFailure(planned)) {
        request.reply.done(planned)
        continue
      }
      const { changes, promises, writes: added } = planned.value
      overlay.add(changes)
      if (promises !== undefined) for (const change of promises) overlay.change(change)
      for (const write of added) writes.push(write)
      answers.push({ plan: planned.value, request })
    }
    if (writes.length > 0) {
      epoch++
      writing = true
      const begun = clock.unsafeCurrentTimeNanos()
      const written = yield* Effect.exit(raw.write(writes))
      metrics.write(secondsBetween(begun, clock.unsafeCurrentTimeNanos()))
      epoch++
      writing = false
      if (Exit.isFailure(written)) {
        metrics.failedWrite(1)
        memory.distrust(overlay)
        // An answer that followed from what was not written is none, but of it nothing can have landed.
        const unwritten = Exit.mapError(written, withoutTrace)
        for (const { plan, request } of answers) request.reply.done(plan.writes.length > 0 ? written : unwritten)
        return
      }
    }
    memory.commit(view.blocks, overlay)
    for (const { plan, request } of answers) {
      const settled = plan.settled === undefined ? Exit.void : yield* Effect.exit(plan.settled)
      request.reply.done(Exit.as(settled, plan.answer))
    }
  })

  const hostTurn = yield* HostTurn
  let lastTurn = 0
  /** Takes and folds until the mailbox has ended and is empty. */
  const run = Effect.gen(function* () {
    for (;;) {
      const [requests, ended] = yield* mailbox.takeAll
      if (!Chunk.isEmpty(requests)) {
        metrics.waiting.add(-requests.length)
        metrics.batch(requests.length)
        yield* fold(requests)
      }
      if (ended) return
      const now = clock.unsafeCurrentTimeMillis()
      if (now - lastTurn < options.turnMillis) continue
      lastTurn = now
      yield* hostTurn
    }
  })
  const fiber = yield* Effect.forkDaemon(run)
  yield* Effect.addFinalizer(() => Effect.zipRight(mailbox.end, Fiber.await(fiber)))

  /** A request in the mailbox, or, where there is no room, what becomes of it. */
  const post = <Answer, E>(
    blocks: BlocksOf,
    plan: (view: MemberView) => WriterPlan<Answer>,
    whenFull: (request: Request, answered: Effect.Effect<Answer, ReadError>) => Effect.Effect<Answer, ReadError | E>
  ): Effect.Effect<Answer, ReadError | E> =>
    Effect.suspend(() => {
      const reply = new Reply<unknown, ReadError>()
      const answered = reply.wait as Effect.Effect<Answer, ReadError>
      const request: Request = { blocks, plan, reply }
      // As a rule there is room.
      if (!mailbox.unsafeOffer(request)) return whenFull(request, answered)
      metrics.waiting.add(1)
      return answered
    })

  /** Waits for room in the mailbox: whoever waits for that waits for the writer already. */
  const offered = (request: Request): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      metrics.waiting.add(1)
      return Effect.onExit(mailbox.offer(request), (exit) =>
        Effect.sync(() => {
          if (Exit.isFailure(exit) || !exit.value) metrics.waiting.add(-1)
        })
      )
    })

  return {
    ask: (blocks, plan) =>
      post(blocks, plan, (request, answered) =>
        Effect.flatMap(offered(request), (taken) => (taken ? answered : Effect.fail(closed)))
      ),
    askNow: (blocks, plan) =>
      post(blocks, plan, () => {
        metrics.refused(1)
        return new Busy({ what: "the store" })
      }),
    cached: (id) => memory.states.get(id),
    state: (id) => Effect.suspend(() => state(id)),
    storage,
    undecided: Effect.sync(() => [...memory.votes.actions])
  }
})

/** The writer of the node's store, with what it keeps in memory. */
export const layer = (
  options: Partial<RepoWriterOptions> = {}
): Layer.Layer<RepoWriter, StorageError, RawStorage | Hasher | Restorer> =>
  Layer.scoped(RepoWriter, make({ ...defaultRepoWriterOptions, ...options }))
