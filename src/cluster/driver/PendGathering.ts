/** The pend certificates of a transaction, as whoever finishes it for another comes to know them. Protocol §3, *Apply*; decision 24. */
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { pendsIn } from "../evidence/AcceptanceProof.ts"
import { pendProblem } from "../evidence/Certificate.ts"
import type { Driven, Heard } from "./Drive.ts"
import { countVote, type ShardCoordinator, standing, startShard } from "./ShardCoordinator.ts"

/** What is known of them: votes that are given again, and certificates that were shown. */
export interface PendGathering {
  readonly shards: ReadonlyArray<ShardCoordinator>
  readonly shown: ReadonlyMap<number, Certificate>
}

/** Nothing is known yet. */
export const startGathering = (manifest: Manifest): PendGathering => ({
  shards: manifest.shards.map((_shard, index) => startShard(manifest, index)),
  shown: new Map()
})

/** Takes over certificates that somebody shows, if they are sound. */
export const learnPends = (
  rules: ClusterRules,
  { action, signed }: Driven,
  gathering: PendGathering,
  pends: ReadonlyArray<Certificate>
): PendGathering => {
  const sound = pends.filter(
    (pend) =>
      !gathering.shown.has(pend.shard) && pendProblem(rules, action, signed.manifest, pend.shard, pend) === undefined
  )
  if (sound.length === 0) return gathering
  return { ...gathering, shown: new Map([...gathering.shown, ...sound.map((pend) => [pend.shard, pend] as const)]) }
}

/** Learns from an answer: a vote that was given again, or what is shown by who has accepted or applied the transaction. */
export const learnFrom = (
  rules: ClusterRules,
  driven: Driven,
  gathering: PendGathering,
  { answer, from }: Extract<Heard, { _tag: "Answer" }>
): PendGathering => {
  const learn = (pends: ReadonlyArray<Certificate>) => learnPends(rules, driven, gathering, pends)
  switch (answer._tag) {
    case "Approved": {
      const { votes } = answer
      const shards = gathering.shards.map((shard) => countVote(rules, driven.action, shard, from, "approve", votes))
      return { ...gathering, shards }
    }
    case "Joined": {
      const { proof, value } = answer.statement
      return value.acceptance === null ? gathering : learn(pendsIn(value.acceptance, proof ?? []))
    }
    case "Accepted":
      return learn(pendsIn(answer.acceptance, answer.proof))
    case "Ended":
      return answer.ending._tag === "Committed" ? learn(answer.ending.proof.pends ?? []) : gathering
    default:
      return gathering
  }
}

/** The certificates that are there, in the order of their shards. */
export const gatheredPends = (
  rules: ClusterRules,
  { signed }: Driven,
  { shards, shown }: PendGathering
): ReadonlyArray<Certificate> =>
  shards.flatMap((shard) => {
    const at = standing(rules, signed.manifest, shard)
    return shown.get(shard.index) ?? (at._tag === "Pended" ? at.pend : [])
  })
