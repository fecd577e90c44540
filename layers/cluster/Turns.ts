/**
 * Turns among the writers of a network that compete for collections: while others are known to, a coordinator is asked for one
 * before a transaction is built. It is believed in nothing that matters: all that it can cost is time. Protocol §4, *Conflict*.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BlockId, CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import type { ProvedBlock, RepoAnswer, RepoQuestion, StoredBlock, TurnGiven } from "../../schemas/Repo.ts"
import type { ClusterMemberService } from "../../services/ClusterMember.ts"
import type { CoordinatorRepoService } from "../../services/CoordinatorRepo.ts"
import type { PeerError } from "../../services/PeerNetwork.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import type { Contest, TransactAnswer, Turn, Turns } from "../../services/Transactor.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import { shownEnds } from "../../src/cluster/coordinator/shownEnds.ts"
import { Until } from "../../src/cluster/coordinator/Until.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import * as AppliedRevisions from "./AppliedRevisions.ts"
import { answerWithin } from "./answerWithin.ts"
import { type ClusterReads, storedOf } from "./ClusterReads.ts"
import { turned } from "./metrics.ts"
import type { TurnPolicy } from "./TurnPolicy.ts"

/** What turns take. */
export interface TurnsContext {
  readonly ask: (peer: PeerId, question: RepoQuestion) => Effect.Effect<RepoAnswer, PeerError>
  /** This node's own. */
  readonly coordinator: CoordinatorRepoService
  readonly member: ClusterMemberService
  readonly membersOf: ClusterReads["membersOf"]
  readonly policy: TurnPolicy
  readonly rules: ClusterRules
  readonly scope: Scope.Scope
  readonly self: PeerId
  /** How far this node has applied a collection. */
  readonly throughOf: (collection: CollectionId) => Effect.Effect<number, ReadError>
}

/** The turns of a node, and what its transactor tells them. */
export interface NodeTurns extends Turns {
  /** Takes note of how a transaction goes that is brought to its decision. */
  readonly watching: <E, R>(
    manifest: Manifest,
    transacting: Effect.Effect<TransactAnswer, E, R>
  ) => Effect.Effect<TransactAnswer, E, R>
  /** Blocks that were shown together, with one turn that is not over; undefined where they were not. */
  readonly shown: (ids: ReadonlyArray<BlockId>) => ReadonlyArray<StoredBlock> | undefined
}

/** A turn that was given. */
interface Held {
  readonly collection: CollectionId
  readonly members: ReadonlyArray<PeerId>
  readonly by: PeerId
  readonly given: TurnGiven
  shown: ReadonlyMap<BlockId, ProvedBlock>
  isOver: boolean
}

/** Collections and peers of which it is remembered that others compete for them, or that they gave no turn. */
const MAX_REMEMBERED = 4_096

const NOTHING_SHOWN: ReadonlyMap<BlockId, ProvedBlock> = new Map()

/** The turns of one node, in a scope of its own. */
export const make = Effect.fnUntraced(function* (
  context: TurnsContext
): Effect.fn.Return<NodeTurns, never, Scope.Scope> {
  const { ask, coordinator, member, membersOf, policy, rules, scope, self, throughOf } = context
  const contended = new Until<CollectionId>(MAX_REMEMBERED)
  const excluded = new Until<PeerId>(MAX_REMEMBERED)
  const applied = yield* AppliedRevisions.make(member, throughOf)
  const holding = new Set<Held>()
  /** How many turns of a peer were lost since one was not. */
  const lostTurns = new BoundedCache<PeerId, number>(MAX_REMEMBERED, () => 1)

  const contend = (collections: Iterable<CollectionId>): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      for (const id of collections) contended.set(id, now + policy.coolDownMillis)
    })

  const contendedOf = (collections: ReadonlyArray<CollectionId>): Effect.Effect<ReadonlyArray<CollectionId>> =>
    Effect.suspend(() => {
      // As a rule there are none, and nobody looks at the clock.
      const noted = collections.filter((id) => contended.mayHave(id) || coordinator.isAsked(id, self))
      if (noted.length === 0) return Effect.succeed(noted)
      return Effect.map(Clock.currentTimeMillis, (now) =>
        noted.filter((id) => contended.has(id, now) || coordinator.isAsked(id, self))
      )
    })

  const exclude = (peer: PeerId): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (now) => excluded.set(peer, now + policy.excludeMillis))

  /** Asks a peer for a turn; `Busy` where it has none to give, undefined where it does not answer as it should. */
  const askPeer = (peer: PeerId, { attempts }: Contest, collection: CollectionId, wantsEnds: boolean) => {
    const asked = { attempts, collection, wantsEnds }
    const answer: Effect.Effect<RepoAnswer, PeerError | ReadError> =
      peer === self
        ? Effect.map(coordinator.turn(self, asked), (given) => ({ _tag: "Turn", ...given }))
        : answerWithin(policy.turnMillis, peer, ask(peer, { _tag: "Turn", ...asked }))
    return Effect.match(answer, {
      onFailure: ({ _tag }) => (_tag === "Busy" ? _tag : undefined),
      onSuccess: (answer) => (answer._tag === "Turn" ? answer : undefined)
    })
  }

  /** Takes a turn on one collection, from the first coordinator that gives one. */
  const take = Effect.fnUntraced(function* (
    contest: Contest,
    collection: CollectionId
  ): Effect.fn.Return<Held | undefined> {
    const members = yield* Effect.orElseSucceed(membersOf(collection), (): ReadonlyArray<PeerId> => [])
    const isMember = members.includes(self)
    const begun = yield* Clock.currentTimeMillis
    let now = begun
    for (const by of new Neighbourhood(rules.hasher, members).nearest(collection, members.length)) {
      if (excluded.has(by, now)) continue
      const given = yield* askPeer(by, contest, collection, !isMember)
      if (given !== undefined && given !== "Busy") {
        return { by, collection, given, isOver: false, members, shown: NOTHING_SHOWN }
      }
      now = yield* Clock.currentTimeMillis
      const isLate = now - begun >= policy.turnMillis
      // Who is busy may say so at once, and is asked again.
      if (given === undefined || isLate) yield* exclude(by)
      if (isLate) return undefined
    }
    return undefined
  })

  /** What a turn is worth that was given. */
  const examine = Effect.fnUntraced(function* (held: Held): Effect.fn.Return<Exclude<Turn, "free">> {
    const { by, collection, given, members } = held
    if (given.isContended) yield* contend([collection])
    if (members.includes(self)) {
      if (yield* applied.await(collection, given.rev, policy.applyMillis)) return "given"
      yield* exclude(by)
      return "vain"
    }
    const shown = shownEnds(rules, collection, members, given.ends)
    if (shown !== undefined) {
      held.shown = shown
      return "given"
    }
    // Of what does not exist yet there is nothing to show.
    if (given.ends.length > 0) yield* exclude(by)
    return "vain"
  })

  const giveBack = (held: Held): Effect.Effect<void> =>
    Effect.suspend(() => {
      holding.delete(held)
      if (held.isOver) return Effect.void
      const { by, collection, given } = held
      const { ticket } = given
      if (by === self) return coordinator.over(self, collection, ticket)
      const told = answerWithin(policy.turnMillis, by, ask(by, { _tag: "TurnOver", collection, ticket }))
      // Where that is lost, its lease ends.
      return Effect.asVoid(Effect.forkIn(Effect.interruptible(Effect.ignore(told)), scope))
    })

  /** Takes one turn after another, in the order of collections, so that nobody waits for each other. */
  const through = <A, E, R>(
    contest: Contest,
    [first, ...others]: ReadonlyArray<CollectionId>,
    before: Turn,
    use: (turn: Turn) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> => {
    if (first === undefined) return use(before)
    const onward = (turn: Exclude<Turn, "free">) => {
      turned(turn)
      return through(contest, others, before === "vain" ? before : turn, use)
    }
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(take(contest, first)), (held) => {
        if (held === undefined) return restore(Effect.suspend(() => onward("vain")))
        holding.add(held)
        return Effect.ensuring(restore(Effect.flatMap(examine(held), onward)), giveBack(held))
      })
    )
  }

  /** Takes note of how a transaction went, and of what the turns were worth that it had. */
  const heard = ({ collections, shards }: Manifest, turns: ReadonlyArray<Held>, answer: TransactAnswer) =>
    Effect.suspend(() => {
      switch (answer._tag) {
        case "Committed":
          for (const held of turns) held.isOver = true
          for (const { by } of turns) lostTurns.delete(by)
          return Effect.void
        case "Refused":
          return Effect.void
        default: {
          const blocks = answer._tag === "Stale" ? answer.missed : answer.by
          const owners = blocks.flatMap(({ block }) => shards.flatMap(({ writes }) => writes[block]?.collection ?? []))
          return Effect.zipRight(
            contend(owners.length > 0 ? owners : collections.map(({ id }) => id)),
            Effect.forEach(turns, lostIn, { discard: true })
          )
        }
      }
    })

  /** Who gives turns to several at once has them all lose. */
  const lostIn = ({ by }: Held): Effect.Effect<void> =>
    Effect.suspend(() => {
      const lost = (lostTurns.get(by) ?? 0) + 1
      lostTurns.set(by, lost)
      if (lost < policy.maxLostTurns) return Effect.void
      lostTurns.delete(by)
      return exclude(by)
    })

  return {
    inTurn: (contest, use) =>
      Effect.flatMap(contendedOf(contest.collections), (contended) =>
        contended.length === 0 ? use("free") : through(contest, contended.toSorted(), "free", use)
      ),
    isContended: (collections) => Effect.map(contendedOf(collections), ({ length }) => length > 0),
    shown: (ids) => {
      for (const { shown } of holding) {
        const blocks = ids.flatMap((id) => shown.get(id) ?? [])
        if (blocks.length === ids.length) return blocks.map(storedOf)
      }
      return undefined
    },
    watching: (manifest, transacting) =>
      Effect.suspend(() => {
        // Turns that come later are of others.
        const held = [...holding].filter(({ collection }) => manifest.collections.some(({ id }) => id === collection))
        return Effect.tap(transacting, (answer) => heard(manifest, held, answer))
      })
  }
})
