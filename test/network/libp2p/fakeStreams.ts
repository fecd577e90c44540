/** Two ends of a stream without a network below: what one sends the other hears at once. */
import type { Stream } from "@libp2p/interface"

class FakeStream extends EventTarget {
  status = "open"
  readStatus = "readable"
  writeBufferLength = 0
  other: FakeStream | undefined

  send(bytes: Uint8Array): boolean {
    if (this.status !== "open") throw new Error("closed")
    this.other?.dispatchEvent(Object.assign(new Event("message"), { data: bytes }))
    return true
  }

  abort(): void {
    if (this.status !== "open") return
    this.status = "aborted"
    this.dispatchEvent(new Event("close"))
    this.other?.abort()
  }

  pause(): void {
    this.readStatus = "paused"
  }

  resume(): void {
    this.readStatus = "readable"
  }
}

/** Both ends; of one that is stuck, what the second sends is never taken. */
export const fakeStreams = (isStuck: boolean): readonly [Stream, Stream] => {
  const [one, other] = [new FakeStream(), new FakeStream()]
  if (isStuck) other.writeBufferLength = Number.MAX_SAFE_INTEGER
  one.other = other
  other.other = one
  return [one as unknown as Stream, other as unknown as Stream]
}
