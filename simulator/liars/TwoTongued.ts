import * as Effect from "effect/Effect"
import type { MemberRequest } from "../../schemas/Cluster.ts"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { Liar, LiarContext } from "./Liar.ts"

/** It means what it sends one time out of so many. */
const HONEST_OUT_OF = 2
/** Of its own transactions so many are remembered. */
const MAX_REMEMBERED = 4

type Pend = Extract<MemberRequest, { _tag: "Pend" }>

/** Another thing than what is meant; undefined: nothing at all. */
const otherwise = ({ prng }: LiarContext, request: MemberRequest, pends: ReadonlyArray<Pend>) => {
  const isHeads = prng.nextInt(2) === 0
  switch (request._tag) {
    case "Pend":
      // To some one of its transactions, to others another on the same base.
      return pends.length > 0 && isHeads ? prng.pick(pends) : undefined
    case "Propose":
      return { ...request, value: request.value === "commit" ? "abort" : "commit" } as const
    case "Accept": {
      const { ballot, value } = request.acceptance
      return { ...request, acceptance: { ballot, value: value === "commit" ? "abort" : "commit" } } as const
    }
    case "Apply": {
      if (isHeads) return undefined
      const { actionId, proof, request: pended } = request
      const decision = { ...proof.decision, kind: "accepted", value: "abort" } as const
      return {
        _tag: "End",
        actionId,
        ending: { _tag: "Aborted", decision },
        ...(pended !== undefined && { signed: pended.signed })
      } as const
    }
    default:
      return request
  }
}

/** A coordinator that tells different members different things, and some of them nothing. */
export const liar: Liar = (context) => {
  const pends: Array<Pend> = []
  return {
    ask: (to, request, send) =>
      Effect.suspend(() => {
        if (request._tag === "Pend") {
          pends.push(request)
          if (pends.length > MAX_REMEMBERED) pends.shift()
        }
        if (context.prng.nextInt(HONEST_OUT_OF) === 0) return send(to, request)
        const other = otherwise(context, request, pends)
        if (other === request) return send(to, request)
        context.lied("liar-coordinator")
        return other === undefined ? new PeerUnreachable({ peer: to, reason: "it is not told" }) : send(to, other)
      })
  }
}
