import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { KeySignature } from "../../../schemas/Manifest.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import { peerIdOf } from "../../encoding/PeerIdentity.ts"
import { verifyClaim } from "../../encoding/Statements.ts"
import type { ClusterRules } from "../ClusterRules.ts"

/** A certificate in the making: who has signed one claim, and of whom that is no longer to be expected. */
export interface Tally {
  readonly claim: Omit<Certificate, "signatures">
  readonly members: ReadonlyArray<PeerId>
  readonly signatures: ReadonlyMap<PeerId, KeySignature>
  readonly out: ReadonlySet<PeerId>
}

/** A tally that nobody has signed yet. */
export const startTally = (claim: Tally["claim"], members: ReadonlyArray<PeerId>): Tally => ({
  claim,
  members,
  out: new Set(),
  signatures: new Map()
})

/** Counts a signature, if it is that of the member that it is said to be of, and over the claim. */
export const sign = (
  { network, verifier }: ClusterRules,
  action: ActionId,
  tally: Tally,
  from: PeerId,
  signed: KeySignature
): Tally => {
  if (!tally.members.includes(from) || tally.signatures.has(from)) return tally
  const isSound = peerIdOf(signed.key) === from && verifyClaim(verifier, network, { action, ...tally.claim }, signed)
  return isSound ? { ...tally, signatures: new Map(tally.signatures).set(from, signed) } : giveUp(tally, from)
}

/** Notes that a member will not sign for now. */
export const giveUp = (tally: Tally, peer: PeerId): Tally =>
  tally.signatures.has(peer) || !tally.members.includes(peer) ? tally : { ...tally, out: new Set(tally.out).add(peer) }

/** Whether so many signatures may still come together. */
export const mayReach = ({ members, out }: Tally, needed: number): boolean => members.length - out.size >= needed

/** The certificate, once so many have signed. */
export const certificateOf = ({ claim, signatures }: Tally, needed: number): Certificate | undefined => {
  const [first, ...others] = signatures.values()
  if (first === undefined || signatures.size < needed) return undefined
  const { ballot, kind, shard, value } = claim
  return { ballot, kind, shard, signatures: [first, ...others], value }
}
