/** What a liar has got hold of about one transaction: signatures under claims, and join statements, by who made them. */
import type { Acceptance, JoinStatement } from "../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../schemas/Ids.ts"
import type { KeySignature } from "../../schemas/Manifest.ts"
import type { Ballot, Certificate } from "../../schemas/Proof.ts"
import { peerIdOf } from "../../src/encoding/PeerIdentity.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { LiarContext } from "./Liar.ts"

/** What members sign about a transaction, but for who signs it. */
export type Assertion = Omit<Certificate, "signatures">

const keyOf = ({ ballot, kind, shard, value }: Assertion): string => JSON.stringify([ballot, kind, shard, value])

const keyOfBallot = ({ n, peer }: Ballot): string => `${n} ${peer}`

/** That a value was accepted in a ballot. */
export const accepted = ({ ballot, value }: Acceptance): Assertion => ({ ballot, kind: "accepted", shard: 0, value })

/** That a shard was voted for, or against. */
export const vote = (kind: "approve" | "refuse", shard: number): Assertion => ({
  ballot: null,
  kind,
  shard,
  value: null
})

/** A hoard of signatures, to which its owner adds its own under whatever it likes. */
export class Hoard {
  readonly #context: LiarContext
  readonly #action: ActionId
  readonly #signatures = new Map<string, Map<PeerId, KeySignature>>()
  readonly #statements = new Map<string, Map<PeerId, JoinStatement>>()

  constructor(context: LiarContext, action: ActionId) {
    this.#context = context
    this.#action = action
  }

  add(assertion: Assertion, signed: KeySignature): void {
    const key = keyOf(assertion)
    const known = this.#signatures.get(key) ?? new Map<PeerId, KeySignature>()
    this.#signatures.set(key, known.set(peerIdOf(signed.key), signed))
  }

  /** Takes a certificate to pieces. */
  addAll({ signatures, ...assertion }: Certificate): void {
    for (const signed of signatures) this.add(assertion, signed)
  }

  addStatement(ballot: Ballot, statement: JoinStatement): void {
    const key = keyOfBallot(ballot)
    const known = this.#statements.get(key) ?? new Map<PeerId, JoinStatement>()
    this.#statements.set(key, known.set(peerIdOf(statement.signed.key), statement))
  }

  /** What others have stated when they joined a ballot. */
  statements(ballot: Ballot): ReadonlyArray<JoinStatement> {
    return [...(this.#statements.get(keyOfBallot(ballot))?.values() ?? [])]
  }

  /** All signatures of members under a claim, its owner's among them if it is one; undefined where there is none. */
  certificate(assertion: Assertion, members: ReadonlyArray<PeerId>): Certificate | undefined {
    const { network, signer } = this.#context
    const known = [...(this.#signatures.get(keyOf(assertion)) ?? [])].filter(([peer]) => members.includes(peer))
    const own = members.includes(signer.peer)
      ? [signClaim(signer, network, { ...assertion, action: this.#action })]
      : []
    const [first, ...others] = [...own, ...known.flatMap(([peer, signed]) => (peer === signer.peer ? [] : [signed]))]
    return first === undefined ? undefined : { ...assertion, signatures: [first, ...others] }
  }
}
