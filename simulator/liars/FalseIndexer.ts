import * as Effect from "effect/Effect"
import type { ActionId } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import type { RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import type { CertifiedRevision } from "../../schemas/Revision.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { Liar, LiarContext } from "./Liar.ts"
import { ownProof } from "./ownProof.ts"

/** It tells the truth one time out of so many. */
const HONEST_OUT_OF = 3

/** The same collection, created by the liar itself, over members of its own choice. */
const invented = (context: LiarContext, { block, signed }: CertifiedRevision): CertifiedRevision => {
  const { hasher, network, prng, roster, signer } = context
  const { manifest } = signed
  const shards = manifest.shards.map((shard) => ({
    ...shard,
    members: prng.shuffle(roster).slice(0, shard.members.length).toSorted()
  })) as unknown as SignedManifest["manifest"]["shards"]
  const moved = { ...manifest, author: signer.publicKey, shards }
  const action = actionId(hasher, moved)
  const signatures = [signClaim(signer, network, { action, kind: "author" })] as const
  return { block, proof: ownProof(context, action), signed: { manifest: moved, signatures } }
}

const falseEntry = (
  context: LiarContext,
  question: Extract<RepoQuestion, { _tag: "Entry" }>,
  found: CertifiedRevision | null,
  seen: ReadonlyArray<CertifiedRevision>
): CertifiedRevision | null => {
  const { prng } = context
  const other = found ?? (seen.length === 0 ? undefined : prng.pick(seen))
  if (other === undefined) return null
  switch (prng.nextInt(3)) {
    case 0:
      return null
    case 1:
      return invented(context, other)
    default:
      // What proves one collection is given for another.
      return { ...prng.pick([other, ...seen]), block: question.collection }
  }
}

const falseEntries = (
  { prng }: LiarContext,
  answer: Extract<RepoAnswer, { _tag: "Entries" }>
): Extract<RepoAnswer, { _tag: "Entries" }> => {
  const { entries } = answer
  if (prng.nextInt(2) === 0) return { _tag: "Entries", entries: entries.filter(() => prng.nextInt(2) === 0) }
  const creators = prng.shuffle(entries.map(({ creator }) => creator))
  return { ...answer, entries: entries.map((entry, i) => ({ ...entry, creator: creators[i] as ActionId })) }
}

/** A peer that answers falsely who created a collection: nobody, itself, or whoever created another. */
export const liar: Liar = (context) => {
  const seen: Array<CertifiedRevision> = []
  const lie = (question: RepoQuestion, answer: RepoAnswer): RepoAnswer => {
    if (question._tag === "Entry" && answer._tag === "Entry") {
      if (answer.found !== null && seen.length < MAX_SEEN) seen.push(answer.found)
      return { _tag: "Entry", found: falseEntry(context, question, answer.found, seen) }
    }
    return question._tag === "Entries" && answer._tag === "Entries" ? falseEntries(context, answer) : answer
  }
  return {
    tell: (question, honest) =>
      Effect.map(honest, (answer) => {
        if (context.prng.nextInt(HONEST_OUT_OF) === 0) return answer
        const told = lie(question, answer)
        if (told !== answer) context.lied("liar-false-index")
        return told
      })
  }
}

/** Entries that it remembers, at most. */
const MAX_SEEN = 64
