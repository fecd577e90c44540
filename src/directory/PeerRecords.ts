/** How the records of peers are signed and checked. */
import type { PeerClaim, PeerRecord } from "../../schemas/Directory.ts"
import type { Signature } from "../../schemas/Ids.ts"
import { type NetworkName, PROTOCOL_VERSION } from "../../schemas/Manifest.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { VerifierService } from "../../services/Verifier.ts"
import * as Base32 from "../encoding/Base32.ts"
import { canonicalTextOnce } from "../encoding/CanonicalJson.ts"
import { publicKeyOfPeer } from "../encoding/PeerIdentity.ts"
import * as Slot from "../encoding/Slot.ts"
import { type Point, pointOfPeer } from "../network/Point.ts"

/** What tells these from all other statements that peers sign: no other has this kind. */
const KIND = "peer-record"

/** The text that the signature of a record covers: the canonical JSON of the claim, in its network. */
export const recordText = (network: NetworkName, claim: PeerClaim): string =>
  canonicalTextOnce({
    active: claim.active,
    addresses: claim.addresses,
    duties: claim.duties,
    kind: KIND,
    lifetimeMillis: claim.lifetimeMillis,
    network,
    peer: claim.peer,
    role: claim.role,
    sequence: claim.sequence,
    takesOverFrom: claim.takesOverFrom,
    version: PROTOCOL_VERSION
  })

/** The record of a claim of this peer's own. */
export const signRecord = (signer: SignerService, network: NetworkName, claim: PeerClaim): PeerRecord => ({
  ...claim,
  signature: Base32.encode(signer.sign(recordText(network, claim))) as Signature
})

/** Who found a record signed, and in which network. */
const checked = Slot.make<PeerRecord, readonly [VerifierService, NetworkName]>()

/** Whether a record is signed by the peer that it is about, in this network. What is, is checked once. */
export const isSigned = (verifier: VerifierService, network: NetworkName, record: PeerRecord): boolean => {
  const [by, where] = checked.get(record) ?? []
  if (by === verifier && where === network) return true
  if (!verify(verifier, network, record)) return false
  checked.set(record, [verifier, network])
  return true
}

const verify = (verifier: VerifierService, network: NetworkName, record: PeerRecord): boolean => {
  const key = publicKeyOfPeer(record.peer)
  const signature = Base32.decode(record.signature)
  return key !== undefined && signature !== undefined && verifier.verify(key, recordText(network, record), signature)
}

const points = Slot.make<PeerRecord, Point>()

/** Where the peer of a record stands; made once per record. */
export const pointOfRecord = (hasher: HasherService, record: PeerRecord): Point => {
  const known = points.get(record)
  if (known !== undefined) return known
  const point = pointOfPeer(hasher, record.peer)
  points.set(record, point)
  return point
}

/** Bytes of the digest of a record. */
export const DIGEST_BYTES = 5

const digests = Slot.make<PeerRecord, Uint8Array>()

/** The digest of a record, and so of all that it says: its signature covers that. Made once per record. */
export const digestOfRecord = (hasher: HasherService, record: PeerRecord): Uint8Array => {
  const known = digests.get(record)
  if (known !== undefined) return known
  const digest = hasher.sha256(record.signature).slice(0, DIGEST_BYTES)
  digests.set(record, digest)
  return digest
}

/** Which of two records of one peer takes the place of the other: of one sequence, that of the lesser signature, on all nodes. */
export const supersedes = (record: PeerRecord, other: Pick<PeerRecord, "sequence" | "signature">): boolean =>
  record.sequence === other.sequence ? record.signature < other.signature : record.sequence > other.sequence
