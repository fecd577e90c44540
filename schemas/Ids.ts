/**
 * Branded identifiers. All of them are text: RFC 4648 base32, lower case, without padding, unless said otherwise.
 * How each is made: `docs/internals/format.md`.
 */
import * as Schema from "effect/Schema"

/** The last character holds only the bits that are left over: one text for one value. */
const base32 = (length: number, last: string) =>
  Schema.String.pipe(Schema.pattern(new RegExp(`^[a-z2-7]{${length - 1}}[${last}]$`)))

/** A sha256 digest: 52 characters. */
export const Hash = base32(52, "aq").pipe(Schema.brand("Hash"))
export type Hash = typeof Hash.Type

/** A collection: the id of its header block, sha256 of `"collection:" + name`: 52 characters. */
export const CollectionId = Schema.String.pipe(
  Schema.pattern(/^[a-z2-7]{51}[aq]$/),
  Schema.brand("BlockId"),
  Schema.brand("CollectionId")
)
export type CollectionId = typeof CollectionId.Type

/** A block: 52 characters for a collection header, else 58: 16 bytes of place and 20 unique bytes. */
export const BlockId = Schema.String.pipe(
  Schema.pattern(/^[a-z2-7]{51}(?:[aq]|[a-z2-7]{6}[aeimquy4])$/),
  Schema.brand("BlockId")
)
export type BlockId = typeof BlockId.Type

/** A transaction: the hash of its canonical manifest. */
export const ActionId = base32(52, "aq").pipe(Schema.brand("ActionId"))
export type ActionId = typeof ActionId.Type

/** One run of a transaction, known before its manifest: sha256(author key ‖ stamp). */
export const StampId = base32(52, "aq").pipe(Schema.brand("StampId"))
export type StampId = typeof StampId.Type

/** A public key: `ed25519:` and the 32 bytes in base32. */
export const PublicKey = Schema.String.pipe(Schema.pattern(/^ed25519:[a-z2-7]{51}[aq]$/), Schema.brand("PublicKey"))
export type PublicKey = typeof PublicKey.Type

/** A peer, as libp2p writes it (base58btc of the multihash of its key): `12D3KooW…`. */
export const PeerId = Schema.String.pipe(Schema.pattern(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/), Schema.brand("PeerId"))
export type PeerId = typeof PeerId.Type

/** An ed25519 signature: 64 bytes, 103 characters. */
export const Signature = base32(103, "aiqy").pipe(Schema.brand("Signature"))
export type Signature = typeof Signature.Type

/** The revision number of a collection, and of each block written at it: 1, 2, … below 2^53. */
export const Rev = Schema.Int.pipe(Schema.between(1, Number.MAX_SAFE_INTEGER), Schema.brand("Rev"))
export type Rev = typeof Rev.Type
