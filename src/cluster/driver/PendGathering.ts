/** The pend certificates of a transaction that is decided, gathered anew by whoever tells all its shards. Protocol §3, *Apply*. */
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Certificate, Proof } from "../../../schemas/Proof.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { pendProblem } from "../evidence/Certificate.ts"
import type { Driven, Heard } from "./Drive.ts"
import { countVote, type ShardCoordinator, standing, startShard } from "./ShardCoordinator.ts"

/** What is known of the pend certificates: votes that come in again, and certificates that were shown. */
export interface PendGathering {
  readonly shards: ReadonlyArray<ShardCoordinator>
  readonly shown: ReadonlyMap<number, Certificate>
}

/** Nothing is known yet. */
export const startGathering = (manifest: Manifest): PendGathering => ({
  shards: manifest.shards.map((_shard, index) => startShard(manifest, index)),
  shown: new Map()
})

/** Takes over the certificates of a proof that somebody keeps: of the shards that he is in. */
export const learnPends = (
  rules: ClusterRules,
  { action, signed }: Driven,
  gathering: PendGathering,
  { pends }: Proof
): PendGathering => {
  const sound = (pends ?? []).filter(
    (pend) => pendProblem(rules, action, signed.manifest, pend.shard, pend) === undefined
  )
  return { ...gathering, shown: new Map([...gathering.shown, ...sound.map((pend) => [pend.shard, pend] as const)]) }
}

/** Counts a vote that was given again, or what is shown by who has applied the transaction already. */
export const countAnswer = (
  rules: ClusterRules,
  driven: Driven,
  gathering: PendGathering,
  { answer, from }: Extract<Heard, { _tag: "Answer" }>
): PendGathering => {
  if (answer._tag === "Ended" && answer.ending._tag === "Committed") {
    return learnPends(rules, driven, gathering, answer.ending.proof)
  }
  if (answer._tag !== "Approved") return gathering
  const { votes } = answer
  const shards = gathering.shards.map((shard) => countVote(rules, driven.action, shard, from, "approve", votes))
  return { ...gathering, shards }
}

/** The certificates of all shards in their order, once all are there. */
export const gatheredPends = (
  rules: ClusterRules,
  { signed }: Driven,
  { shards, shown }: PendGathering
): ReadonlyArray<Certificate> | undefined => {
  const pends = shards.flatMap((shard) => {
    const at = standing(rules, signed.manifest, shard)
    const pend = at._tag === "Pended" ? at.pend : shown.get(shard.index)
    return pend === undefined ? [] : [pend]
  })
  return pends.length === shards.length ? pends : undefined
}
