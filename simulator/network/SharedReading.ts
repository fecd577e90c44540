/**
 * Most messages of a simulation are read several times: the same goes to all members of a cluster. Here each text is read once, by the
 * codec of any network, and all who get it see the same value, which nobody changes. That took a tenth of a seed's time.
 */
import type * as Either from "effect/Either"
import type { PeerProtocol } from "../../services/PeerNetwork.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import { codecsOf, type MessageCodec, type PeerCodec } from "../../src/network/PeerCodec.ts"

/** Texts that are remembered, in characters: those of the last few hundred messages. */
const REMEMBERED = 4_194_304

const readingOnce = <A>({ decode, encode }: MessageCodec<A>): MessageCodec<A> => {
  const read = new BoundedCache<string, { readonly text: string; readonly said: Either.Either<A, string> }>(
    REMEMBERED,
    ({ text }) => text.length
  )
  return {
    decode: (text) => {
      const known = read.get(text)
      if (known !== undefined) return known.said
      const said = decode(text)
      read.set(text, { said, text })
      return said
    },
    encode
  }
}

/** The codecs of protocols, for all peers of one simulation. */
export class SharedReading {
  readonly #codecs = new Map<string, PeerCodec<never, never>>()

  readonly codecsOf = <Question, Answer>(protocol: PeerProtocol<Question, Answer>): PeerCodec<Question, Answer> => {
    const known = this.#codecs.get(protocol.name)
    if (known !== undefined) return known as unknown as PeerCodec<Question, Answer>
    const { answer, question } = codecsOf(protocol)
    const made: PeerCodec<Question, Answer> = { answer: readingOnce(answer), question: readingOnce(question) }
    this.#codecs.set(protocol.name, made as unknown as PeerCodec<never, never>)
    return made
  }
}
