import { describe, expect, it } from "@effect/vitest"
import { Notary } from "../../../simulator/explore/Notary.ts"

describe("A symbolic signature", () => {
  const notary = new Notary()
  const ann = notary.signer(1)
  const bob = notary.signer(2)
  const { verifier } = notary

  it("is one of its signer over its text, and nothing else", () => {
    const signature = ann.sign("yes")
    expect(verifier.verify(ann.publicKey, "yes", signature)).toBe(true)
    expect(verifier.verify(ann.publicKey, "no", signature)).toBe(false)
    expect(verifier.verify(bob.publicKey, "yes", signature)).toBe(false)
    bob.sign("yes")
    expect(verifier.verify(bob.publicKey, "yes", signature)).toBe(false)
  })

  it("cannot be made up", () => {
    expect(verifier.verify(ann.publicKey, "never signed", new Uint8Array(8))).toBe(false)
    expect(verifier.verify(ann.publicKey, "never signed", new Uint8Array(0))).toBe(false)
  })

  it("is heard of by whoever listens", () => {
    const heard: Array<string> = []
    const cat = notary.signer(3, (text) => void heard.push(text))
    cat.sign("a")
    ann.sign("b")
    expect(heard).toEqual(["a"])
  })
})
