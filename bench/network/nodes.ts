/**
 * Nodes of a network in a process of their own: `node nodes.js NODES`, what is to be started as JSON. Prints one line with who and where they are
 * once all can be reached, then answers questions; ends, with its nodes closed, on SIGTERM or with its standard input.
 */
import { createInterface } from "node:readline"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { Node } from "effect-optimystic"
import { Identity, KeyNetwork as KeyNetworkLayer } from "effect-optimystic/layers"
import type { PeerId } from "effect-optimystic/schemas"
import { Directory, Discovery, Hasher, KeyNetwork, Signer } from "effect-optimystic/services"
import { keysOf } from "./keys.ts"
import {
  type Answer,
  AnswerLine,
  NodesToStart,
  type NodeToStart,
  type NodeView,
  type Question,
  QuestionLine,
  StartedLine
} from "./questions.ts"

const ANY_PORT = "/ip4/127.0.0.1/tcp/0"
const LOOK_MILLIS = 2
/** Of the digest of who is closest: enough that no two are the same by chance. */
const DIGEST_CHARACTERS = 12

const layerOf = ({ seed, ...options }: NodeToStart) =>
  KeyNetworkLayer.layer.pipe(
    Layer.provideMerge(
      Node.layer({ ...options, identity: Identity.fromSeed(new Uint8Array(32).fill(seed)), listen: [ANY_PORT] })
    )
  )

type Running = Context.Context<Layer.Layer.Success<ReturnType<typeof layerOf>>>

const startedOf = (node: Running) =>
  Effect.map(Context.get(node, Discovery).addresses, (addresses) => ({
    addresses,
    peer: Context.get(node, Signer).peer
  }))

const knows = (node: Running, peers: ReadonlyArray<PeerId>): boolean =>
  peers.every((peer) => Context.get(node, Directory).find(peer)?.record.active === true)

/** For each key a digest of who is closest to it. */
const closestTo = (node: Running, keys: number, count: number): ReadonlyArray<string> => {
  const hasher = Context.get(node, Hasher)
  const { closest } = Context.get(node, KeyNetwork)
  return keysOf(hasher, keys).map((key) =>
    Buffer.from(hasher.sha256(closest(key, count).join()))
      .toString("hex")
      .slice(0, DIGEST_CHARACTERS)
  )
}

const viewOf = (node: Running): NodeView => {
  const known = Context.get(node, Directory).known()
  const idsOf = (some: typeof known) => some.map(({ record }) => record.peer)
  return {
    active: idsOf(known.filter(({ record }) => record.active)),
    known: idsOf(known),
    peer: Context.get(node, Signer).peer,
    unreachable: idsOf(known.filter(({ isReachable }) => !isReachable))
  }
}

const say = (line: string) => Effect.sync(() => console.log(line))

const program = Effect.gen(function* () {
  const nodes: Array<Running> = []
  const scope = yield* Effect.scope
  const start = (node: NodeToStart) =>
    Effect.tap(Layer.buildWithScope(layerOf(node), scope), (running) => Effect.sync(() => nodes.push(running)))

  const answerTo = (question: Question): Effect.Effect<Answer, unknown> => {
    switch (question._tag) {
      case "Start":
        return Effect.map(Effect.flatMap(start(question.node), startedOf), (node) => ({ _tag: "Started", node }))
      case "Know": {
        const allKnow = () => nodes.every((node) => knows(node, question.peers))
        return Effect.as(Effect.repeat(Effect.sleep(LOOK_MILLIS), { until: allKnow }), { _tag: "Know" })
      }
      case "Closest":
        return Effect.sync(() => ({
          _tag: "Closest",
          nodes: nodes.map((node) => closestTo(node, question.keys, question.count))
        }))
      case "Known":
        return Effect.sync(() => ({ _tag: "Known", nodes: nodes.map(viewOf) }))
    }
  }

  yield* Effect.forEach(yield* Schema.decode(NodesToStart)(process.argv[2] ?? "[]"), start, { discard: true })
  yield* Effect.flatMap(
    Effect.flatMap(Effect.forEach(nodes, startedOf), (started) => Schema.encode(StartedLine)({ nodes: started })),
    say
  )
  const run = yield* Effect.runtime<never>()
  const fork = (effect: Effect.Effect<void, unknown>) => Effect.runFork(Effect.provide(effect, run))
  yield* Effect.async<void>((resume) => {
    createInterface(process.stdin)
      .on("line", (line) =>
        fork(
          Effect.gen(function* () {
            const { id, question } = yield* Schema.decode(QuestionLine)(line)
            yield* Effect.flatMap(Schema.encode(AnswerLine)({ answer: yield* answerTo(question), id }), say)
          }).pipe(Effect.tapErrorCause(Effect.logError))
        )
      )
      .on("close", () => resume(Effect.void))
  })
})

// Standard output is for answers.
const logging = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

NodeRuntime.runMain(Effect.scoped(program).pipe(Effect.provide(logging)), {
  disablePrettyLogger: true,
  teardown: (exit, end) => end(Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? 0 : 1)
})
