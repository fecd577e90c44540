/** Says whose turn it is among the writers that compete for the collections kept here. Protocol §4, *Conflict*. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { Busy } from "../../schemas/Errors.ts"
import type { CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { Ticket } from "../../schemas/Repo.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { CoordinatorRepo, type CoordinatorRepoService } from "../../services/CoordinatorRepo.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import * as Standing from "../../src/cluster/coordinator/Standing.ts"
import * as TurnQueue from "../../src/cluster/coordinator/TurnQueue.ts"
import { peerIdOf } from "../../src/encoding/PeerIdentity.ts"
import { RepoWriter } from "../repo/RepoWriter.ts"
import { coordinated } from "./metrics.ts"
import { provedBlock, throughOf } from "./RepoService.ts"
import { defaultTurnPolicy, type TurnPolicy } from "./TurnPolicy.ts"

/** The queue of a collection, those who are to hear that their turn has come, and what is known of those who ask. */
interface Line {
  queue: TurnQueue.TurnQueue
  standing: Standing.Standing
  heldSinceMillis: number
  /** Because of whom there is a queue. */
  readonly openedBy: PeerId
  readonly waiting: Map<Ticket, Deferred.Deferred<void, Busy>>
  /** Who has asked, and when, longest ago first. */
  readonly askedBy: Map<PeerId, number>
}

const busy = new Busy({ what: "the coordinator" })

const make = Effect.fnUntraced(function* (
  policy: TurnPolicy
): Effect.fn.Return<CoordinatorRepoService, never, ClusterMember | StorageRepo | RepoWriter | Scope.Scope> {
  const member = yield* ClusterMember
  const repo = yield* StorageRepo
  const writer = yield* RepoWriter
  const scope = yield* Effect.scope
  const clock = yield* Effect.clock
  const limits: Standing.StandingLimits = { ...policy, maxWriters: policy.maxWaiting }
  /** Those in use; one that nobody asks for any more goes after a while. */
  const lines = new Map<CollectionId, Line>()
  let lastTicket: Ticket = 0

  const change = (line: Line, queue: TurnQueue.TurnQueue): void => {
    const before = line.queue.holder
    line.queue = queue
    if (queue.holder === undefined || queue.holder === before) return
    line.heldSinceMillis = clock.unsafeCurrentTimeMillis()
    const come = line.waiting.get(queue.holder.id)
    if (come !== undefined) Deferred.unsafeDone(come, Effect.void)
  }

  /** Ends a turn that came to nothing, or a place in the queue. */
  const leave = (line: Line, peer: PeerId, ticket: Ticket, hasRunOut: boolean): void => {
    const { holder } = line.queue
    const now = clock.unsafeCurrentTimeMillis()
    if (holder?.id === ticket && holder.peer === peer) {
      const heldMillis = now - line.heldSinceMillis
      line.standing = Standing.afterVain(limits, line.standing, { hasRunOut, heldMillis, peer }, now)
    }
    const isOut = (waiting: TurnQueue.TurnTicket) => !Standing.counts(limits, line.standing, waiting.peer, now)
    for (const { id } of line.queue.waiting.filter(isOut)) {
      const come = line.waiting.get(id)
      if (come !== undefined) Deferred.unsafeDone(come, Effect.fail(busy))
    }
    change(line, TurnQueue.leave(TurnQueue.without(line.queue, isOut), peer, ticket))
  }

  /** Whether nobody has asked for a while, and nothing is to be remembered of those who did. */
  const isQuiet = ({ askedBy, queue, standing }: Line): boolean => {
    const now = clock.unsafeCurrentTimeMillis()
    const lately = [...askedBy.values()].some((at) => now - at < policy.coolDownMillis)
    return queue.holder === undefined && !lately && !Standing.isRemembered(limits, standing, now)
  }

  /** Passes on turns that are not ended, until there is no use for the queue any more. */
  const watch = (collection: CollectionId, line: Line): Effect.Effect<void> =>
    Effect.suspend(() => {
      const before = line.queue.holder
      return Effect.flatMap(Effect.sleep(Duration.millis(policy.leaseMillis)), () => {
        const { holder } = line.queue
        if (holder !== undefined && holder === before) leave(line, holder.peer, holder.id, true)
        if (!isQuiet(line)) return watch(collection, line)
        lines.delete(collection)
        return Effect.void
      })
    })

  /** Whether a peer may have this node keep one more queue, of a collection that it keeps. */
  const mayOpen = Effect.fnUntraced(function* (peer: PeerId, collection: CollectionId) {
    if (lines.size >= policy.maxQueues) return false
    let opened = 0
    for (const { openedBy } of lines.values()) if (openedBy === peer) opened++
    return opened < policy.maxQueuesPerPeer && (yield* writer.state(collection)) !== undefined
  })

  const lineOf = Effect.fnUntraced(function* (collection: CollectionId, peer: PeerId) {
    if (!lines.has(collection) && !(yield* mayOpen(peer, collection))) return yield* busy
    // Another one may have opened it meanwhile.
    const known = lines.get(collection)
    if (known !== undefined) return known
    const line: Line = {
      askedBy: new Map(),
      heldSinceMillis: 0,
      openedBy: peer,
      queue: TurnQueue.emptyTurns,
      standing: Standing.noStanding,
      waiting: new Map()
    }
    lines.set(collection, line)
    // Who asks may not be interruptible at this point; what goes on with the scope is to end with it.
    yield* Effect.forkIn(Effect.interruptible(watch(collection, line)), scope)
    return line
  })

  /** Takes note that a peer asks; whether that counts. */
  const noted = ({ askedBy, standing }: Line, peer: PeerId): boolean => {
    const now = clock.unsafeCurrentTimeMillis()
    if (!Standing.counts(limits, standing, peer, now)) return false
    askedBy.delete(peer)
    askedBy.set(peer, now)
    if (askedBy.size > limits.maxWriters) askedBy.delete(askedBy.keys().next().value!)
    return true
  }

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
      if (line === undefined) continue
      const peer = peerIdOf(author)
      line.standing = Standing.afterCommit(limits, line.standing, peer)
      change(line, TurnQueue.committed(line.queue, peer))
    }
  })

  return {
    isAsked: (collection, but) => {
      const line = lines.get(collection)
      if (line === undefined) return false
      const now = clock.unsafeCurrentTimeMillis()
      for (const [peer, at] of line.askedBy) {
        const isLate = now - at >= policy.coolDownMillis
        if (peer !== but && !isLate && Standing.counts(limits, line.standing, peer, now)) return true
      }
      return false
    },
    over: (peer, collection, ticket) =>
      Effect.sync(() => {
        const line = lines.get(collection)
        if (line !== undefined) leave(line, peer, ticket, false)
      }),
    turn: (peer, { attempts, collection, wantsEnds }) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(lineOf(collection, peer), (line) => {
          const id = ++lastTicket
          const entered = noted(line, peer) ? TurnQueue.enter(policy, line.queue, { attempts, id, peer }) : undefined
          if (entered === undefined) return busy
          const come = Deferred.unsafeMake<void, Busy>(FiberId.none)
          line.waiting.set(id, come)
          coordinated.add(1)
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
            onTimeout: () => busy
          })
          return restore(inTime).pipe(
            Effect.onError(() => Effect.sync(() => leave(line, peer, id, false))),
            Effect.ensuring(
              Effect.sync(() => {
                line.waiting.delete(id)
                coordinated.add(-1)
              })
            )
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
