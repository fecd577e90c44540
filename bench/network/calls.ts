/** Round trips between two processes, beside those of a bare stream in the same run. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Libp2pHost } from "effect-optimystic/libp2p"
import { Discovery, PeerNetwork } from "effect-optimystic/services"
import { allOf, atLeast, type Benchmark, collectGarbage, perSecond, timed } from "../harness.ts"
import { builtProgram } from "../processes/builtProgram.ts"
import * as ChildProcess from "../processes/ChildProcess.ts"
import { EchoRpcs } from "./EchoRpcs.ts"
import { BARE_ECHO, echo, peerLayer } from "./echo.ts"

const MESSAGE_BYTES = 300
const TURNS = 20
const CALLS_PER_TURN = 320
const WARM_UP_CALLS = 960
const LEAST_RATIO = 0.4

/** As many bytes as are sent, as JSON. */
const text = "x".repeat(MESSAGE_BYTES - 2)

type Call = Effect.Effect<unknown, unknown>

/** So many calls, some of them at once: how many milliseconds they take. */
const duration = (call: Call, atOnce: number, count: number) =>
  timed(
    Effect.forEach(
      Array.from({ length: atOnce }),
      () => Effect.forEach(Array.from({ length: count / atOnce }), () => call, { discard: true }),
      { concurrency: "unbounded", discard: true }
    )
  )

/** Calls of two kinds by turns, so that a machine that is busy for a while is so for both: how many of each there are in a second. */
const rates = (calls: readonly [Call, Call], atOnce: number) =>
  Effect.gen(function* () {
    for (const call of calls) yield* duration(call, atOnce, WARM_UP_CALLS)
    yield* collectGarbage
    const millis: [number, number] = [0, 0]
    for (let turn = 0; turn < TURNS; turn++) {
      for (const i of [0, 1] as const) millis[i] += yield* duration(calls[i], atOnce, CALLS_PER_TURN)
    }
    return millis.map((each) => perSecond(TURNS * CALLS_PER_TURN, each)) as [number, number]
  })

/** Calls on an open stream with nothing of ours on it: what comes back is counted, not read. */
const bareCall: Effect.Effect<(peer: string) => Call, never, Libp2pHost.Libp2pHost | Scope.Scope> = Effect.map(
  Libp2pHost.Libp2pHost,
  ({ node }) => {
    const message = new Uint8Array(MESSAGE_BYTES).fill(1)
    return () => {
      const waiting: Array<() => void> = []
      let come = 0
      const stream = node
        .getConnections()[0]!
        .newStream(BARE_ECHO)
        .then((opened) => {
          opened.addEventListener("message", ({ data }) => {
            come += data.byteLength
            for (; come >= MESSAGE_BYTES; come -= MESSAGE_BYTES) waiting.shift()?.()
          })
          return opened
        })
      return Effect.flatMap(
        Effect.promise(() => stream),
        (opened) =>
          Effect.async<void>((resume) => {
            waiting.push(() => resume(Effect.void))
            opened.send(message)
          })
      )
    }
  }
)

const calling = (name: string, atOnce: number): Benchmark => ({
  durable: false,
  name,
  prepare: () =>
    Effect.gen(function* () {
      const { client } = yield* ChildProcess.start(EchoRpcs, builtProgram(import.meta.url, "./echoPeer"))
      const { addresses, peer } = yield* client.Started()
      const services = yield* Layer.build(peerLayer(1))
      return Effect.gen(function* () {
        const network = yield* PeerNetwork
        const discovery = yield* Discovery
        yield* discovery.remember({ addresses, peer })
        const ask = network.ask(echo, peer, text)
        yield* ask
        const [bare, value] = yield* rates([(yield* bareCall)(peer), ask], atOnce)
        return { bare, ratio: value / bare, value }
      }).pipe(Effect.provide(services))
    }),
  runs: 3,
  target: allOf(atLeast(LEAST_RATIO, "ratio")),
  unit: "calls/s"
})

/** One after the other, and 32 at once. */
export const calls: ReadonlyArray<Benchmark> = [calling("rpc.call", 1), calling("rpc.call.32", 32)]
