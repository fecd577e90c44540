import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { fromSeed } from "../../layers/crypto/Identity.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as SignatureMemory from "../../layers/crypto/SignatureMemory.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"

const identity = fromSeed(new Uint8Array(32).fill(1))
const other = fromSeed(new Uint8Array(32).fill(2))

/** A memory over `node:crypto`, another signer, and how many signatures were checked below the memory. */
const remembering = (remembered?: number) =>
  Effect.gen(function* () {
    let checked = 0
    const counted = Layer.map(NodeCrypto.layer(identity), (context) => {
      const verifier = Context.get(context, Verifier)
      return Context.add(context, Verifier, {
        ...verifier,
        verify: (...given) => {
          checked += 1
          return verifier.verify(...given)
        }
      })
    })
    const context = yield* Layer.build(Layer.provide(SignatureMemory.layer(remembered), counted))
    return {
      checked: () => checked,
      peer: Context.get(yield* Layer.build(NodeCrypto.layerSigner(other)), Signer),
      signer: Context.get(context, Signer),
      verifier: Context.get(context, Verifier)
    }
  })

describe("SignatureMemory", () => {
  it.scoped("checks a good signature once", () =>
    Effect.gen(function* () {
      const { checked, peer, verifier } = yield* remembering()
      const signature = peer.sign("text")
      for (let i = 0; i < 3; i++) {
        expect(verifier.verify(peer.publicKey, "text", Uint8Array.from(signature))).toBe(true)
      }
      expect(checked()).toBe(1)
    })
  )

  it.scoped("knows what was signed here", () =>
    Effect.gen(function* () {
      const { checked, signer, verifier } = yield* remembering()
      expect(verifier.verify(signer.publicKey, "text", signer.sign("text"))).toBe(true)
      expect(checked()).toBe(0)
    })
  )

  it.scoped("checks a bad signature each time, and believes it never", () =>
    Effect.gen(function* () {
      const { checked, peer, verifier } = yield* remembering()
      const bad = peer.sign("text")
      bad[40]! ^= 1
      for (const signature of [bad, bad, bad.subarray(1), new Uint8Array(0)]) {
        expect(verifier.verify(peer.publicKey, "text", signature)).toBe(false)
      }
      expect(checked()).toBe(4)
    })
  )

  it.scoped("believes a good signature under no other key, over no other text, and in no other bytes", () =>
    Effect.gen(function* () {
      const { checked, peer, signer, verifier } = yield* remembering()
      for (const { publicKey, sign } of [peer, signer]) {
        const signature = sign("text")
        const stranger = publicKey === peer.publicKey ? signer.publicKey : peer.publicKey
        expect(verifier.verify(publicKey, "text", signature)).toBe(true)
        const before = checked()
        expect(verifier.verify(stranger, "text", signature)).toBe(false)
        expect(verifier.verify(publicKey, "text ", signature)).toBe(false)
        for (let byte = 0; byte < signature.length; byte++) {
          const changed = Uint8Array.from(signature)
          changed[byte]! ^= 0x80
          expect(verifier.verify(publicKey, "text", changed)).toBe(false)
        }
        expect(verifier.verify(publicKey, "text", Uint8Array.of(...signature, 0))).toBe(false)
        expect(checked()).toBe(before + 2 + signature.length + 1)
        // All of that made it forget nothing.
        expect(verifier.verify(publicKey, "text", signature)).toBe(true)
        expect(checked()).toBe(before + 2 + signature.length + 1)
      }
    })
  )

  it.scoped("keeps what it knows when the array of a caller changes", () =>
    Effect.gen(function* () {
      const { peer, signer, verifier } = yield* remembering()
      for (const { publicKey, sign } of [peer, signer]) {
        const signature = sign("text")
        expect(verifier.verify(publicKey, "text", signature)).toBe(true)
        signature[40]! ^= 1
        expect(verifier.verify(publicKey, "text", signature)).toBe(false)
      }
    })
  )

  it.scoped("remembers no more than it was told, and checks again what it forgot", () =>
    Effect.gen(function* () {
      const remembered = 8
      const { checked, peer, signer, verifier } = yield* remembering(remembered)
      const signatures = Array.from({ length: 100 }, (_, index) => peer.sign(`text ${index}`))
      const verifyAll = () =>
        signatures.forEach((signature, index) => {
          expect(verifier.verify(peer.publicKey, `text ${index}`, signature)).toBe(true)
        })
      verifyAll()
      expect(checked()).toBe(100)
      // From the last back to the first: only what is remembered is found.
      signatures.toReversed().forEach((signature, index) => {
        expect(verifier.verify(peer.publicKey, `text ${99 - index}`, signature)).toBe(true)
      })
      expect(checked()).toBeGreaterThanOrEqual(200 - remembered)
      expect(checked()).toBeLessThan(200)
      const own = signer.sign("own")
      verifyAll()
      const before = checked()
      expect(verifier.verify(signer.publicKey, "own", own)).toBe(true)
      expect(checked()).toBe(before + 1)
    })
  )
})
