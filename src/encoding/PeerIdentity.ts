/**
 * Conversions between a public key and the peer that holds it. A libp2p peer id of an Ed25519 key contains the whole
 * key, so they go both ways. Source: libp2p specification, "Peer Ids and Keys".
 */
import { fromBase58, toBase58 } from "@exodus/bytes/base58.js"
import type { PeerId, PublicKey } from "../../schemas/Ids.ts"
import * as Base32 from "./Base32.ts"

/** The length of an Ed25519 public key, in bytes. */
export const PUBLIC_KEY_BYTES = 32

const PUBLIC_KEY_PREFIX = "ed25519:"
const PUBLIC_KEY_CHARACTERS = PUBLIC_KEY_PREFIX.length + Math.ceil((PUBLIC_KEY_BYTES * 8) / 5)
const PEER_ID_CHARACTERS = 52

/** Identity multihash (0x00) of 36 bytes: the protobuf message { Type (field 1): Ed25519 (1), Data (field 2): 32 bytes }. */
const PEER_ID_HEADER = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, PUBLIC_KEY_BYTES)

/** The text of a public key. Dies on anything but {@link PUBLIC_KEY_BYTES} bytes. */
export const publicKeyOf = (raw: Uint8Array): PublicKey => {
  if (raw.length !== PUBLIC_KEY_BYTES)
    throw new RangeError(`a public key has ${PUBLIC_KEY_BYTES} bytes, not ${raw.length}`)
  return `${PUBLIC_KEY_PREFIX}${Base32.encode(raw)}` as PublicKey
}

/** The 32 bytes that a text from outside stands for, or undefined where it is not the text of any public key. */
export const parsePublicKey = (text: string): Uint8Array | undefined =>
  text.length === PUBLIC_KEY_CHARACTERS && text.startsWith(PUBLIC_KEY_PREFIX)
    ? Base32.decode(text.slice(PUBLIC_KEY_PREFIX.length))
    : undefined

/** The 32 bytes of a public key. Dies on a malformed one; {@link parsePublicKey} is for texts that may be. */
export const rawPublicKey = (key: PublicKey): Uint8Array => {
  const raw = parsePublicKey(key)
  if (raw === undefined)
    throw new RangeError(`not a public key: ${JSON.stringify(key.slice(0, PUBLIC_KEY_CHARACTERS))}`)
  return raw
}

/** How many peer ids are remembered: base58 is slow, and a node meets the same few peers over and over. */
const REMEMBERED_PEERS = 1024
const remembered = new Map<PublicKey, PeerId>()

/** The peer that holds a key: base58btc of its multihash, `12D3KooW…`. Dies on a malformed key. */
export const peerIdOf = (key: PublicKey): PeerId => {
  const known = remembered.get(key)
  if (known !== undefined) return known
  const peer = encodePeerId(rawPublicKey(key))
  if (remembered.size >= REMEMBERED_PEERS) {
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest)
      break
    }
  }
  remembered.set(key, peer)
  return peer
}

const encodePeerId = (raw: Uint8Array): PeerId => {
  const bytes = new Uint8Array(PEER_ID_HEADER.length + PUBLIC_KEY_BYTES)
  bytes.set(PEER_ID_HEADER)
  bytes.set(raw, PEER_ID_HEADER.length)
  return toBase58(bytes) as PeerId
}

/** The key that a peer holds, or undefined where the text is not the peer id of an Ed25519 key. */
export const publicKeyOfPeer = (peer: PeerId): PublicKey | undefined => {
  // Base58 takes quadratic time: nothing long goes in.
  if (peer.length !== PEER_ID_CHARACTERS) return undefined
  const bytes = decodeBase58(peer)
  if (bytes?.length !== PEER_ID_HEADER.length + PUBLIC_KEY_BYTES) return undefined
  const raw = bytes.subarray(PEER_ID_HEADER.length)
  // Compares the header and the canonical text in one.
  return encodePeerId(raw) === peer ? publicKeyOf(raw) : undefined
}

const decodeBase58 = (text: string): Uint8Array | undefined => {
  try {
    return fromBase58(text)
  } catch {
    return undefined
  }
}
