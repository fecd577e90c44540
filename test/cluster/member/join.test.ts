import { describe, expect, it } from "@effect/vitest"
import type { Certificate } from "../../../schemas/Proof.ts"
import { MAX_BALLOT_STEP } from "../../../src/cluster/Ballot.ts"
import { certify } from "../Signatures.ts"
import { commands } from "../script/commands.ts"
import { Stage } from "../script/Stage.ts"

/** What a member says that has joined nothing yet when it is asked to join a ballot far above. */
const joinFar = (nearBy: (stage: Stage) => Certificate) => {
  const stage = new Stage()
  for (const command of ["cluster home ann bob cat dan", "collection books at home", "transaction X writes books"]) {
    const [verb, ...words] = command.split(" ")
    commands[verb!]!(stage, words)
  }
  const { signed } = stage.transaction("X").request
  const ballot = { n: 2 * MAX_BALLOT_STEP, peer: stage.actor("ann").signer.peer }
  const [output] = stage.ask("ann", { _tag: "Join", ballot, near: nearBy(stage), signed }).outputs
  return output?._tag === "Answer" ? output.answer._tag : undefined
}

const signedBy =
  (count: number, says: Partial<Certificate>, of = "X") =>
  (stage: Stage) => {
    const signers = ["bob", "cat", "dan"].slice(0, count).map((name) => stage.actor(name).signer)
    const ballot = { n: 2 * MAX_BALLOT_STEP - 1, peer: signers[0]!.peer }
    const { actionId } = stage.transaction(of)
    return certify(actionId, signers, { ballot, kind: "prepared", value: "abort", ...says })
  }

const lowest = (stage: Stage) => ({ n: 1, peer: stage.actor("bob").signer.peer })

describe("A ballot far above the one that was joined", () => {
  it("is joined for a prepare certificate of one that is near", () => {
    expect(joinFar(signedBy(3, {}))).toBe("Joined")
  })

  it.each([
    ["too few signatures", signedBy(2, {})],
    ["approvals", signedBy(3, { ballot: null, kind: "approve", value: null })],
    ["acceptances", signedBy(3, { kind: "accepted" })],
    ["a certificate without a value", signedBy(3, { value: null })],
    ["the certificate of another transaction", signedBy(3, {}, "the creation of books")],
    ["one of a ballot that is far below itself", (stage: Stage) => signedBy(3, { ballot: lowest(stage) })(stage)]
  ])("is not joined for %s", (_what, near) => {
    expect(joinFar(near)).toBe("Oversized")
  })
})
