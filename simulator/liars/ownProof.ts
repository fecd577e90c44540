import type { ActionId } from "../../schemas/Ids.ts"
import type { Proof } from "../../schemas/Proof.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { LiarContext } from "./Liar.ts"

/** A proof that only its maker's own signature is in. */
export const ownProof = ({ network, signer }: LiarContext, action: ActionId): Proof => ({
  decision: {
    ballot: null,
    kind: "approve",
    shard: 0,
    signatures: [signClaim(signer, network, { action, kind: "approve" })],
    value: null
  }
})
