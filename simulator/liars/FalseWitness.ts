import * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import type { Hash, Rev } from "../../schemas/Ids.ts"
import type { ProvedBlock, RepoAnswer } from "../../schemas/Repo.ts"
import type { Revision } from "../../schemas/Revision.ts"
import { hashText } from "../../src/encoding/BlockIds.ts"
import type { Liar, LiarContext } from "./Liar.ts"
import { ownProof } from "./ownProof.ts"

/** It tells the truth one time out of so many. */
const HONEST_OUT_OF = 2

const falseRevision = ({ hasher, prng }: LiarContext, revision: Revision): Revision =>
  prng.nextInt(2) === 0
    ? { ...revision, rev: (revision.rev + 1 + prng.nextInt(3)) as Rev }
    : { ...revision, after: hashText(hasher, `false ${revision.after}`) as Hash }

/** What a member has not decided, it says is decided; what is there, it says is not, or is another. */
const falseAnswer = (context: LiarContext, request: MemberRequest, answer: MemberAnswer): MemberAnswer => {
  switch (answer._tag) {
    case "Latest":
      return {
        ...answer,
        blocks: answer.blocks.map((told) => ({
          ...told,
          latest: told.latest === null || context.prng.nextInt(3) === 0 ? null : falseRevision(context, told.latest),
          locks: context.prng.nextInt(2) === 0 ? [] : told.locks
        }))
      }
    case "Open":
    case "Approved": {
      const action = request._tag === "Ask" || request._tag === "Accept" ? request.actionId : undefined
      return action === undefined
        ? answer
        : { _tag: "Ended", ending: { _tag: "Committed", proof: ownProof(context, action) } }
    }
    case "Ended":
      return answer.ending._tag === "Committed"
        ? { ...answer, ending: { _tag: "Aborted", decision: { ...answer.ending.proof.decision, value: "abort" } } }
        : answer
    default:
      return answer
  }
}

const falseBlock = (context: LiarContext, found: ProvedBlock): ProvedBlock => {
  switch (context.prng.nextInt(3)) {
    case 0:
      return { ...found, block: found.block === null ? null : { ...found.block, forged: true } }
    case 1:
      return { ...found, revision: falseRevision(context, found.revision) }
    default:
      return { ...found, proof: ownProof(context, found.revision.actionId) }
  }
}

/** A revision further on than any. */
const FAR = 1_000_000

const falseTelling = (context: LiarContext, answer: RepoAnswer): RepoAnswer => {
  switch (answer._tag) {
    case "BlockAt":
      return context.prng.nextInt(3) === 0 || answer.found === null
        ? { _tag: "BlockAt", found: null, through: FAR }
        : { ...answer, found: falseBlock(context, answer.found), through: FAR }
    case "Revisions":
      return { ...answer, revisions: answer.revisions.map((revision) => falseRevision(context, revision)) }
    case "Proof":
      return answer.found === null
        ? answer
        : { ...answer, found: { ...answer.found, proof: ownProof(context, answer.found.revision.actionId) } }
    case "Transaction":
      return answer.found === null
        ? answer
        : { ...answer, found: { ...answer.found, proof: ownProof(context, answer.found.actionId) } }
    case "Shared":
      return { ...answer, blocks: answer.blocks.map(({ id }) => ({ id, rev: FAR as Rev })) }
    case "Turn":
      return { ...answer, ends: answer.ends.map((end) => falseBlock(context, end)), rev: FAR }
    case "Arrived":
    case "Entry":
    case "Entries":
    case "TurnOver":
    case "Unavailable":
      return answer
  }
}

/** A peer that claims a state that never was: revisions, contents, proofs and ends. */
export const liar: Liar = (context) => {
  const falsified = <A, E>(honest: Effect.Effect<A, E>, lie: (answer: A) => A): Effect.Effect<A, E> =>
    Effect.map(honest, (answer) => {
      if (context.prng.nextInt(HONEST_OUT_OF) === 0) return answer
      const told = lie(answer)
      if (told !== answer) context.lied("liar-false-state")
      return told
    })
  return {
    answer: (request, honest) => falsified(honest, (answer) => falseAnswer(context, request, answer)),
    tell: (_question, honest) => falsified(honest, (answer) => falseTelling(context, answer))
  }
}
