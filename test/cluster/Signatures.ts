/** Clusters of fixed keys, and what they sign. */
import type { JoinStatement } from "../../schemas/Cluster.ts"
import type { ActionId } from "../../schemas/Ids.ts"
import type { KeySignature } from "../../schemas/Manifest.ts"
import type { Ballot, Certificate, FaultModel, JoinValue } from "../../schemas/Proof.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import { hasher, network, signerOf, verifier } from "../storage/TestServices.ts"

/** Signers in the order of their peers, as a member list has them. */
export const clusterOf = (...seeds: ReadonlyArray<number>): ReadonlyArray<SignerService> =>
  seeds.map(signerOf).sort((a, b) => (a.peer < b.peer ? -1 : 1))

export const peersOf = (signers: ReadonlyArray<SignerService>) => signers.map(({ peer }) => peer)

export const rulesOf = (faultModel: FaultModel = "byzantine", hasRoster = true): ClusterRules => ({
  faultModel,
  hasRoster,
  hasher,
  network,
  verifier
})

/** What a certificate says, but for what it says most often. */
export type Says = Pick<Certificate, "kind"> & Partial<Omit<Certificate, "signatures">>

/** The signatures of some members under one claim. */
export const certify = (action: ActionId, signers: ReadonlyArray<SignerService>, says: Says): Certificate => {
  const claim = { ballot: null, shard: 0, value: null, ...says }
  const signatures = signers.map((signer) => signClaim(signer, network, { ...claim, action }))
  return { ...claim, signatures: signatures as unknown as readonly [KeySignature] }
}

/** A join statement, with the proof of what it tells of. */
export const joinStatement = (
  action: ActionId,
  ballot: Ballot,
  signer: SignerService,
  said: Partial<JoinValue> = {},
  proof?: JoinStatement["proof"]
): JoinStatement => {
  const value = { acceptance: null, approved: false, ...said }
  const signed = signClaim(signer, network, { action, ballot, kind: "join", value })
  return { signed, value, ...(proof !== undefined && { proof }) }
}
