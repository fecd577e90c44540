/** Processes with nodes of a network, as whoever started them sees them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { builtProgram, talker } from "./processes.ts"
import {
  type Answer,
  AnswerLine,
  NodesToStart,
  type NodeToStart,
  type Question,
  QuestionLine,
  StartedLine,
  type StartedNode
} from "./questions.ts"

const encodeNodes = Schema.encodeSync(NodesToStart)
const encodeQuestion = Schema.encodeSync(QuestionLine)
const decodeAnswer = Schema.decodeSync(AnswerLine)

type AnswerTo<Tag extends Question["_tag"]> = Extract<Answer, { readonly _tag: Tag extends "Start" ? "Started" : Tag }>

/** A process with some nodes. */
export interface NodeProcess {
  readonly nodes: ReadonlyArray<StartedNode>
  readonly ask: <Q extends Question>(question: Q) => Effect.Effect<AnswerTo<Q["_tag"]>>
  /** Ends it at once; nothing is closed. */
  readonly kill: Effect.Effect<void>
  /** Tells it to end, and waits: what it ends with, null where a signal ended it. */
  readonly stop: Effect.Effect<number | null>
}

/** Starts nodes in a process of their own, killed with the scope. */
export const startNodes = (
  nodes: ReadonlyArray<NodeToStart>,
  program: string = builtProgram("nodes")
): Effect.Effect<NodeProcess, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { child, firstLine, lines } = yield* talker(program, encodeNodes(nodes))
    const started = yield* Schema.decode(StartedLine)(firstLine)
    const waiting = new Map<number, (answer: Answer) => void>()
    lines.on("line", (line) => {
      const { answer, id } = decodeAnswer(line)
      waiting.get(id)?.(answer)
      waiting.delete(id)
    })
    let asked = 0
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve))
    return {
      ask: <Q extends Question>(question: Q) =>
        Effect.async<AnswerTo<Q["_tag"]>>((resume) => {
          const id = asked++
          waiting.set(id, (answer) => resume(Effect.succeed(answer as AnswerTo<Q["_tag"]>)))
          child.stdin?.write(`${encodeQuestion({ id, question })}\n`)
        }),
      kill: Effect.promise(async () => {
        child.kill("SIGKILL")
        await ended
      }),
      nodes: started.nodes,
      stop: Effect.promise(() => {
        child.kill("SIGTERM")
        return ended
      })
    }
  })
