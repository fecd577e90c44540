/** Says whose turn it is among the writers that compete for the collections kept here. Protocol §4, *Conflict*. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { Busy } from "../../schemas/Errors.ts"
import type { CollectionId } from "../../schemas/Ids.ts"
import type { Ticket } from "../../schemas/Repo.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { CoordinatorRepo, type CoordinatorRepoService } from "../../services/CoordinatorRepo.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import * as TurnQueue from "../../src/cluster/coordinator/TurnQueue.ts"
import { peerIdOf } from "../../src/encoding/PeerIdentity.ts"
import { RepoWriter } from "../repo/RepoWriter.ts"
import { provedBlock, throughOf } from "./RepoService.ts"
import { defaultTurnPolicy, type TurnPolicy } from "./TurnPolicy.ts"

/** The queue of a collection, and those who are to hear that their turn has come. */
interface Line {
  queue: TurnQueue.TurnQueue
  readonly waiting: Map<Ticket, Deferred.Deferred<void>>
  askedAtMillis: number
}

const make = Effect.fnUntraced(function* (
  policy: TurnPolicy
): Effect.fn.Return<CoordinatorRepoService, never, ClusterMember | StorageRepo | RepoWriter | Scope.Scope> {
  const member = yield* ClusterMember
  const repo = yield* StorageRepo
  const writer = yield* RepoWriter
  const scope = yield* Effect.scope
  /** Those in use; one that nobody asks for any more goes after a while. */
  const lines = new Map<CollectionId, Line>()
  let lastTicket: Ticket = 0

  const change = (line: Line, queue: TurnQueue.TurnQueue): void => {
    const before = line.queue.holder
    line.queue = queue
    if (queue.holder === undefined || queue.holder === before) return
    const come = line.waiting.get(queue.holder.id)
    if (come !== undefined) Deferred.unsafeDone(come, Effect.void)
  }

  /** Passes on turns that are not ended, until nobody has asked for one for a while. */
  const watch = (collection: CollectionId, line: Line): Effect.Effect<void> =>
    Effect.suspend(() => {
      const before = line.queue.holder
      return Effect.flatMap(Effect.sleep(Duration.millis(policy.leaseMillis)), () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const { holder } = line.queue
          if (holder !== undefined && holder === before)
            change(line, TurnQueue.leave(line.queue, holder.peer, holder.id))
          const isQuiet = line.queue.holder === undefined && now - line.askedAtMillis >= policy.coolDownMillis
          if (!isQuiet) return watch(collection, line)
          lines.delete(collection)
          return Effect.void
        })
      )
    })

  const lineOf = Effect.fnUntraced(function* (collection: CollectionId) {
    const now = yield* Clock.currentTimeMillis
    const known = lines.get(collection)
    if (known !== undefined) {
      known.askedAtMillis = now
      return known
    }
    if (lines.size >= policy.maxQueues) return yield* new Busy({ what: "the coordinator" })
    const line: Line = { askedAtMillis: now, queue: TurnQueue.emptyTurns, waiting: new Map() }
    lines.set(collection, line)
    // Who asks may not be interruptible at this point; what goes on with the scope is to end with it.
    yield* Effect.forkIn(Effect.interruptible(watch(collection, line)), scope)
    return line
  })

  /** The header and the open tail of a collection, as they are here. */
  const endsOf = Effect.fnUntraced(function* (collection: CollectionId) {
    const header = yield* provedBlock(repo, collection, undefined)
    const open = (header?.block as unknown as CollectionBlock | null | undefined)?.log.tail
    const tail = open === undefined ? null : yield* provedBlock(repo, open, undefined)
    return header === null || tail === null ? [] : [header, tail]
  })

  yield* member.onApplied(({ author, collections }) => {
    for (const { id } of collections) {
      const line = lines.get(id)
      if (line !== undefined) change(line, TurnQueue.committed(line.queue, peerIdOf(author)))
    }
  })

  return {
    isAsked: (collection) => lines.has(collection),
    over: (peer, collection, ticket) =>
      Effect.sync(() => {
        const line = lines.get(collection)
        if (line !== undefined) change(line, TurnQueue.leave(line.queue, peer, ticket))
      }),
    turn: (peer, { attempts, collection, wantsEnds }) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(lineOf(collection), (line) => {
          const id = ++lastTicket
          const entered = TurnQueue.enter(policy, line.queue, { attempts, id, peer })
          if (entered === undefined) return new Busy({ what: "the coordinator" })
          const come = Deferred.unsafeMake<void>(FiberId.none)
          line.waiting.set(id, come)
          const hasWaited = entered.holder?.id !== id
          change(line, entered)
          const given = Effect.gen(function* () {
            yield* Deferred.await(come)
            const ends = wantsEnds ? yield* endsOf(collection) : []
            const rev = yield* throughOf(writer, collection)
            return { ends, isContended: hasWaited || line.queue.waiting.length > 0, rev, ticket: id }
          })
          const inTime = Effect.timeoutFail(given, {
            duration: Duration.millis(policy.turnMillis),
            onTimeout: () => new Busy({ what: "the coordinator" })
          })
          return restore(inTime).pipe(
            Effect.onError(() => Effect.sync(() => change(line, TurnQueue.leave(line.queue, peer, id)))),
            Effect.ensuring(Effect.sync(() => line.waiting.delete(id)))
          )
        })
      )
  }
})

/** The coordinator of a node. */
export const layer = (
  policy: Partial<TurnPolicy> = {}
): Layer.Layer<CoordinatorRepo, never, ClusterMember | StorageRepo | RepoWriter> =>
  Layer.scoped(CoordinatorRepo, make({ ...defaultTurnPolicy, ...policy }))
