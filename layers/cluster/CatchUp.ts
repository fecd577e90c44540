/**
 * Fetches what this member missed: an apply that did not reach it, or what happened while it was away. Whatever others give
 * goes the way of any apply, so that nothing is taken without proof. Protocol §4, *Restart*.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type { ActionId, BlockId, PeerId, Rev } from "../../schemas/Ids.ts"
import { type CommitRequest, MAX_REVISIONS, type RepoAnswer, type RepoQuestion } from "../../schemas/Repo.ts"
import { ClusterIndex } from "../../services/ClusterIndex.ts"
import { ClusterMember, type MemberNotice } from "../../services/ClusterMember.ts"
import type { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { type PeerError, PeerNetwork } from "../../services/PeerNetwork.ts"
import type { Verifier } from "../../services/Verifier.ts"
import { addGiven, gatheredCommit, membersOfShards, startCommit } from "../../src/cluster/evidence/CommitGathering.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { RepoWriter } from "../repo/RepoWriter.ts"
import * as AntiEntropy from "./AntiEntropy.ts"
import { answerWithin } from "./answerWithin.ts"
import { type ClusterConstants, clusterRules } from "./ClusterConstants.ts"
import type { DrivePolicy } from "./DrivePolicy.ts"
import { type RepairCause, repaired } from "./metrics.ts"

/** How many blocks are caught up at once. */
const CONCURRENCY = 4
/** So many blocks are looked at for who else keeps them, each time somebody is looked for. */
const MEMBERS_PAGE = 32

/** A network, how long the answer of a peer is waited for, and how often something is compared. */
export interface CatchUpOptions extends ClusterConstants, Pick<DrivePolicy, "answerMillis" | "compareMillis"> {}

const make = Effect.fnUntraced(function* ({ answerMillis, compareMillis, ...constants }: CatchUpOptions) {
  const member = yield* ClusterMember
  const index = yield* ClusterIndex
  const keys = yield* KeyNetwork
  const rules = yield* clusterRules(constants)
  const { clusterSize } = constants
  const network = yield* PeerNetwork
  const writer = yield* RepoWriter

  const ask = <A extends RepoAnswer["_tag"]>(peer: PeerId, tag: A, question: RepoQuestion) =>
    answerWithin(answerMillis, peer, network.ask(repoProtocol, peer, question)).pipe(
      Effect.map((answer) => (answer._tag === tag ? (answer as Extract<RepoAnswer, { _tag: A }>) : undefined)),
      Effect.catchAll((_error: PeerError) => Effect.succeed(undefined))
    )

  const askTransaction = (peer: PeerId, action: ActionId) =>
    Effect.map(
      ask(peer, "Transaction", { _tag: "Transaction", actionId: action }),
      (answer) => answer?.found ?? undefined
    )

  /** A transaction that a peer tells of, with what others have of it where that peer is not in the same shards. */
  const fetch = Effect.fnUntraced(function* (
    peer: PeerId,
    action: ActionId
  ): Effect.fn.Return<CommitRequest | undefined> {
    const told = yield* askTransaction(peer, action)
    const signed = told?.request?.signed
    const begun = signed && startCommit(rules, action, network.self, signed)
    if (told === undefined || begun === undefined) return undefined
    let gathering = addGiven(rules, begun, told)
    for (const other of membersOfShards(gathering)) {
      const whole = gatheredCommit(rules, gathering)
      if (whole !== undefined) return whole
      if (other === peer || other === network.self) continue
      const more: CommitRequest | undefined = yield* askTransaction(other, action)
      if (more !== undefined) gathering = addGiven(rules, gathering, more)
    }
    return gatheredCommit(rules, gathering)
  })

  /** Applies a transaction that a peer tells of; whether it is applied now. */
  const apply = Effect.fnUntraced(function* (peer: PeerId, action: ActionId) {
    const found = yield* fetch(peer, action)
    if (found === undefined) return false
    const told = yield* Effect.either(member.answer({ _tag: "Apply", ...found }))
    return told._tag === "Right" && told.right._tag === "Ended"
  })

  const latestRev = (block: BlockId): Effect.Effect<number> =>
    Effect.orElseSucceed(
      Effect.map(writer.state(block), (state) => state?.latest.rev ?? 0),
      () => 0
    )

  /** Takes over from a peer what it has of a block; whether anything came of it. */
  const takeOver = Effect.fnUntraced(function* (block: BlockId, peer: PeerId, cause: RepairCause) {
    let applied = 0
    for (;;) {
      const from = ((yield* latestRev(block)) + 1) as Rev
      const told = yield* ask(peer, "Revisions", { _tag: "Revisions", block, from, limit: MAX_REVISIONS })
      for (const { actionId, rev } of told?.revisions ?? []) {
        if (rev < from || !(yield* apply(peer, actionId))) return applied > 0
        applied++
        repaired(cause)
      }
      // What was applied long ago is applied at once again, and brings nobody further.
      const isFurther = (yield* latestRev(block)) >= from
      if (!isFurther || told === undefined || told.revisions.length < MAX_REVISIONS) return applied > 0
    }
  })

  const catchUp = Effect.fnUntraced(function* (block: BlockId, cause: RepairCause) {
    const stored = yield* Effect.orElseSucceed(writer.state(block), () => undefined)
    for (const peer of stored?.members ?? index.homeOf(block) ?? keys.closest(block, clusterSize))
      if (peer !== network.self) yield* takeOver(block, peer, cause)
  })

  /** Who keeps the next few blocks of those that are kept here. */
  const membersOf = Effect.fnUntraced(
    function* (after: BlockId | undefined) {
      const { storage } = writer
      const ids = yield* storage.blocks({ limit: MEMBERS_PAGE, ...(after !== undefined && { after }) })
      const standings = yield* Effect.forEach(ids, (id) => Effect.orElseSucceed(storage.standing(id), () => undefined))
      const members = [...new Set(standings.flatMap((standing) => standing?.members ?? []))]
      const resume = ids[MEMBERS_PAGE - 1]
      return { members, ...(resume !== undefined && { resume }) }
    },
    Effect.orElseSucceed((): AntiEntropy.MembersPage => ({ members: [] }))
  )

  yield* Effect.forkScoped(
    AntiEntropy.run({
      answerMillis,
      catchUp: (block) => catchUp(block, "compared"),
      clusterSize,
      compareMillis,
      hasher: rules.hasher,
      keys,
      membersOf,
      latestRev: (block) =>
        Effect.orElseSucceed(
          Effect.map(writer.storage.standing(block), (standing) => standing?.rev ?? 0),
          () => 0
        ),
      pageOf: (peer, after) => ask(peer, "Shared", { _tag: "Shared", ...(after !== undefined && { after }) }),
      self: network.self
    })
  )

  const act = (notice: MemberNotice) =>
    notice._tag === "Alarm"
      ? Effect.logError(`Transaction ${notice.action}: ${notice.reason}`)
      : // What goes wrong with one notice, whoever has it go wrong, is no reason to heed no other.
        Effect.catchAllDefect(
          Effect.forEach(notice.blocks, (block) => catchUp(block, "noticed"), { discard: true }),
          (defect) => Effect.logWarning("What is missing here was not fetched", defect)
        )

  yield* Effect.forkScoped(
    Effect.forEach(
      Array.from({ length: CONCURRENCY }),
      () => Effect.forever(Effect.flatMap(Queue.take(member.notices), act)),
      { concurrency: "unbounded", discard: true }
    )
  )
})

/** Catches a member up with the others of its clusters, whenever it notices that it must. */
export const layer = (
  options: CatchUpOptions
): Layer.Layer<
  never,
  never,
  ClusterIndex | ClusterMember | KeyNetwork | PeerNetwork | RepoWriter | Hasher | Verifier
> => Layer.scopedDiscard(make(options))
