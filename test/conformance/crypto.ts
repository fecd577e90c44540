/**
 * The rules that every implementation of {@link Hasher}, {@link Signer} and {@link Verifier} keeps.
 */
import * as Effect from "effect/Effect"
import type { PublicKey } from "../../schemas/Ids.ts"
import { Hasher } from "../../services/Hasher.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { peerIdOf, publicKeyOf, publicKeyOfPeer } from "../../src/encoding/PeerIdentity.ts"
import { type ConformanceCase, type ConformanceFailure, expectEqual, expectTrue } from "./Conformance.ts"
import {
  fromHex,
  GROUP_ORDER,
  HOSTILE_TEXT,
  MIXED_COMMITMENT_SIGNATURE,
  MIXED_ORDER_KEY,
  MIXED_ORDER_SIGNATURES,
  NON_CANONICAL_KEYS,
  NOT_ON_CURVE_KEY,
  RFC8032_VECTORS,
  SHA256_VECTORS,
  SMALL_ORDER_COMMITMENT_SIGNATURES,
  SMALL_ORDER_KEYS,
  UNIVERSAL_SIGNATURE
} from "./cryptoVectors.ts"

type CryptoCase = ConformanceCase<Hasher | Signer | Verifier, ConformanceFailure>

const TEXT = '{"kind":"approve","value":"Zürich 東京 😀"}'
const SIGNATURE_BYTES = 64
const SCALAR_START = 32

/** A key in text form, from its bytes in hexadecimal. */
const keyOf = (hex: string): PublicKey => publicKeyOf(fromHex(hex))

const otherKey = keyOf(RFC8032_VECTORS[0].key)

/** A copy of some bytes with one bit changed. */
const flipBit = (bytes: Uint8Array, bit: number): Uint8Array => {
  const flipped = Uint8Array.from(bytes)
  flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7))
  return flipped
}

/** The same signature with the order of the group added to its S: what a checker without a bound on S takes for it. */
const withUnreducedScalar = (signature: Uint8Array): Uint8Array => {
  const order = fromHex(GROUP_ORDER)
  const unreduced = Uint8Array.from(signature)
  let carry = 0
  for (let index = 0; index < order.length; index++) {
    const sum = unreduced[SCALAR_START + index]! + order[index]! + carry
    unreduced[SCALAR_START + index] = sum & 0xff
    carry = sum >> 8
  }
  return unreduced
}

/** Fails where a verifier takes any of the signatures. */
const expectRefused = (
  key: PublicKey,
  text: string,
  signatures: Iterable<Uint8Array>,
  label: string
): Effect.Effect<void, ConformanceFailure, Verifier> =>
  Effect.flatMap(Verifier, (verifier) =>
    Effect.forEach(signatures, (signature) => expectEqual(verifier.verify(key, text, signature), false, label), {
      discard: true
    })
  )

/** Fails where a verifier accepts any of the keys, or a signature under it. */
const expectKeysRefused = (keys: Iterable<PublicKey>, label: string) =>
  Effect.gen(function* () {
    const verifier = yield* Verifier
    const universal = fromHex(UNIVERSAL_SIGNATURE)
    for (const key of keys) {
      yield* expectEqual(verifier.accepts(key), false, `${label} ${key} is accepted`)
      yield* expectRefused(key, TEXT, [universal], `a signature under ${label} ${key} is accepted`)
    }
  })

/** Texts that are not those of a public key, beside one that is. */
const malformedKeys = (key: PublicKey): ReadonlyArray<PublicKey> => {
  const unusedBitSet = key.endsWith("a") ? "b" : "r"
  return [
    "",
    "ed25519:",
    key.slice("ed25519:".length),
    key.slice(0, -1),
    `${key}a`,
    `${key.slice(0, -1)}${unusedBitSet}`,
    `${key.slice(0, -1)}1`,
    `${key.slice(0, -1)}=`,
    ` ${key.slice(1)}`,
    key.toUpperCase(),
    `ed25519:${key.slice("ed25519:".length).toUpperCase()}`,
    `ed25518:${key.slice("ed25519:".length)}`
  ] as ReadonlyArray<string> as ReadonlyArray<PublicKey>
}

const hashing: ReadonlyArray<CryptoCase> = [
  {
    name: "sha256 gives the known digests of texts, as UTF-8",
    check: Effect.gen(function* () {
      const hasher = yield* Hasher
      for (const [text, digest] of SHA256_VECTORS) {
        yield* expectEqual(hasher.sha256(text), fromHex(digest), `sha256 of ${JSON.stringify(text)}`)
      }
    })
  },
  {
    name: "sha256 of bytes is that of the text they encode, whatever buffer they stand in",
    check: Effect.gen(function* () {
      const hasher = yield* Hasher
      const surrounded = new TextEncoder().encode(`before${TEXT}after`).subarray("before".length, -"after".length)
      yield* expectEqual(hasher.sha256(surrounded), hasher.sha256(TEXT), "sha256 of a part of a buffer")
    })
  },
  {
    name: "a lone surrogate is hashed as U+FFFD",
    check: Effect.gen(function* () {
      const hasher = yield* Hasher
      yield* expectEqual(hasher.sha256("\ud800"), hasher.sha256("\ufffd"), "sha256 of a lone surrogate")
    })
  },
  {
    name: "a digest is a value of its own",
    check: Effect.gen(function* () {
      const hasher = yield* Hasher
      const first = hasher.sha256("first")
      const kept = first.slice()
      hasher.sha256("second").fill(0)
      yield* expectEqual(first, kept, "a digest after the next one")
      kept.fill(0)
      yield* expectEqual(first, hasher.sha256("first"), "a digest after its slice was changed")
    })
  }
]

const signing: ReadonlyArray<CryptoCase> = [
  {
    name: "a signer's peer id is that of its key, and gives the key back",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      yield* expectEqual(signer.peer, peerIdOf(signer.publicKey), "the peer id")
      yield* expectEqual(publicKeyOfPeer(signer.peer), signer.publicKey, "the key of the peer id")
    })
  },
  {
    name: "a signature verifies under its key and over its text",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      const verifier = yield* Verifier
      yield* expectTrue(verifier.accepts(signer.publicKey), "the signer's key is accepted")
      for (const text of [TEXT, "", "a", TEXT.repeat(1000)]) {
        const signature = signer.sign(text)
        yield* expectEqual(signature.length, SIGNATURE_BYTES, "bytes of a signature")
        yield* expectTrue(verifier.verify(signer.publicKey, text, signature), `signature of ${text.length} characters`)
      }
    })
  },
  {
    name: "signing is deterministic",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      yield* expectEqual(signer.sign(TEXT), signer.sign(TEXT), "two signatures of one text")
    })
  }
]

const verifying: ReadonlyArray<CryptoCase> = [
  {
    name: "the signatures of RFC 8032 verify",
    check: Effect.gen(function* () {
      const verifier = yield* Verifier
      for (const { key, text, signature } of RFC8032_VECTORS) {
        yield* expectTrue(verifier.accepts(keyOf(key)), `key ${key}`)
        yield* expectTrue(verifier.verify(keyOf(key), text, fromHex(signature)), `signature under ${key}`)
      }
    })
  },
  {
    name: "a signature with any one bit changed is refused",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      const signature = signer.sign(TEXT)
      const changed = Array.from({ length: 8 * SIGNATURE_BYTES }, (_, bit) => flipBit(signature, bit))
      yield* expectRefused(signer.publicKey, TEXT, changed, "a changed signature")
    })
  },
  {
    name: "a signature is refused over any other text",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      const signature = signer.sign(TEXT)
      for (const text of ["", `${TEXT} `, TEXT.slice(1), TEXT.toLowerCase(), TEXT.normalize("NFD")]) {
        yield* expectRefused(signer.publicKey, text, [signature], `over ${text}`)
      }
    })
  },
  {
    name: "a signature is refused under any other key",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      yield* expectRefused(otherKey, TEXT, [signer.sign(TEXT)], "under another key")
    })
  },
  {
    name: "a signature of any other length is refused",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      const signature = signer.sign(TEXT)
      const longer = new Uint8Array(2 * SIGNATURE_BYTES)
      longer.set(signature)
      const lengths = [0, 1, SCALAR_START, SIGNATURE_BYTES - 1, SIGNATURE_BYTES + 1, 2 * SIGNATURE_BYTES]
      const cut = lengths.map((length) => longer.slice(0, length))
      yield* expectRefused(signer.publicKey, TEXT, cut, "a signature of another length")
    })
  },
  {
    name: "a signature whose S is not below the order of the group is refused",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      yield* expectRefused(signer.publicKey, TEXT, [withUnreducedScalar(signer.sign(TEXT))], "S plus the order")
    })
  },
  {
    name: "a signature whose R has a component of small order is refused",
    check: expectRefused(otherKey, HOSTILE_TEXT, [fromHex(MIXED_COMMITMENT_SIGNATURE)], "an R of mixed order")
  },
  {
    name: "a signature whose R is a point of small order, the neutral one too, is refused in each of its encodings",
    check: expectRefused(otherKey, HOSTILE_TEXT, SMALL_ORDER_COMMITMENT_SIGNATURES.map(fromHex), "an R of small order")
  },
  {
    name: "a key of small order is refused, with the signature that would fit any text",
    check: expectKeysRefused(SMALL_ORDER_KEYS.map(keyOf), "the small-order key")
  },
  {
    name: "a key with a component of small order is refused, with the signatures its holder can make",
    check: Effect.gen(function* () {
      const key = keyOf(MIXED_ORDER_KEY)
      yield* expectKeysRefused([key], "the mixed-order key")
      yield* expectRefused(key, HOSTILE_TEXT, MIXED_ORDER_SIGNATURES.map(fromHex), "under a mixed-order key")
    })
  },
  {
    name: "a key that is not the canonical encoding of a point on the curve is refused",
    check: expectKeysRefused([...NON_CANONICAL_KEYS, NOT_ON_CURVE_KEY].map(keyOf), "the key")
  },
  {
    name: "a malformed text of a key is refused, whatever it stands for",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      const verifier = yield* Verifier
      const signature = signer.sign(TEXT)
      for (const key of malformedKeys(signer.publicKey)) {
        yield* expectEqual(verifier.accepts(key), false, `accepts ${JSON.stringify(key)}`)
        yield* expectRefused(key, TEXT, [signature], `verify under ${JSON.stringify(key)}`)
      }
      yield* expectTrue(verifier.verify(signer.publicKey, TEXT, signature), "the well-formed key afterwards")
    })
  },
  {
    name: "a verdict on a key is the same at first and at later sight",
    check: Effect.gen(function* () {
      const signer = yield* Signer
      const verifier = yield* Verifier
      for (const [key, verdict] of [[signer.publicKey, true] as const, [keyOf(SMALL_ORDER_KEYS[0]), false] as const]) {
        for (const sight of ["first", "second", "third"]) {
          yield* expectEqual(verifier.accepts(key), verdict, `${key} at ${sight} sight`)
        }
      }
    })
  }
]

/** Every rule, for hashing, signing and verifying. The signer may be of any identity but RFC 8032's own. */
export const cryptoConformance: ReadonlyArray<CryptoCase> = [...hashing, ...signing, ...verifying]
