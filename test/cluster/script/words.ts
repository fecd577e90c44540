/** What members do, in words. */
import type { Ending, MemberAnswer } from "../../../schemas/Cluster.ts"
import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import type { StorageWrite } from "../../../services/RawStorage.ts"
import type { EnterPlan } from "../../../src/cluster/member/enter.ts"
import type { MemberOutput } from "../../../src/cluster/member/Member.ts"
import { actionId } from "../../../src/encoding/BlockIds.ts"
import { hasher } from "../../storage/TestServices.ts"
import { type Act, type Stage, signersOf } from "./Stage.ts"

/** A step of a member as one line: what it says, then what had to be durable before. */
export const actInWords = (stage: Stage, { outputs, writes }: Act): string =>
  [outputs.map((output) => outputInWords(stage, output)).join("; "), ...writesInWords(stage, writes)].join(" · ")

/** What a member makes of an entry of the cluster index, as one line. */
export const enteredInWords = (stage: Stage, { answer, notices, writes }: EnterPlan): string =>
  [`${answer}${notices.length > 0 ? "; ALARM" : ""}`, ...writesInWords(stage, writes)].join(" · ")

const outputInWords = (stage: Stage, output: MemberOutput): string => {
  switch (output._tag) {
    case "Answer":
      return answerInWords(stage, output.answer)
    case "Fetch":
      return `fetches ${blocks(stage, output.blocks)}`
    case "Alarm":
      return `ALARM`
  }
}

const blocks = (stage: Stage, ids: ReadonlyArray<BlockId>): string => ids.map((id) => stage.nameOfBlock(id)).join(", ")

const names = (stage: Stage, certificate: Certificate): string =>
  signersOf(certificate)
    .map((peer) => stage.nameOf(peer))
    .toSorted()
    .join(" ")

/** A ballot as scripts write it: its number. */
export const ballotInWords = (ballot: Certificate["ballot"]): string => `ballot ${ballot?.n ?? 0}`

const reasonInWords = (stage: Stage, reason: string): string =>
  reason
    .replace(/\b[a-z2-7]{52,58}\b/g, (id) => stage.nameOfBlock(id as BlockId))
    .replace(/\b12D3KooW\w{44}\b/g, (peer) => stage.nameOf(peer as PeerId))

/** An answer in words. */
export const answerInWords = (stage: Stage, answer: MemberAnswer): string => {
  switch (answer._tag) {
    case "Approved":
      return `approves${shardsOf(answer.votes)}`
    case "Declined":
      return `refuses for ever: ${answer.reason}${shardsOf(answer.votes)}`
    case "Superseded":
      return `no vote: superseded by ${
        answer.newer
          .map(({ block, signed }) => `${stage.nameOfAction(idOf(signed.manifest))} on ${stage.nameOfBlock(block)}`)
          .join(", ") || "what is not kept"
      }`
    case "Behind":
      return `behind on ${blocks(stage, answer.blocks)}`
    case "Diverged":
      return `no vote: diverged on ${stage.nameOfBlock(answer.block)}`
    case "InTheWay":
      return `no vote: ${answer.by
        .map(({ block, holder }) => `${stage.nameOfAction(holder)} holds ${stage.nameOfBlock(block)}`)
        .join(", ")}`
    case "Invalid":
      return `invalid: ${reasonInWords(stage, answer.reason)}`
    case "Membership":
      return `no vote: membership: ${reasonInWords(stage, answer.reason)}`
    case "Excessive":
      return `no vote: ${answer.what} is ${answer.actual}, above ${answer.limit}`
    case "Busy":
      return `no vote: busy: ${answer.reason}`
    case "Outranked":
      return `has joined ${ballotInWords(answer.joined)}`
    case "Oversized":
      return `does not join: too far above ${ballotInWords(answer.joined)}`
    case "Unknown":
      return "asks for the manifest"
    case "Joined": {
      const { acceptance, approved } = answer.statement.value
      const accepted =
        acceptance === null ? "accepted nothing" : `accepted ${acceptance.value} in ${ballotInWords(acceptance.ballot)}`
      return `joins ${ballotInWords(answer.ballot)}: ${accepted}, ${approved ? "approved" : "not approved"}`
    }
    case "Prepared":
      return `prepares ${answer.value} in ${ballotInWords(answer.ballot)}`
    case "Accepted":
      return `accepted ${answer.acceptance.value} in ${ballotInWords(answer.acceptance.ballot)}`
    case "Ended":
      return endingInWords(stage, answer.ending)
    case "Open": {
      const accepted =
        answer.acceptance === null
          ? "accepted nothing"
          : `accepted ${answer.acceptance.value} in ${ballotInWords(answer.acceptance.ballot)}`
      return `knows no end: ${accepted}, ${answer.approved ? "approved" : "not approved"}, joined ${ballotInWords(answer.joined)}`
    }
    case "Latest":
      return answer.blocks
        .map(({ block, latest, locks }) => {
          const held = locks.map(({ manifest }) => stage.nameOfAction(idOf(manifest)))
          return `${stage.nameOfBlock(block)} is at ${latest?.rev ?? "none"}${held.length > 0 ? `, locked by ${held.join(", ")}` : ""}`
        })
        .join("; ")
  }
}

const idOf = (manifest: Parameters<typeof actionId>[1]): ActionId => actionId(hasher, manifest)

const shardsOf = (votes: ReadonlyArray<{ readonly shard: number }>): string =>
  votes.length > 1 || votes[0]!.shard > 0 ? ` (shard ${votes.map(({ shard }) => shard).join(", ")})` : ""

/** How a transaction ended, in words. */
export const endingInWords = (stage: Stage, ending: Ending): string => {
  switch (ending._tag) {
    case "Committed": {
      const { decision } = ending.proof
      const how = decision.kind === "approve" ? "approved" : `accepted in ${ballotInWords(decision.ballot)}`
      return `committed: ${how} by ${names(stage, decision)}`
    }
    case "Aborted":
      return `aborted: accepted in ${ballotInWords(ending.decision.ballot)} by ${names(stage, ending.decision)}`
    case "Rejected":
      return `never commits: refused by ${names(stage, ending.refusals)}`
    case "Excluded":
      return `never commits: ${stage.nameOfAction(idOf(ending.by.signed.manifest))} took its place on ${stage.nameOfBlock(ending.by.block)}`
  }
}

/** What became durable and what was dropped, in words. */
const writesInWords = (stage: Stage, writes: ReadonlyArray<StorageWrite>): ReadonlyArray<string> => {
  const put = wordsOf(stage, writes, "put")
  const dropped = wordsOf(stage, writes, "delete")
  return [
    ...(put.length === 0 ? [] : [`durable: ${put.join(", ")}`]),
    ...(dropped.length === 0 ? [] : [`dropped: ${dropped.join(", ")}`])
  ]
}

const wordsOf = (
  stage: Stage,
  writes: ReadonlyArray<StorageWrite>,
  type: StorageWrite["type"]
): ReadonlyArray<string> => [
  ...new Set(writes.filter((write) => write.type === type).flatMap((write) => keyInWords(stage, write)))
]

/** Of a revision, that it is there; how it is put together is the business of storage. */
const keyInWords = (stage: Stage, { key: [space, block, kind, name] }: StorageWrite): ReadonlyArray<string> => {
  switch (space) {
    case "block":
      if (kind === "pend") return [`payload of ${stage.nameOfAction(name as ActionId)}`]
      return kind === "rev" ? [`${stage.nameOfBlock(block as BlockId)} at ${name}`] : []
    case "lock":
      return [`lock of ${stage.nameOfAction(name as ActionId)} on ${stage.nameOfBlock(block as BlockId)}`]
    case "vote":
      return kind === "vote" ? [`vote on ${stage.nameOfAction(block as ActionId)}`] : []
    case "ballot":
      return [`ballots of ${stage.nameOfAction(block as ActionId)}`]
    case "ended":
      return [`end of ${stage.nameOfAction(block as ActionId)}`]
    case "transaction":
      return [`manifest of ${stage.nameOfAction(block as ActionId)}`]
    case "cluster-index":
      return [`index entry of ${stage.nameOfBlock(block as BlockId)}`]
    case "proof":
      return [`proof of ${stage.nameOfAction(block as ActionId)}`]
    default:
      return []
  }
}
