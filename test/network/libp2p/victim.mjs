// A node of a cluster in a process of its own, to be attacked: prints who and where it is, and ends with its standard input.
//
// node --expose-gc victim.mjs LIMITS   (those that differ, as JSON)
import { Effect, Layer, Schema } from "effect"
import { ClusterNode, Identity, MemoryStorage, NodeCrypto, NodeEntropy, Roster } from "effect-optimystic/layers"
import { Libp2pHost, Libp2pNetwork } from "effect-optimystic/libp2p"
import { Discovery, PeerNetwork, Signer } from "effect-optimystic/services"

const limits = JSON.parse(process.argv[2])
const MEBIBYTE = 1_048_576

const protocol = (name, question, answer) => ({
  answer,
  maxAnswerBytes: 8 * MEBIBYTE,
  maxQuestionBytes: 8 * MEBIBYTE,
  name,
  question
})

const identity = Identity.fromSeed(new Uint8Array(32).fill(100))

const program = Effect.gen(function* () {
  const host = yield* Libp2pHost.Libp2pHost
  const network = yield* PeerNetwork
  yield* network.serve(
    protocol("directory", Schema.Struct({ text: Schema.String }), Schema.Unknown),
    (_from, { text }) => Effect.succeed({ text: text.repeat(4) })
  )
  yield* network.serve(protocol("patience", Schema.String, Schema.String), () => Effect.never)
  yield* network.serve(protocol("state", Schema.String, Schema.Unknown), () =>
    Effect.map(host.counts, (counts) => {
      globalThis.gc()
      const { arrayBuffers, heapUsed } = process.memoryUsage()
      return { counts, megabytes: (heapUsed + arrayBuffers) / MEBIBYTE }
    })
  )
  const { addresses } = yield* Discovery
  console.log(JSON.stringify({ addresses: yield* addresses, peer: host.self }))
  yield* Effect.async((resume) => {
    process.stdin.resume().on("end", () => resume(Effect.void))
  })
})

const peer = Libp2pNetwork.layer.pipe(
  Layer.provideMerge(Libp2pHost.layer(identity, { limits, listen: ["/ip4/127.0.0.1/tcp/0"], network: "test" })),
  Layer.provideMerge(NodeCrypto.layer(identity))
)
const node = Layer.unwrapEffect(
  Effect.map(Signer, ({ peer: self }) =>
    ClusterNode.layer({ clusterSize: 1, faultModel: "crash", network: "test" }).pipe(
      Layer.provide(Roster.layer([self]))
    )
  )
).pipe(Layer.provide(MemoryStorage.layer), Layer.provide(NodeEntropy.layer), Layer.provideMerge(peer))

await Effect.runPromise(Effect.scoped(Effect.provide(program, node)))
process.exit()
