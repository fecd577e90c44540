/** Runs the machines that drive transactions against the members on stage. */
import type { MemberAnswer } from "../../../schemas/Cluster.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { Heard, Send } from "../../../src/cluster/driver/Drive.ts"
import * as Recoverer from "../../../src/cluster/driver/Recoverer.ts"
import type { RecovererOutput } from "../../../src/cluster/driver/Recovery.ts"
import * as TransactionDriver from "../../../src/cluster/driver/TransactionDriver.ts"
import { fail, type Stage } from "./Stage.ts"
import { actInWords, ballotInWords, endingInWords } from "./words.ts"

type Output = TransactionDriver.DriverOutput | RecovererOutput

/** A machine at work: takes what it hears, and says what it does. */
interface Machine {
  readonly hear: (event: Heard) => ReadonlyArray<Output>
  /** What it asked to be woken for has come: a hedge, or a back-off. */
  readonly wake: () => ReadonlyArray<Output>
}

/** Rounds of messages, at most: a machine that has not come to an end by then never does. */
const MAX_ROUNDS = 30
/** How often a machine is woken: what is still in its way then is for others to resolve. */
const MAX_WAKES = 2

/** Lets a machine talk with the members until it has nothing more to say. Those who are away are given up on at the end of a round. */
const run = (stage: Stage, machine: Machine, begin: ReadonlyArray<Output>, away: ReadonlySet<string>) => {
  const lines: Array<string> = []
  let outputs = begin
  let wakes = 0
  for (let round = 0; outputs.length > 0; round++) {
    if (round === MAX_ROUNDS) return fail("it does not come to an end")
    const next: Array<Output> = []
    const sends = outputs.filter((output): output is Send => output._tag === "Send")
    for (const output of outputs) if (output._tag !== "Send") lines.push(`* ${outputInWords(stage, output)}`)
    lines.push(...exchange(stage, sends, away, (event) => next.push(...machine.hear(event))))
    const isAsleep = outputs.some(({ _tag }) => _tag === "Hedge" || _tag === "BackOff")
    if (isAsleep && next.length === 0 && wakes++ < MAX_WAKES) next.push(...machine.wake())
    outputs = next
  }
  return lines
}

/** Delivers messages, tells what the members do, and brings their answers back. */
const exchange = (
  stage: Stage,
  sends: ReadonlyArray<Send>,
  away: ReadonlySet<string>,
  hear: (event: Heard) => void
): ReadonlyArray<string> => {
  const told = new Map<string, Array<string>>()
  const heard: Array<{ readonly from: PeerId; readonly answer: MemberAnswer }> = []
  for (const { request, to } of sends) {
    const name = stage.nameOf(to)
    const act = away.has(name) ? undefined : stage.ask(name, request)
    const did = `${request._tag.toLowerCase()}${act === undefined ? " is lost" : ""}: ${act === undefined ? "no answer" : actInWords(stage, act)}`
    told.set(did, [...(told.get(did) ?? []), name])
    for (const output of act?.outputs ?? [])
      if (output._tag === "Answer") heard.push({ answer: output.answer, from: to })
  }
  for (const { answer, from } of heard) hear({ _tag: "Answer", answer, from })
  for (const { to } of sends) if (away.has(stage.nameOf(to))) hear({ _tag: "Failed", peer: to })
  return [...told].map(([did, names]) => `${names.toSorted().join(" ")} ← ${did}`)
}

const outputInWords = (stage: Stage, output: Exclude<Output, Send>): string => {
  switch (output._tag) {
    case "Finished":
      return endingInWords(stage, output.ending)
    case "Hedge":
      return "waits a moment for the last votes"
    case "BackOff":
      return "backs off, and takes a higher ballot"
    case "Recover":
      return `must recover it, above ${ballotInWords(output.above)}`
    case "Acknowledged":
      return "all know the end"
    case "InTheWay":
      return `in the way: ${output.by.map(({ block, holder }) => `${stage.nameOfAction(holder)} holds ${stage.nameOfBlock(block)}`).join(", ")}`
  }
}

const drivenOf = (stage: Stage, name: string, hasPayload: boolean) => {
  const { actionId, request } = stage.transaction(name)
  return { action: actionId, payload: hasPayload ? request.payload : {}, signed: request.signed }
}

const rulesOf = (stage: Stage) => [...stage.actors.values()][0]!.context

/** Drives a transaction as its author does. */
export const drive = (stage: Stage, name: string, away: ReadonlySet<string>): ReadonlyArray<string> => {
  let state = TransactionDriver.startDriver(drivenOf(stage, name, true))
  const take = (event: TransactionDriver.DriverEvent) => {
    const next = TransactionDriver.step(rulesOf(stage), state, event)
    state = next.state
    return next.outputs
  }
  return run(stage, { hear: take, wake: () => take({ _tag: "HedgeElapsed" }) }, take({ _tag: "Begin" }), away)
}

/** Recovers a transaction as somebody does who has only its manifest. */
export const recover = (stage: Stage, name: string, away: ReadonlySet<string>): ReadonlyArray<string> => {
  const driven = drivenOf(stage, name, false)
  const { members } = driven.signed.manifest.shards[0]
  let state = Recoverer.startRecoverer(driven, rulesOf(stage).signer.peer)
  let ballots = 0
  const take = (event: Recoverer.RecovererEvent) => {
    const next = Recoverer.step(rulesOf(stage), state, event)
    state = next.state
    return next.outputs
  }
  const wake = () => {
    // Drawn by turning the list: a script has no chance in it.
    ballots++
    const turn = ballots % members.length
    return take({ _tag: "BackOffElapsed", order: [...members.slice(turn), ...members.slice(0, turn)] })
  }
  return run(stage, { hear: take, wake }, take({ _tag: "Begin" }), away)
}
