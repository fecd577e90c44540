import { describe, expect, it } from "@effect/vitest"
import { KeyRing } from "../../../simulator/crypto/KeyRing.ts"
import { publicKeyOfPeer } from "../../../src/encoding/PeerIdentity.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { hasher } from "../../storage/TestServices.ts"

describe("The keys of a simulation", () => {
  const ring = new KeyRing(hasher)
  const [ann, bob] = [ring.signer(Prng.make("ann")), ring.signer(Prng.make("bob"))]
  const { verifier } = ring

  it("a signature is one of its key over its text, and of nothing else", () => {
    const signature = ann.sign("text")
    expect(verifier.verify(ann.publicKey, "text", signature)).toBe(true)
    expect(verifier.verify(ann.publicKey, "other", signature)).toBe(false)
    expect(verifier.verify(bob.publicKey, "text", signature)).toBe(false)
    expect(verifier.verify(ann.publicKey, "text", bob.sign("text"))).toBe(false)
    expect(verifier.verify(ann.publicKey, "text", signature.subarray(1))).toBe(false)
  })

  it("a key is known by its peer, and taken only if it is of the ring", () => {
    expect(publicKeyOfPeer(ann.peer)).toBe(ann.publicKey)
    expect(verifier.accepts(ann.publicKey)).toBe(true)
    expect(verifier.accepts(new KeyRing(hasher).signer(Prng.make("eve")).publicKey)).toBe(false)
  })
})
