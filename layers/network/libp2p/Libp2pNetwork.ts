/**
 * Typed calls between peers over libp2p. Each of two peers asks on a stream of its own, one for each protocol, for as long as both live.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { Busy, PeerUnreachable } from "../../../schemas/Errors.ts"
import { type PeerError, PeerNetwork, type PeerNetworkService } from "../../../services/PeerNetwork.ts"
import { protocolId } from "../../../src/network/protocolId.ts"
import { traced } from "../../../src/tracing/traced.ts"
import { answerIn, asking, type Handler, handlerOf, type Served } from "../Hub.ts"
import * as Answering from "./Answering.ts"
import { peerOf } from "./gaterOf.ts"
import { Libp2pHost, type Libp2pHostService } from "./Libp2pHost.ts"
import { leftBy } from "./Link.ts"
import { Links, type WireProtocol } from "./Links.ts"
import { type Shared, sharedOf } from "./Shared.ts"

/** Streams and links are looked at so often. */
const LOOK_MILLIS = 500
/** After a pause of this process, as where a machine was asleep, others have one turn to be heard before they are judged. */
const OWN_PAUSE_MILLIS = 5 * LOOK_MILLIS

/** Has a peer's streams of a protocol answered by a handler; a later one for the same protocol takes over. */
const serving = (host: Libp2pHostService, shared: Shared) => {
  /** What is asked and answered here, by the names of protocols. */
  const current = new Map<string, Served>()
  const serve = (protocol: WireProtocol, handler: Handler): Effect.Effect<void, never, Scope.Scope> =>
    Effect.gen(function* () {
      const { node, options } = host
      const id = protocolId(options.network, protocol.name)
      const accept = yield* Answering.make(shared, protocol.maxQuestionBytes, handler)
      const served = { handler, runtime: yield* Effect.runtime<never>() }
      yield* Effect.acquireRelease(
        Effect.promise(() => {
          current.set(protocol.name, served)
          return node.handle(
            id,
            (stream, { remotePeer }) => {
              const peer = peerOf(remotePeer)
              if (peer === undefined) stream.abort(new Error("a peer of an unknown kind"))
              else accept(stream, peer)
            },
            { force: true }
          )
        }),
        () =>
          Effect.suspend(() => {
            if (current.get(protocol.name) !== served) return Effect.void
            current.delete(protocol.name)
            return Effect.ignore(Effect.tryPromise(() => node.unhandle(id)))
          })
      )
    })
  return { current, serve }
}

const make = Effect.gen(function* () {
  const host = yield* Libp2pHost
  const shared = sharedOf(host)
  const links = new Links(host, shared, yield* Effect.scope)
  yield* Effect.addFinalizer(() => Effect.sync(() => links.end()))
  const { current, serve } = serving(host, shared)
  const onConnect = ({ detail }: { readonly detail: Parameters<typeof peerOf>[0] }): void => {
    const peer = peerOf(detail)
    if (peer !== undefined) links.reset(peer)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => host.node.addEventListener("peer:connect", onConnect)),
    () => Effect.sync(() => host.node.removeEventListener("peer:connect", onConnect))
  )
  let lookedMillis = performance.now()
  const look = Effect.sync(() => {
    const now = performance.now()
    const hadPause = now - lookedMillis > OWN_PAUSE_MILLIS
    lookedMillis = now
    if (hadPause) return
    for (const stream of [...shared.open]) stream.check(now)
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(LOOK_MILLIS)))
  return {
    ask: asking((peer, protocol, question): Effect.Effect<string, PeerError> => {
      if (peer === host.self) {
        const served = current.get(protocol.name)
        return served === undefined
          ? new PeerUnreachable({ peer, reason: "it answers no such questions" })
          : answerIn(served, peer, peer, question)
      }
      if (links.isEnded) return leftBy(peer)
      const link = links.to(peer, protocol)
      if (link === undefined) return new Busy({ what: "the table of peers of this node" })
      return traced(
        "PeerNetwork.ask",
        () => link.ask(question),
        () => ({ peer, protocol: protocol.name })
      )
    }),
    self: host.self,
    serve: (protocol, handler) => serve(protocol, handlerOf(protocol, handler))
  } satisfies PeerNetworkService
})

/** Questions and answers over libp2p. */
export const layer: Layer.Layer<PeerNetwork, never, Libp2pHost> = Layer.scoped(PeerNetwork, make)
