import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { SharedReading } from "../../../simulator/network/SharedReading.ts"
import { memberProtocol, repoProtocol } from "../../../src/cluster/protocols.ts"
import { codecsOf } from "../../../src/network/PeerCodec.ts"

describe("What the peers of a simulation read", () => {
  const question = JSON.stringify({ _tag: "Shared" })

  it("is what the codec of any network makes of it, and the same for all who get it", () => {
    const { decode } = new SharedReading().codecsOf(repoProtocol).question
    const read = Either.getOrThrow(decode(question))
    expect(read).toEqual(Either.getOrThrow(codecsOf(repoProtocol).question.decode(question)))
    // Another text of the same, not the same text.
    expect(Either.getOrThrow(decode(`${question}`.split("").join("")))).toBe(read)
  })

  it("is kept apart by simulation, by protocol, and by direction", () => {
    const one = new SharedReading()
    const other = new SharedReading()
    const read = Either.getOrThrow(one.codecsOf(repoProtocol).question.decode(question))
    expect(Either.getOrThrow(other.codecsOf(repoProtocol).question.decode(question))).not.toBe(read)
    expect(Either.isLeft(one.codecsOf(memberProtocol).question.decode(question))).toBe(true)
    expect(Either.isLeft(one.codecsOf(repoProtocol).answer.decode(question))).toBe(true)
  })

  it("is malformed to each of them where it is to one", () => {
    const { decode } = new SharedReading().codecsOf(repoProtocol).question
    expect([decode("{"), decode("{")].map(Either.isLeft)).toEqual([true, true])
  })
})
