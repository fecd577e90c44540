/**
 * What several peers give of one committed transaction, put together: each keeps the changes and the pend certificates of the
 * shards that it is in, and who fetches the transaction may be in others. Only what is signed for is taken. Protocol §3, *Apply*.
 */
import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import type { CommitRequest } from "../../../schemas/Repo.ts"
import type { Transform } from "../../../schemas/Transform.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { entriesOf } from "../../storage/manifestRules.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { decisionProblem, pendProblem } from "./Certificate.ts"
import { hasHash } from "./PayloadMismatch.ts"

/** What was given so far of what one peer needs. */
export interface CommitGathering {
  readonly action: ActionId
  readonly signed: SignedManifest
  /** The shards that the peer is in. */
  readonly shards: ReadonlyArray<number>
  readonly decision: Certificate | undefined
  readonly pends: ReadonlyMap<number, Certificate>
  readonly changes: ReadonlyMap<BlockId, Transform>
}

/** What a peer needs of a transaction, with nothing given yet; undefined where the manifest is another's. */
export const startCommit = (
  { hasher }: ClusterRules,
  action: ActionId,
  self: PeerId,
  signed: SignedManifest
): CommitGathering | undefined =>
  actionId(hasher, signed.manifest) === action
    ? {
        action,
        changes: new Map(),
        decision: undefined,
        pends: new Map(),
        shards: [...signed.manifest.shards.keys()].filter((i) => signed.manifest.shards[i]!.members.includes(self)),
        signed
      }
    : undefined

/** Takes what is needed and sound of what a peer gives. */
export const addGiven = (
  rules: ClusterRules,
  before: CommitGathering,
  { proof, request }: CommitRequest
): CommitGathering => {
  const { action, shards, signed } = before
  const { manifest } = signed
  const isDecided = decisionProblem(rules, action, manifest, "commit", proof.decision) === undefined
  const pends = new Map(before.pends)
  for (const pend of proof.pends ?? []) {
    const isNew = shards.includes(pend.shard) && !pends.has(pend.shard)
    if (isNew && pendProblem(rules, action, manifest, pend.shard, pend) === undefined) pends.set(pend.shard, pend)
  }
  const changes = new Map(before.changes)
  for (const [id, { change }] of writesOf(before)) {
    const given = request !== undefined && Object.hasOwn(request.payload, id) ? request.payload[id] : undefined
    if (given !== undefined && !changes.has(id) && hasHash(rules.hasher, given, change)) changes.set(id, given)
  }
  return { ...before, changes, decision: before.decision ?? (isDecided ? proof.decision : undefined), pends }
}

const writesOf = ({ shards, signed }: CommitGathering) =>
  shards.flatMap((index) => entriesOf(signed.manifest.shards[index]!.writes))

/** The transaction as the peer can apply it, once all of that was given. */
export const gatheredCommit = (rules: ClusterRules, gathering: CommitGathering): CommitRequest | undefined => {
  const { action, changes, decision, pends, shards, signed } = gathering
  const isWhole = writesOf(gathering).every(([id]) => changes.has(id))
  const isProved = isOneRound(rules, signed.manifest) || shards.every((index) => pends.has(index))
  if (decision === undefined || !isWhole || !isProved) return undefined
  const [first, ...others] = pends.values()
  return {
    actionId: action,
    proof: { decision, ...(first !== undefined && { pends: [first, ...others] as const }) },
    request: { payload: Object.fromEntries(changes), signed }
  }
}

/** Who may have what is still needed: the members of the shards, each once. */
export const membersOfShards = ({ shards, signed }: CommitGathering): ReadonlySet<PeerId> =>
  new Set(shards.flatMap((index) => signed.manifest.shards[index]!.members))
