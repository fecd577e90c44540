/** Reads from clusters: the latest revisions, and those at a revision of their collection. Protocol §5. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { MemberAnswer } from "../../schemas/Cluster.ts"
import { BlockUnavailable } from "../../schemas/Errors.ts"
import type { ActionId, BlockId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import type { ProvedBlock, RepoAnswer, RepoQuestion, StoredBlock } from "../../schemas/Repo.ts"
import type { ClusterClientService } from "../../services/ClusterClient.ts"
import type { ClusterIndexService } from "../../services/ClusterIndex.ts"
import type { KeyNetworkService } from "../../services/KeyNetwork.ts"
import type { PeerError } from "../../services/PeerNetwork.ts"
import type { ReadError, StorageRepoService } from "../../services/StorageRepo.ts"
import type { LatestBlocks } from "../../services/Transactor.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import { mayHoldLock } from "../../src/cluster/evidence/LockClaim.ts"
import { nextProblem } from "../../src/cluster/evidence/NextRevision.ts"
import { provedBlockProblem } from "../../src/cluster/evidence/ProvedBlock.ts"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import { isUndecided } from "../../src/cluster/Reading.ts"
import { actionId, PLACE_CHARACTERS } from "../../src/encoding/BlockIds.ts"
import type { DrivePolicy } from "./DrivePolicy.ts"
import { gather } from "./gather.ts"
import type { ReadPolicy } from "./ReadPolicy.ts"
import { type Told, toldOf } from "./Told.ts"

/** What reading takes. */
export interface ClusterReadsContext {
  readonly rules: ClusterRules
  readonly clusterSize: number
  readonly client: ClusterClientService
  readonly keys: Pick<KeyNetworkService, "closest" | "isAdmitted">
  readonly index: ClusterIndexService
  /** What this node keeps itself. */
  readonly repo: StorageRepoService
  /** How far this node has applied the collection of a block. */
  readonly throughOf: (block: BlockId) => Effect.Effect<number, ReadError>
  readonly askRepo: (peer: PeerId, question: RepoQuestion) => Effect.Effect<RepoAnswer, PeerError>
  readonly policy: ReadPolicy & Pick<DrivePolicy, "answerMillis">
  /** Waits a moment for a transaction to end, or sees to it that it does. */
  readonly resolve: (signed: SignedManifest) => Effect.Effect<void>
}

type Members = ReadonlyArray<PeerId>

/** The members of a cluster, and the blocks that they are asked about. */
interface AskedCluster {
  readonly peers: ReadonlyArray<PeerId>
  readonly blocks: ReadonlyArray<BlockId>
}

type Latest = Extract<MemberAnswer, { _tag: "Latest" }>

/** What a peer gave, checked: undefined where it says that there is nothing. */
interface Fetched {
  readonly found: ProvedBlock | undefined
  /** It claims to have all of the collection up to this revision. */
  readonly through: number
}

/** The latest revision of a block, undefined where there is none; or those who told of one and did not prove it. */
type Proved = { readonly found: StoredBlock | undefined } | { readonly doubtful: ReadonlyArray<PeerId> }

/** What was proved of several blocks. */
interface LatestProved {
  readonly all: ReadonlyArray<Proved>
  readonly isOneInstant: boolean
}

/** The first pause before members are asked again that have not applied a revision yet, in milliseconds; it doubles with each. */
const LAG_MILLIS = 2
/** They are asked so often, at most. */
const MAX_LAG_ROUNDS = 8

/** The members of what appeared while it was read are looked for so often, at most; then who tells of it is doubted. */
const MAX_LOCATED = 6

/** Reads over the clusters of a network. */
export interface ClusterReads {
  /** The latest of several blocks, all as of one instant if they keep still for as long as it takes to see that. */
  readonly latest: (ids: ReadonlyArray<BlockId>) => Effect.Effect<LatestBlocks, ReadError>
  /** A block at a revision of its collection that is known to have been reached. `members` keep it where these are not its header's. */
  readonly at: (id: BlockId, rev: Rev, members?: Members) => Effect.Effect<StoredBlock | undefined, ReadError>
  /** The members of a block's cluster, this node first where it is one: those given, or else the closest to its place. */
  readonly membersOf: (id: BlockId, members?: Members) => Effect.Effect<Members, BlockUnavailable>
}

/** Reads over the clusters of a network. */
export const make = (context: ClusterReadsContext): ClusterReads => {
  const { askRepo, client, clusterSize, index, keys, policy, repo, rules, throughOf } = context
  const { liars, quorum } = quorumsOf(clusterSize, rules.faultModel)

  /** Of what does not exist yet as far as is known, those who are to keep it. */
  const certified = (id: BlockId, members?: Members): Members =>
    members ?? index.homeOf(id) ?? keys.closest(id, clusterSize)

  const membersOf: ClusterReads["membersOf"] = (id, given) =>
    Effect.suspend(() => {
      const known = given ?? index.homeOf(id)
      return known === undefined
        ? Effect.flatMap(index.locate(id), (found) => ofCluster(id, found))
        : ofCluster(id, known)
    })

  const ofCluster = (id: BlockId, members: Members): Effect.Effect<Members, BlockUnavailable> =>
    Effect.suspend(() => {
      if (members.length < clusterSize) {
        const reason = `its cluster has ${clusterSize} members, and ${members.length} peers are known`
        return new BlockUnavailable({ block: id, reason })
      }
      const { self } = client
      return Effect.succeed(members.includes(self) ? [self, ...members.filter((peer) => peer !== self)] : members)
    })

  const unavailable = (block: BlockId, reason: string) => new BlockUnavailable({ block, reason })

  /** What Q members of a cluster tell of some of its blocks. */
  const askLatest = Effect.fnUntraced(function* (peers: ReadonlyArray<PeerId>, blocks: ReadonlyArray<BlockId>) {
    const answers = yield* gather({
      ask: (peer) => client.ask(peer, { _tag: "Read", blocks }),
      counts: (answer) => answer._tag === "Latest" && answer.blocks.length === blocks.length,
      answerMillis: policy.answerMillis,
      hedgeMillis: policy.readHedgeMillis,
      need: quorum,
      peers
    })
    if (answers.size < quorum) {
      return yield* unavailable(blocks[0]!, `${quorum} members must answer a read; ${answers.size} did`)
    }
    return answers as ReadonlyMap<PeerId, Latest>
  })

  /** Whether a transaction was certainly undecided after the read began. */
  const wasUndecided = (signed: SignedManifest): Effect.Effect<boolean> => {
    const { members } = signed.manifest.shards[0]
    const action = actionId(rules.hasher, signed.manifest)
    const told = gather({
      ask: (peer) => client.ask(peer, { _tag: "Ask", actionId: action, wantsPayload: false }),
      counts: ({ _tag }) => _tag === "Open" || _tag === "Ended",
      answerMillis: policy.answerMillis,
      hedgeMillis: policy.readHedgeMillis,
      need: quorumsOf(members.length, rules.faultModel).quorum,
      peers: members
    })
    return Effect.map(told, (answers) => isUndecided(rules, signed.manifest, answers))
  }

  /**
   * The latest revisions, each proved by nobody yet, once no lock of a transaction that may be decided is in the way. Those who
   * told of what they did not prove are not asked.
   */
  const toldLatest = Effect.fnUntraced(function* (clusters: ReadonlyArray<AskedCluster>, doubted: ReadonlySet<PeerId>) {
    for (let round = 0; round < policy.maxReadRounds; round++) {
      const told = new Map<BlockId, Told>()
      const holders = new Map<ActionId, SignedManifest>()
      const asked = ({ blocks, peers }: AskedCluster) =>
        askLatest(
          peers.filter((peer) => !doubted.has(peer)),
          blocks
        )
      const answered = yield* Effect.forEach(clusters, asked, { concurrency: "unbounded" })
      for (const [index, { blocks, peers }] of clusters.entries()) {
        const answers = answered[index]!
        const cluster = { clusterSize, isAdmitted: keys.isAdmitted, members: [...peers].sort() }
        blocks.forEach((block, i) => {
          const each = [...answers].map(([peer, { blocks }]) => [peer, blocks[i]!] as const)
          told.set(block, toldOf(each))
          for (const [, { locks }] of each) {
            for (const signed of locks) {
              const action = actionId(rules.hasher, signed.manifest)
              if (!holders.has(action) && mayHoldLock(rules, cluster, block, action, signed))
                holders.set(action, signed)
            }
          }
        })
      }
      const undecided = yield* Effect.forEach(holders.values(), wasUndecided, { concurrency: "unbounded" })
      const decided = [...holders.values()].filter((_signed, i) => !undecided[i])
      if (decided.length === 0) return told
      yield* Effect.forEach(decided, context.resolve, { discard: true })
    }
    return yield* unavailable(clusters[0]!.blocks[0]!, "the transactions that hold locks on it do not come to an end")
  })

  /** Blocks by the clusters that keep them. */
  const clustersOf = Effect.fnUntraced(function* (ids: ReadonlyArray<BlockId>) {
    const clusters = new Map<string, AskedCluster & { readonly blocks: Array<BlockId> }>()
    for (const id of new Set(ids)) {
      const peers = yield* membersOf(id)
      const known = clusters.get(peers.join())
      if (known === undefined) clusters.set(peers.join(), { blocks: [id], peers })
      else known.blocks.push(id)
    }
    return [...clusters.values()]
  })

  /** A block that a peer gives, if what it gives is sound. */
  const fetch = Effect.fnUntraced(function* (
    id: BlockId,
    at: Rev,
    peer: PeerId,
    members?: Members
  ): Effect.fn.Return<Fetched | undefined> {
    const answer = yield* Effect.orElseSucceed(askRepo(peer, { _tag: "BlockAt", at, id }), () => undefined)
    if (answer?._tag !== "BlockAt") return undefined
    const { found } = answer
    if (found === null) return { found: undefined, through: answer.through }
    const problem = provedBlockProblem(rules, id, certified(id, members), found)
    if (problem === undefined && found.revision.rev <= at) return { found, through: answer.through }
    yield* Effect.logWarning(`Peer ${peer} gave block ${id} falsely`, problem ?? "it is of a later revision")
    return undefined
  })

  /**
   * The highest revision that is told of, or who told of it in vain. A lower one is never taken in its place: it may be that only
   * the answer was lost that would have proved it.
   */
  const proved = Effect.fnUntraced(function* (
    id: BlockId,
    { by, rev }: Told,
    members?: Members
  ): Effect.fn.Return<Proved, ReadError> {
    if (rev === 0) return { found: undefined }
    const peers = by.get(rev)!
    if (peers.includes(client.self)) {
      const [own] = yield* repo.get([{ at: rev, id }])
      if (own?.rev === rev) return { found: own }
    }
    for (const peer of peers) {
      if (peer === client.self) continue
      const given: Fetched | undefined = yield* fetch(id, rev, peer, members)
      if (given?.found?.revision.rev === rev) return { found: storedOf(given.found) }
    }
    return { doubtful: peers }
  })

  /** The latest of several blocks, as those tell who are not doubted; or only whom to doubt, too. */
  const latestOf = Effect.fnUntraced(function* (
    ids: ReadonlyArray<BlockId>,
    doubted: ReadonlySet<PeerId>
  ): Effect.fn.Return<LatestProved, ReadError> {
    const clusters = yield* clustersOf(ids)
    let told = yield* toldLatest(clusters, doubted)
    // Also members of one cluster are asked at different moments. Of one collection the tail alone is what counts.
    let isOneInstant = new Set(ids.map((id) => id.slice(0, PLACE_CHARACTERS))).size <= 1
    const shown = new Map<BlockId, Proved>()
    let unproved: ReadonlyArray<BlockId> = isOneInstant ? [] : [...told.keys()]
    for (let round = 0; !isOneInstant && round < policy.maxSnapshotReads; round++) {
      // What nobody has proved yet may be of an instant still to come: it is proved before it is looked for again. Who tells of
      // something new each time, and proves none of it, would also keep everybody reading.
      const news = yield* Effect.forEach(unproved, (id) => proved(id, told.get(id)!))
      const doubtful = news.filter((each) => "doubtful" in each)
      if (doubtful.length > 0) return { all: doubtful, isOneInstant: false }
      for (const [i, id] of unproved.entries()) shown.set(id, news[i]!)
      // Unchanged between two reads: all of one instant.
      const again = yield* toldLatest(clusters, doubted)
      unproved = [...told].flatMap(([id, { rev }]) => (again.get(id)!.rev === rev ? [] : [id]))
      for (const id of unproved) shown.delete(id)
      isOneInstant = unproved.length === 0
      told = again
    }
    const all = yield* Effect.forEach(ids, (id) => {
      const known = shown.get(id)
      return known === undefined ? proved(id, told.get(id)!) : Effect.succeed(known)
    })
    return { all, isOneInstant }
  })

  /** Whether a peer shows what followed a block that it gave: then it kept back nothing between. */
  const showsNext = Effect.fnUntraced(function* (
    id: BlockId,
    at: Rev,
    peer: PeerId,
    members: Members,
    given: StoredBlock
  ) {
    const from = (given.rev + 1) as Rev
    const told = yield* askRepo(peer, { _tag: "Revisions", block: id, from, limit: 1 })
    const next = told._tag === "Revisions" ? told.revisions[0]?.rev : undefined
    if (next === undefined || next <= at) return false
    const answer = yield* askRepo(peer, { _tag: "Proof", block: id, rev: next })
    const shown = answer._tag === "Proof" ? answer.found : null
    return shown !== null && nextProblem(rules, id, members, given, next, shown) === undefined
  })

  /** A block as it was before a later revision that a peer tells of. */
  const beforeNext = Effect.fnUntraced(function* (id: BlockId, at: Rev, peer: PeerId, members: Members) {
    if (peer === client.self) return (yield* repo.get([{ at, id }]))[0]
    const given = yield* fetch(id, at, peer, members)
    if (given?.found === undefined) return undefined
    const stored = storedOf(given.found)
    const isShown = yield* Effect.orElseSucceed(showsNext(id, at, peer, members, stored), () => false)
    return isShown ? stored : undefined
  })

  /**
   * A scattered block at a revision: who keeps it need not know how far its collection has come. So it is the latest one, if
   * that is not above the revision; or the one before the next, from any single member that shows both. Protocol §5.
   */
  const scatteredAt = Effect.fnUntraced(function* (id: BlockId, rev: Rev, members: Members) {
    const doubted = new Set<PeerId>()
    const peers = yield* membersOf(id, members)
    for (;;) {
      const told: Told = (yield* toldLatest([{ blocks: [id], peers }], doubted)).get(id)!
      if (told.rev <= rev) {
        const given: Proved = yield* proved(id, told, members)
        if ("found" in given) return given.found
      }
      // Each time somebody is doubted who was not before, until too few are left.
      for (const peer of told.by.get(told.rev)!) {
        const given: StoredBlock | undefined = told.rev > rev ? yield* beforeNext(id, rev, peer, members) : undefined
        if (given !== undefined) return given
        doubted.add(peer)
      }
    }
  })

  /** As f+1 members tell that have all of the collection up to a revision; undefined where some of them are still to apply it. */
  const toldAt = Effect.fnUntraced(function* (id: BlockId, rev: Rev, peers: ReadonlyArray<PeerId>) {
    let behind = 0
    const answers = yield* gather({
      answerMillis: policy.answerMillis,
      ask: (peer) => fetch(id, rev, peer),
      counts: (answer) => {
        const isThere = answer !== undefined && answer.through >= rev
        if (answer !== undefined && !isThere) behind++
        return isThere
      },
      hedgeMillis: policy.readHedgeMillis,
      need: liars + 1,
      peers
    })
    if (answers.size > liars) return [...answers.values()]
    if (answers.size + behind > liars) return undefined
    return yield* unavailable(id, `${liars + 1} members must have revision ${rev}`)
  })

  /** Whether a header that was not to be found when its members were looked for is there. */
  const hasAppeared = (id: BlockId, ids: ReadonlyArray<BlockId>, all: ReadonlyArray<Proved>): boolean => {
    if (index.homeOf(id) !== undefined) return false
    // Where some are doubtful, that is all that is told.
    const proved = all.length === ids.length ? all[ids.indexOf(id)] : undefined
    return proved === undefined || "doubtful" in proved || proved.found !== undefined
  }

  return {
    at: Effect.fnUntraced(function* (id: BlockId, rev: Rev, members?: Members) {
      const peers = yield* membersOf(id, members)
      if (peers[0] === client.self && (yield* throughOf(id)) >= rev) return (yield* repo.get([{ at: rev, id }]))[0]
      if (members !== undefined) return yield* scatteredAt(id, rev, members)
      const others = peers.filter((peer) => peer !== client.self)
      for (let round = 0; round < MAX_LAG_ROUNDS; round++) {
        const told = yield* toldAt(id, rev, others)
        if (told === undefined) {
          yield* Effect.sleep(Duration.millis(LAG_MILLIS * 2 ** round))
          continue
        }
        // One of them is honest, and has all there is.
        const found = told.flatMap((answer) => answer?.found ?? [])
        const [newest] = found.toSorted((a, b) => b.revision.rev - a.revision.rev)
        return newest === undefined ? undefined : storedOf(newest)
      }
      return yield* unavailable(id, `too few members come to have revision ${rev}`)
    }),
    latest: Effect.fnUntraced(function* (ids: ReadonlyArray<BlockId>) {
      const doubted = new Set<PeerId>()
      for (let located = 0; ; ) {
        const { all, isOneInstant }: LatestProved = yield* latestOf(ids, doubted)
        // Created since it was looked for, and perhaps over others than were asked: its members are to be found first.
        const appeared = located < MAX_LOCATED ? ids.filter((id) => hasAppeared(id, ids, all)) : []
        if (appeared.length > 0) {
          yield* Effect.sleep(Duration.millis(LAG_MILLIS * 2 ** located++))
          yield* Effect.forEach(appeared, index.locate, { discard: true })
          continue
        }
        const doubtful = all.flatMap((each) => ("doubtful" in each ? each.doubtful : []))
        // Each time somebody is doubted who was not before, until too few are left.
        if (doubtful.length === 0) {
          return { blocks: all.map((each) => ("found" in each ? each.found : undefined)), isOneInstant }
        }
        for (const peer of doubtful) doubted.add(peer)
      }
    }),
    membersOf
  }
}

/** A block as it is stored, without what proves it. */
export const storedOf = ({ block, revision }: ProvedBlock): StoredBlock => ({
  after: revision.after,
  block: block ?? undefined,
  rev: revision.rev
})
