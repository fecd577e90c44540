/** A stream in the hands of somebody who keeps to nothing. */
import type { Stream } from "@libp2p/interface"
import { multiaddr } from "@multiformats/multiaddr"
import * as Effect from "effect/Effect"
import { FrameReader } from "../../../layers/network/libp2p/Frames.ts"
import type { Address } from "../../../schemas/Address.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import { protocolId } from "../../../src/network/protocolId.ts"
import { network } from "../../storage/TestServices.ts"
import { hostOf, type Peer } from "./nodes.ts"

/** Whom to attack. */
export interface Target {
  readonly addresses: ReadonlyArray<Address>
  readonly peer: PeerId
}

const MAX_FRAME_BYTES = 64 * 1_048_576
/** Somebody who is hung up on hears of it within that. */
const PATIENCE_MILLIS = 20_000
/** What is given to libp2p before it has to drain. */
const MAX_UNSENT_BYTES = 1_048_576
const POLL_MILLIS = 2

export class HostileStream {
  readonly heads: Array<string> = []
  readonly stream: Stream

  constructor(stream: Stream) {
    this.stream = stream
    const reader = new FrameReader({
      giveBack: () => {},
      maxBytes: MAX_FRAME_BYTES,
      onFrame: ({ head }) => this.heads.push(head),
      take: () => true
    })
    stream.addEventListener("message", ({ data }) => reader.read(data.subarray()))
  }

  get isClosed(): boolean {
    return this.stream.status !== "open"
  }

  /** Sends bytes, unless the other end has hung up. */
  send(bytes: Uint8Array): boolean {
    if (this.isClosed) return false
    try {
      this.stream.send(bytes)
      return true
    } catch {
      return false
    }
  }

  /** The same, but waits until they are on their way, or the other end has hung up. */
  readonly sendAll = (bytes: Uint8Array): Effect.Effect<boolean> =>
    Effect.zipLeft(
      Effect.sync(() => this.send(bytes)),
      this.until(() => this.isClosed || this.stream.writeBufferLength < MAX_UNSENT_BYTES)
    )

  /** Waits until something is so; gives whether it came to be. */
  readonly until = (isSo: () => boolean, patienceMillis = PATIENCE_MILLIS): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const started = Date.now()
      const look: Effect.Effect<boolean> = Effect.suspend(() => {
        if (isSo()) return Effect.succeed(true)
        if (Date.now() - started > patienceMillis) return Effect.succeed(false)
        return Effect.delay(look, POLL_MILLIS)
      })
      return look
    })

  /** Whether the other end hangs up. */
  readonly hungUp: Effect.Effect<boolean> = Effect.suspend(() => this.until(() => this.isClosed))
}

/** Opens a stream of a protocol, by what it is called among peers. */
export const attack = (attacker: Peer, { addresses, peer }: Target, protocol: string): Effect.Effect<HostileStream> =>
  Effect.promise(async () => {
    const address = multiaddr(`${addresses[0]}/p2p/${peer}`)
    return new HostileStream(await hostOf(attacker).node.dialProtocol(address, protocolId(network, protocol)))
  })
