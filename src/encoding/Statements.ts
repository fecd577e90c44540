import type { ActionId, PeerId, PublicKey, Signature } from "../../schemas/Ids.ts"
import { type KeySignature, type NetworkName, PROTOCOL_VERSION, type SignedManifest } from "../../schemas/Manifest.ts"
import type { Ballot, Certificate, Statement, StatementKind } from "../../schemas/Proof.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { VerifierService } from "../../services/Verifier.ts"
import * as Base32 from "./Base32.ts"
import { canonicalTextOnce } from "./CanonicalJson.ts"
import { peerIdOf } from "./PeerIdentity.ts"
import * as Slot from "./Slot.ts"

/** What a statement says, but for who says it and in which network. */
export interface Claim {
  readonly action: ActionId
  readonly kind: StatementKind
  readonly shard?: number
  readonly ballot?: Ballot | null
  readonly value?: Statement["value"]
}

/** The text that a signature covers: the canonical JSON of the whole statement. Protocol §1. */
export const statementText = (network: NetworkName, signer: PublicKey, claim: Claim): string =>
  canonicalTextOnce({
    action: claim.action,
    ballot: claim.ballot ?? null,
    kind: claim.kind,
    network,
    shard: claim.shard ?? 0,
    signer,
    value: claim.value ?? null,
    version: PROTOCOL_VERSION
  } satisfies Statement)

/** What the signatures that were made here are over: by the object, so that none from elsewhere passes for one of them. */
const signedHere = Slot.make<KeySignature, string>()

/** Signs a claim. */
export const signClaim = (signer: SignerService, network: NetworkName, claim: Claim): KeySignature => {
  const key = signer.publicKey
  const text = statementText(network, key, claim)
  const signed: KeySignature = { key, signature: Base32.encode(signer.sign(text)) as Signature }
  signedHere.set(signed, text)
  return Object.freeze(signed)
}

/** Whether a signature is one of its key over a claim. */
export const verifyClaim = (
  verifier: VerifierService,
  network: NetworkName,
  claim: Claim,
  signed: KeySignature
): boolean => {
  const text = statementText(network, signed.key, claim)
  if (signedHere.get(signed) === text) return true
  const bytes = Base32.decode(signed.signature)
  return bytes !== undefined && verifier.verify(signed.key, text, bytes)
}

/** Whether the author of a manifest signed it. */
export const isAuthored = (
  verifier: VerifierService,
  network: NetworkName,
  action: ActionId,
  { manifest, signatures }: SignedManifest
): boolean =>
  signatures.some(
    (signed) => signed.key === manifest.author && verifyClaim(verifier, network, { action, kind: "author" }, signed)
  )

/** How many distinct members signed what a certificate claims about a transaction. */
export const countSigners = (
  verifier: VerifierService,
  network: NetworkName,
  action: ActionId,
  { ballot, kind, shard, signatures, value }: Certificate,
  members: ReadonlyArray<PeerId>
): number => {
  const claim: Claim = { action, ballot, kind, shard, value }
  const signers = new Set<PeerId>()
  for (const signed of signatures) {
    const peer = peerIdOf(signed.key)
    if (members.includes(peer) && !signers.has(peer) && verifyClaim(verifier, network, claim, signed)) signers.add(peer)
  }
  return signers.size
}
