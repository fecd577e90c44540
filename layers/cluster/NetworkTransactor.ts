/**
 * The transactor of a node in a network: transactions are driven over the clusters of the blocks that they name, reads ask the
 * clusters that keep what is read. Protocol §3 to §5.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Ending, MemberAnswer } from "../../schemas/Cluster.ts"
import { BlockUnavailable, type Busy, type LimitExceeded, OutcomeUnknown } from "../../schemas/Errors.ts"
import type { ActionId, BlockId, PeerId } from "../../schemas/Ids.ts"
import type { SignedManifest, TransactionRef } from "../../schemas/Manifest.ts"
import {
  MAX_REVISIONS,
  type PendRequest,
  type RepoAnswer,
  type RepoQuestion,
  type TransactionStatus
} from "../../schemas/Repo.ts"
import { ClusterClient } from "../../services/ClusterClient.ts"
import { ClusterIndex } from "../../services/ClusterIndex.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { CoordinatorRepo } from "../../services/CoordinatorRepo.ts"
import type { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import {
  type LatestBlocks,
  type LocatedRead,
  type TransactAnswer,
  Transactor,
  type TransactorService
} from "../../services/Transactor.ts"
import type { Verifier } from "../../services/Verifier.ts"
import { RecentTimes } from "../../src/cluster/driver/RecentTimes.ts"
import { endingProblem } from "../../src/cluster/evidence/Ending.ts"
import { revisionOf } from "../../src/cluster/evidence/RevisionProof.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { entriesOf } from "../../src/storage/manifestRules.ts"
import { traced } from "../../src/tracing/traced.ts"
import { RepoWriter } from "../repo/RepoWriter.ts"
import { answerWithin } from "./answerWithin.ts"
import { type ClusterConstants, clusterRules } from "./ClusterConstants.ts"
import type { LookupPolicy } from "./ClusterIndex.ts"
import * as ClusterReads from "./ClusterReads.ts"
import { type DrivePolicy, defaultDrivePolicy } from "./DrivePolicy.ts"
import { gather } from "./gather.ts"
import { locating } from "./locating.ts"
import { transacting } from "./metrics.ts"
import { defaultReadPolicy, type ReadPolicy } from "./ReadPolicy.ts"
import { throughOf } from "./RepoService.ts"
import * as Resolution from "./Resolution.ts"
import * as Sweep from "./Sweep.ts"
import * as TransactionActor from "./TransactionActor.ts"
import { defaultTurnPolicy, type TurnPolicy } from "./TurnPolicy.ts"
import * as Turns from "./Turns.ts"

/** A network, and how patient its transactor is. */
export interface NetworkTransactorOptions extends ClusterConstants {
  readonly policy?: Partial<DrivePolicy & ReadPolicy & LookupPolicy & TurnPolicy>
}

type Requirements =
  | ClusterClient
  | ClusterIndex
  | ClusterMember
  | CoordinatorRepo
  | KeyNetwork
  | PeerNetwork
  | StorageRepo
  | RepoWriter
  | Hasher
  | Verifier

/** Objections by what comes of them: the transaction is refused, is too large, is over others than it should be, or may be tried again. */
const byKind = (objections: Iterable<TransactionActor.Objection>) => {
  const kinds = {
    busy: [] as Busy[],
    limits: [] as LimitExceeded[],
    membership: [] as string[],
    rules: [] as string[]
  }
  for (const objection of objections) {
    if (typeof objection === "string") kinds.rules.push(objection)
    else if (objection._tag === "Busy") kinds.busy.push(objection)
    else if (objection._tag === "Membership") kinds.membership.push(objection.reason)
    else kinds.limits.push(objection)
  }
  return kinds
}

const NOTHING: LatestBlocks = { blocks: [], isOneInstant: true }

/** How many votes are remembered to say how long one takes. */
const VOTES_TIMED = 64

const make = Effect.fnUntraced(function* ({
  policy: given,
  ...constants
}: NetworkTransactorOptions): Effect.fn.Return<TransactorService, never, Requirements | Scope.Scope> {
  const index = yield* ClusterIndex
  const member = yield* ClusterMember
  const keys = yield* KeyNetwork
  const peers = yield* PeerNetwork
  const repo = yield* StorageRepo
  const writer = yield* RepoWriter
  const scope = yield* Effect.scope
  const clock = yield* Effect.clock
  const rules = { ...(yield* clusterRules(constants)), creatorOf: index.creatorOf }
  const { clusterSize, faultModel, network } = constants
  const { hasRoster } = rules
  const policy = { ...defaultDrivePolicy, ...defaultReadPolicy, ...defaultTurnPolicy, ...given }
  const { liars } = quorumsOf(clusterSize, faultModel)
  const asked = yield* ClusterClient
  const client = hasRoster ? asked : locating(asked, index)
  const voteTimes = new RecentTimes(VOTES_TIMED)
  const contextWith = (
    onInTheWay: Resolution.Resolution["afterPatience"]
  ): TransactionActor.TransactionActorContext => ({ client, onInTheWay, policy, rules, voteTimes })
  const resolution = Resolution.make(contextWith, scope)
  const context = contextWith(resolution.afterPatience)
  yield* Effect.forkScoped(Sweep.run(member, resolution.recover, policy.sweepMillis))

  const askRepo = (peer: PeerId, question: RepoQuestion) =>
    answerWithin(policy.answerMillis, peer, peers.ask(repoProtocol, peer, question))
  const reads = ClusterReads.make({
    askRepo,
    client,
    clusterSize,
    index,
    keys,
    policy,
    repo,
    resolve: resolution.await,
    rules,
    throughOf: (block) => throughOf(writer, block)
  })
  const turns = yield* Turns.make({
    ask: (peer, question) => peers.ask(repoProtocol, peer, question),
    coordinator: yield* CoordinatorRepo,
    member,
    membersOf: reads.membersOf,
    policy,
    rules,
    scope,
    self: client.self,
    throughOf: (collection) => throughOf(writer, collection)
  })

  const get = Effect.fnUntraced(function* (asked: ReadonlyArray<LocatedRead>) {
    const latest = asked.filter(({ at }) => at === undefined).map(({ id }) => id)
    const { blocks, isOneInstant } = latest.length === 0 ? NOTHING : yield* reads.latest(latest)
    if (!isOneInstant) {
      return yield* new BlockUnavailable({ block: latest[0]!, reason: "it changes faster than it can be read" })
    }
    const byId = new Map(latest.map((id, i) => [id, blocks[i]]))
    return yield* Effect.forEach(asked, ({ at, id, members }) =>
      at === undefined ? Effect.succeed(byId.get(id)) : reads.at(id, at, members)
    )
  })

  /** What this node keeps of its own blocks; where it is no member, it knows nothing by itself but what it was shown for its turn. */
  const known: NonNullable<TransactorService["known"]> = (ids) =>
    Effect.flatMap(
      Effect.forEach(ids, (id) => reads.membersOf(id)),
      (members) => {
        const ofOneInstant = (blocks: LatestBlocks["blocks"]): LatestBlocks => ({ blocks, isOneInstant: true })
        if (members.every(([first]) => first === client.self)) {
          return Effect.map(repo.get(ids.map((id) => ({ id }))), ofOneInstant)
        }
        const shown = turns.shown(ids)
        return shown === undefined ? reads.latest(ids) : Effect.succeed(ofOneInstant(shown))
      }
    )

  const refOf = (action: ActionId, { manifest }: SignedManifest): TransactionRef => ({
    actionId: action,
    home: (manifest.collections[0]?.id ?? entriesOf(manifest.shards[0].reads)[0]?.[0]) as TransactionRef["home"]
  })

  const decide = Effect.fnUntraced(function* ({ payload, signed }: PendRequest) {
    const action = actionId(rules.hasher, signed.manifest)
    const { ending, inTheWay, objections } = yield* Effect.mapError(
      TransactionActor.drive(context, { action, payload, signed }, scope),
      ({ reason }) => new OutcomeUnknown({ reason, ref: refOf(action, signed) })
    )
    if (ending._tag === "Committed") yield* index.created(signed)
    return yield* answerOf(action, ending, inTheWay, objections)
  }, Effect.uninterruptible)

  const answerOf = (
    action: ActionId,
    ending: TransactionActor.Outcome["ending"],
    by: TransactionActor.Outcome["inTheWay"],
    objections: TransactionActor.Outcome["objections"]
  ): Effect.Effect<TransactAnswer, Busy | LimitExceeded> => {
    switch (ending._tag) {
      case "Committed":
        return Effect.succeed({ _tag: "Committed", actionId: action, proof: ending.proof })
      case "Excluded": {
        const { block, signed } = ending.by
        const latest = revisionOf(signed.manifest, actionId(rules.hasher, signed.manifest), block) ?? null
        return Effect.succeed({ _tag: "Stale", actionId: action, missed: [{ block, latest }] })
      }
      default: {
        // What more than the liars object to is so.
        const { busy, limits, membership, rules } = byKind(objections.values())
        const refusals = hasRoster ? [...rules, ...membership] : rules
        if (refusals.length > liars) return Effect.succeed({ _tag: "Refused", actionId: action, reason: refusals[0]! })
        if (limits.length > liars) return limits[0]!
        if (busy.length > liars && by.length === 0) return busy[0]!
        const locked: TransactAnswer = { _tag: "Locked", actionId: action, by }
        // Views of who is closest differ for as long as word of a newcomer takes: the author looks again once it may have come.
        const pause =
          hasRoster || membership.length === 0 ? Effect.void : Effect.sleep(Duration.millis(policy.viewMillis))
        return Effect.as(pause, locked)
      }
    }
  }

  /** What the members of a transaction's home know of it. */
  const askHome = Effect.fnUntraced(function* ({ actionId: action, home }: TransactionRef) {
    const members = yield* reads.membersOf(home)
    const counts = ({ _tag }: MemberAnswer) => _tag === "Ended" || _tag === "Open"
    return yield* gather({
      ask: (peer) => client.ask(peer, { _tag: "Ask", actionId: action, wantsPayload: false }),
      counts,
      answerMillis: policy.answerMillis,
      hedgeMillis: policy.readHedgeMillis,
      need: members.length,
      peers: members
    })
  })

  /** How a transaction ended, or what is known of it where it has not. */
  const knownEnd = (ref: TransactionRef) =>
    Effect.map(askHome(ref), (answers) => {
      const manifests = [...answers.values()].flatMap((answer) =>
        (answer._tag === "Open" || answer._tag === "Ended") && answer.signed !== undefined ? [answer.signed] : []
      )
      const signed = manifests.find(({ manifest }) => actionId(rules.hasher, manifest) === ref.actionId)
      const ended = [...answers.values()].flatMap((answer) => (answer._tag === "Ended" ? [answer.ending] : []))
      const isShown = (ending: Ending) =>
        signed === undefined
          ? // Without the manifest nothing can be checked: one of so many is honest.
            ended.filter(({ _tag }) => (_tag === "Committed") === (ending._tag === "Committed")).length > liars
          : endingProblem(rules, ref.actionId, signed.manifest, ending) === undefined
      return { ending: ended.find(isShown), signed }
    })

  const statusOf = (action: ActionId, ending: TransactionActor.Outcome["ending"]): TransactionStatus =>
    ending._tag === "Committed"
      ? { _tag: "Committed", actionId: action, proof: ending.proof }
      : { _tag: "Aborted", actionId: action }

  const status: TransactorService["status"] = (ref) =>
    Effect.map(knownEnd(ref), ({ ending, signed }): TransactionStatus => {
      if (ending !== undefined) return statusOf(ref.actionId, ending)
      return { _tag: signed === undefined ? "Unknown" : "Pended", actionId: ref.actionId }
    })

  const cancel: TransactorService["cancel"] = (ref) =>
    Effect.flatMap(knownEnd(ref), ({ ending, signed }) => {
      if (ending !== undefined) return Effect.succeed(statusOf(ref.actionId, ending))
      if (signed === undefined) return Effect.succeed<TransactionStatus>({ _tag: "Unknown", actionId: ref.actionId })
      return Effect.mapBoth(resolution.recover(signed), {
        onFailure: ({ reason }) => new OutcomeUnknown({ reason, ref }),
        onSuccess: ({ ending }) => statusOf(ref.actionId, ending)
      })
    })

  /** What any member that has it tells of a block; what it tells is checked by whoever asked, or is for people to look at. */
  const askAny = Effect.fnUntraced(function* <A extends RepoAnswer["_tag"]>(
    block: BlockId,
    tag: A,
    question: RepoQuestion,
    given?: ReadonlyArray<PeerId>
  ) {
    const members = yield* reads.membersOf(block, given)
    const answers = yield* gather({
      ask: (peer) => peers.ask(repoProtocol, peer, question),
      counts: (answer) => answer._tag === tag,
      answerMillis: policy.answerMillis,
      hedgeMillis: policy.readHedgeMillis,
      need: 1,
      peers: members.filter((peer) => peer !== client.self)
    })
    const [answer] = answers.values()
    if (answer === undefined) return yield* new BlockUnavailable({ block, reason: "no member answers" })
    return answer as Extract<RepoAnswer, { _tag: A }>
  })

  /** What this node tells where it is a member of a block's cluster, or else what others tell. */
  const hereOrThere = <A, E, E2>(
    block: BlockId,
    members: ReadonlyArray<PeerId> | undefined,
    here: Effect.Effect<A, E>,
    there: Effect.Effect<A, E2>
  ) =>
    Effect.flatMap(
      reads.membersOf(block, members),
      ([first]): Effect.Effect<A, E | E2> => (first === client.self ? here : there)
    )

  return {
    cancel,
    collections: repo.collections,
    faultModel,
    get: (asked) =>
      traced(
        "Transactor.get",
        () => get(asked),
        () => ({ blocks: asked.length })
      ),
    known,
    latest: (ids) =>
      traced(
        "Transactor.latest",
        () => reads.latest(ids),
        () => ({ blocks: ids.length })
      ),
    membersAt: (place) => keys.closest(place, clusterSize),
    membersFor: (header) =>
      Effect.map(
        reads.membersOf(header),
        (members) => members.toSorted() as unknown as readonly [PeerId, ...Array<PeerId>]
      ),
    network,
    proof: (block, rev, members) => {
      const there = askAny(block, "Proof", { _tag: "Proof", block, rev }, members)
      return hereOrThere(
        block,
        members,
        repo.proof(block, rev),
        Effect.map(there, ({ found }) => found ?? undefined)
      )
    },
    revisions: (block, { from, limit }, members) => {
      const question = { _tag: "Revisions", block, from, limit: Math.min(limit, MAX_REVISIONS) } as const
      const there = askAny(block, "Revisions", question, members)
      return hereOrThere(
        block,
        members,
        repo.revisions(block, { from, limit }),
        Effect.map(there, ({ revisions }) => revisions)
      )
    },
    status,
    stored: (block, at, members) => hereOrThere(block, members, repo.stored(block, at), reads.at(block, at, members)),
    transact: (request) => {
      const { manifest } = request.signed
      return traced(
        "Transactor.transact",
        () => turns.watching(manifest, transacting(clock, decide(request))),
        () => ({ collections: manifest.collections.map(({ id }) => id), shards: manifest.shards.length })
      )
    },
    turns
  }
})

/** The transactor of a node that keeps blocks in a network of clusters, and asks others for theirs. */
export const layer = (options: NetworkTransactorOptions): Layer.Layer<Transactor, never, Requirements> =>
  Layer.scoped(Transactor, make(options))
