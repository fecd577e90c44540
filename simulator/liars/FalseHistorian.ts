import * as Effect from "effect/Effect"
import type { ActionId, BlockId, PeerId } from "../../schemas/Ids.ts"
import type { Base, Manifest, Payload, Shard, SignedManifest, Write } from "../../schemas/Manifest.ts"
import type { PendRequest, RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import { requestFor } from "../../src/cluster/driver/Drive.ts"
import { revisionOf } from "../../src/cluster/evidence/RevisionProof.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { Liar, LiarContext } from "./Liar.ts"
import { ownProof } from "./ownProof.ts"

/** It lures others into asking one time out of so many. */
const LURES_OUT_OF = 3
/** Transactions that it remembers, to pass them off as committed. */
const MAX_REMEMBERED = 16

/** A transaction on top of another, as if that were committed: who does not have that yet will ask for it. */
const follower = (
  { hasher, network, signer }: LiarContext,
  { payload, signed: { manifest } }: PendRequest
): PendRequest => {
  const base = (write: Write): Base => {
    const { rev } = manifest.collections.find(({ id }) => id === write.collection)!
    return write.after === "deleted" ? "none" : { hash: write.after, rev }
  }
  const onTop = ({ members, writes }: Shard): Shard => ({
    members,
    reads: {},
    writes: Object.fromEntries(
      Object.entries(writes).map(([id, { index: _index, ...write }]) => [id, { ...write, base: base(write) }])
    )
  })
  const [first, ...others] = manifest.shards
  const following = {
    ...manifest,
    author: signer.publicKey,
    collections: manifest.collections.map((written) => ({ ...written, base: written.rev, rev: written.rev + 1 })),
    shards: [onTop(first), ...others.map(onTop)]
  } as unknown as Manifest
  const action = actionId(hasher, following)
  return {
    payload,
    signed: { manifest: following, signatures: [signClaim(signer, network, { action, kind: "author" })] }
  }
}

/** What it has heard of, by the id of each. */
class Remembered {
  readonly #requests = new Map<ActionId, PendRequest>()

  add(action: ActionId, signed: SignedManifest, payload: Payload): void {
    const known = this.#requests.get(action)
    this.#requests.set(action, { payload: { ...known?.payload, ...payload }, signed })
    if (this.#requests.size > MAX_REMEMBERED) this.#requests.delete(this.#requests.keys().next().value!)
  }

  get(action: ActionId): PendRequest | undefined {
    return this.#requests.get(action)
  }

  /** What would be the next revision of a block after one. */
  after(block: BlockId, rev: number) {
    const all = [...this.#requests].flatMap(([action, { signed }]) => revisionOf(signed.manifest, action, block) ?? [])
    return all.filter(({ base }) => (base === "none" ? 0 : base.rev) === rev)
  }
}

/** A peer that tells those who catch up of commits that never were, and sees to it that somebody has to catch up. */
export const liar: Liar = (context) => {
  const { hasher, lied, prng, send } = context
  const remembered = new Remembered()

  const falseTelling = (question: RepoQuestion, answer: RepoAnswer): RepoAnswer => {
    if (question._tag === "Revisions" && answer._tag === "Revisions") {
      const last = answer.revisions.at(-1)?.rev ?? question.from - 1
      const [false_] = remembered.after(question.block, last)
      return false_ === undefined ? answer : { ...answer, revisions: [...answer.revisions, false_] }
    }
    if (question._tag !== "Transaction" || answer._tag !== "Transaction" || answer.found !== null) return answer
    const request = remembered.get(question.actionId)
    if (request === undefined) return answer
    return {
      _tag: "Transaction",
      found: { actionId: question.actionId, proof: ownProof(context, question.actionId), request }
    }
  }

  /** Asks somebody to vote for what would follow a transaction that was just seen. */
  const lure = (peer: PeerId, seen: PendRequest): Effect.Effect<unknown> => {
    lied("liar-false-history")
    return Effect.forkDaemon(
      Effect.ignore(
        send(peer, { _tag: "Pend", ...requestFor({ action: "" as ActionId, ...follower(context, seen) }, peer) })
      )
    )
  }

  const notice = ({ payload, signed }: PendRequest): Effect.Effect<unknown> =>
    Effect.suspend(() => {
      remembered.add(actionId(hasher, signed.manifest), signed, payload)
      const others = signed.manifest.shards[0].members.filter((peer) => peer !== context.signer.peer)
      return prng.nextInt(LURES_OUT_OF) === 0 && others.length > 0
        ? lure(prng.pick(others), { payload, signed })
        : Effect.void
    })

  return {
    answer: (request, honest) => (request._tag === "Pend" ? Effect.zipRight(notice(request), honest) : honest),
    tell: (question, honest) =>
      Effect.map(honest, (answer) => {
        const told = falseTelling(question, answer)
        if (told !== answer) lied("liar-false-history")
        return told
      })
  }
}
