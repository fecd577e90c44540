import * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { Liar, LiarContext } from "./Liar.ts"

/** It remembers one time out of so many. */
const REMEMBERS_OUT_OF = 3

/** What somebody says who has heard of nothing. */
const blank = ({ hasher, network, signer }: LiarContext, request: MemberRequest): MemberAnswer | undefined => {
  switch (request._tag) {
    case "Ask":
      return { _tag: "Open", acceptance: null, approved: false, joined: null }
    case "Accept":
    case "Apply":
    case "End":
      return { _tag: "Unknown" }
    case "Join": {
      const { ballot } = request
      const action = actionId(hasher, request.signed.manifest)
      const value = { acceptance: null, approved: false }
      const signed = signClaim(signer, network, { action, ballot, kind: "join", value })
      return { _tag: "Joined", ballot, statement: { signed, value } }
    }
    case "Read":
      return { _tag: "Latest", blocks: request.blocks.map((block) => ({ block, latest: null, locks: [] })) }
    default:
      return undefined
  }
}

/** A member that forgets what it has promised, and what it has seen. */
export const liar: Liar = (context) => ({
  answer: (request, honest) =>
    Effect.suspend(() => {
      const answer = context.prng.nextInt(REMEMBERS_OUT_OF) === 0 ? undefined : blank(context, request)
      if (answer === undefined) return honest
      context.lied("liar-forget")
      return Effect.succeed(answer)
    })
})
