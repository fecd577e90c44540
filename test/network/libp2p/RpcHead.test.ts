import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import {
  answerHead,
  failureHead,
  interruptHead,
  questionHead,
  readFromAnswerer,
  readFromAsker
} from "../../../layers/network/libp2p/RpcHead.ts"

const exit = (cause: unknown, id: unknown = "1") =>
  JSON.stringify({ _tag: "Exit", exit: { _tag: "Failure", cause }, requestId: id })

describe("Heads", () => {
  it("what is written is what is read", () => {
    expect(readFromAsker(questionHead("12"))).toEqual({ _tag: "Request", id: "12" })
    expect(readFromAsker(interruptHead("0"))).toEqual({ _tag: "Interrupt", requestId: "0" })
    expect(readFromAnswerer(answerHead("7"))).toEqual({ _tag: "Exit", exit: { _tag: "Success" }, requestId: "7" })
    const busy = { _tag: "Busy", what: 'a "member"\n' } as const
    expect(readFromAnswerer(failureHead("7", busy))?.exit).toEqual({
      _tag: "Failure",
      cause: { _tag: "Fail", error: busy }
    })
  })

  it("only what belongs to a direction passes in it, with numbers as ids, and errors that peers may have (measured facts 3 and 4)", () => {
    const ids = ["abc", "", "-1", "01", "1.5", "1e3", "99999999999999999999", 1, null, {}, ["1"], "0x10", "१"]
    for (const id of ids) {
      expect(readFromAsker(JSON.stringify({ _tag: "Request", id, tag: "ask" }))).toBeUndefined()
      expect(readFromAsker(JSON.stringify({ _tag: "Interrupt", requestId: id }))).toBeUndefined()
      expect(readFromAnswerer(exit({ _tag: "Fail", error: { _tag: "Failed" } }, id))).toBeUndefined()
    }
    for (const _tag of ["Ack", "Eof", "Ping", "Exit", "Chunk", "__proto__", 1]) {
      expect(readFromAsker(JSON.stringify({ _tag, id: "1", requestId: "1" }))).toBeUndefined()
    }
    for (const _tag of ["Request", "Chunk", "Defect", "Pong", "ClientProtocolError", "ClientEnd"]) {
      expect(readFromAnswerer(JSON.stringify({ _tag, defect: "evil", requestId: "1", values: [1] }))).toBeUndefined()
    }
    const causes = [
      { _tag: "Die", defect: "a secret" },
      { _tag: "Interrupt", fiberId: { _tag: "None" } },
      { _tag: "Fail", error: { _tag: "Zed" } },
      { _tag: "Fail", error: { _tag: "Busy", what: "x".repeat(1_000) } },
      { _tag: "Fail", error: { _tag: "Busy" } }
    ]
    for (const cause of causes) expect(readFromAnswerer(exit(cause))).toBeUndefined()
  })

  it("what is not named is not passed on", () => {
    const head = '{"_tag":"Request","id":"1","__proto__":{"isAdmin":true},"headers":[["x-peer","you"]],"constructor":1}'
    const read = readFromAsker(head)
    expect(Object.keys(read!).toSorted()).toEqual(["_tag", "id"])
    expect((read as unknown as { readonly isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  it("whatever the text, reading it throws nothing", () => {
    const texts = FastCheck.oneof(
      FastCheck.string(),
      FastCheck.json({ maxDepth: 6 }),
      FastCheck.constant("[".repeat(4_000)),
      FastCheck.constantFrom(
        '{"_tag":{"toString":1}}',
        '{"_tag":"Exit","exit":{"_tag":{"toString":[]}},"requestId":"1"}'
      )
    )
    FastCheck.assert(
      FastCheck.property(texts, (text) => {
        readFromAsker(text)
        readFromAnswerer(text)
      })
    )
  })
})
