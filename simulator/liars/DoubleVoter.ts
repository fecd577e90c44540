import * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import type { StatementKind } from "../../schemas/Proof.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { Liar, LiarContext } from "./Liar.ts"

/** How often it lets its member answer, out of so many times. */
const HONEST_OUT_OF = 4

/** What is signed by who signs whatever it is asked for, and otherwise the next time. */
const signed = (context: LiarContext, request: MemberRequest): MemberAnswer | undefined => {
  const { hasher, network, prng, signer } = context
  const isHeads = () => prng.nextInt(2) === 0
  switch (request._tag) {
    case "Pend": {
      const { manifest } = request.signed
      const action = actionId(hasher, manifest)
      const kind: StatementKind = isHeads() ? "approve" : "refuse"
      const [first, ...others] = manifest.shards.flatMap(({ members }, shard) =>
        members.includes(signer.peer) ? [{ shard, signed: signClaim(signer, network, { action, kind, shard }) }] : []
      )
      if (first === undefined) return undefined
      const votes = [first, ...others] as const
      return kind === "approve" ? { _tag: "Approved", votes } : { _tag: "Declined", reason: "locked", votes }
    }
    case "Join": {
      const { ballot } = request
      const action = actionId(hasher, request.signed.manifest)
      const value = { acceptance: null, approved: isHeads() }
      const statement = { signed: signClaim(signer, network, { action, ballot, kind: "join", value }), value }
      return { _tag: "Joined", ballot, statement }
    }
    case "Propose": {
      const { ballot, value } = request
      const action = actionId(hasher, request.signed.manifest)
      return {
        _tag: "Prepared",
        ballot,
        signed: signClaim(signer, network, { action, ballot, kind: "prepared", value }),
        value
      }
    }
    case "Accept": {
      const { acceptance, actionId: action, proof } = request
      return {
        _tag: "Accepted",
        acceptance,
        proof,
        signed: signClaim(signer, network, { action, ...acceptance, kind: "accepted" })
      }
    }
    default:
      return undefined
  }
}

/** A member that votes both ways, and signs for every side whatever it has signed before. */
export const liar: Liar = (context) => ({
  answer: (request, honest) =>
    Effect.suspend(() => {
      const answer = context.prng.nextInt(HONEST_OUT_OF) === 0 ? undefined : signed(context, request)
      if (answer === undefined) return honest
      context.lied("liar-double-vote")
      return Effect.succeed(answer)
    })
})
