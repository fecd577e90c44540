/**
 * Random walks of the real member machine under the strongest adversary: any message that can be put together from signatures
 * that exist reaches anyone, any number of times; one member's key signs anything; members restart from their records.
 */
import { describe, expect, it } from "@effect/vitest"
import type { Ballot, Certificate, Decision } from "../../schemas/Proof.ts"
import { decisionProblem, refusalsProblem } from "../../src/cluster/evidence/Certificate.ts"
import { make } from "../../src/random/Prng.ts"
import { Stage } from "./script/Stage.ts"
import { AWAY, BALLOTS, draw, HOME, HONEST, perform, TRANSACTIONS } from "./Walk.ts"

const WALKS = 30
const STEPS = 80
/** Whether a decision certificate exists. */
const isDecided = (stage: Stage, name: string, decision: Decision): boolean => {
  const { actionId, request } = stage.transaction(name)
  const peer = stage.actor("ann").signer.peer
  const ballots: ReadonlyArray<Ballot | null> = [null, ...BALLOTS.map((n) => ({ n, peer }))]
  const claims: ReadonlyArray<Omit<Certificate, "signatures">> = [
    { ballot: null, kind: "approve", shard: 0, value: null },
    ...ballots.map((ballot) => ({ ballot, kind: "accepted" as const, shard: 0, value: decision }))
  ]
  const { context } = stage.actor("ann")
  return claims.some((claim) => {
    const certificate = stage.existing(actionId, claim)
    return (
      certificate !== undefined &&
      decisionProblem(context, actionId, request.signed.manifest, decision, certificate) === undefined
    )
  })
}

const isRefused = (stage: Stage, name: string): boolean => {
  const { actionId, request } = stage.transaction(name)
  return [0, 1].some((shard) => {
    const certificate = stage.existing(actionId, { ballot: null, kind: "refuse", shard, value: null })
    const { context } = stage.actor("ann")
    return (
      certificate !== undefined &&
      refusalsProblem(context, actionId, request.signed.manifest, certificate) === undefined
    )
  })
}

/** What must never be. Protocol §6. */
const violation = (stage: Stage, honest: ReadonlyArray<string>): string | undefined => {
  const committed = TRANSACTIONS.filter((name) => isDecided(stage, name, "commit"))
  if (committed.length > 1) return "exclusion: both rivals are committed"
  for (const name of committed) {
    if (isDecided(stage, name, "abort")) return `agreement: ${name} is committed and aborted`
    if (isRefused(stage, name)) return `${name} is committed and refused`
    const { actionId } = stage.transaction(name)
    const dropped = honest.find((member) => stage.actor(member).state.transactions.get(actionId)?._tag === "Aborted")
    if (dropped !== undefined) return `${dropped} has dropped the locks of ${name}, which is committed`
  }
  return undefined
}

/** Where a walk ends, and what was decided on it. */
const walk = (seed: string, setting: ReadonlyArray<string>, honest: ReadonlyArray<string>) => {
  const prng = make(seed)
  const stage = new Stage()
  for (const command of setting) perform(stage, command)
  const path: Array<string> = []
  for (let i = 0; i < STEPS; i++) {
    for (const command of draw(prng, honest)) {
      path.push(command)
      perform(stage, command)
    }
    const problem = violation(stage, honest)
    if (problem !== undefined) throw new Error(`${problem}, seed ${seed}:\n${path.join("\n")}`)
  }
  return {
    aborted: TRANSACTIONS.some((name) => isDecided(stage, name, "abort") || isRefused(stage, name)),
    committed: TRANSACTIONS.some((name) => isDecided(stage, name, "commit"))
  }
}

describe("Whatever happens, and one member lies, nobody sees two truths", () => {
  it.each([
    ["rivals of one shard", [...HOME, "transaction X writes books", "transaction Y writes books"], HONEST],
    [
      "of two shards against one",
      [...HOME, ...AWAY, "transaction X writes books films", "transaction Y writes books"],
      [...HONEST, "eve", "fay", "gus"]
    ],
    [
      "of two shards each",
      [...HOME, ...AWAY, "transaction X writes books films", "transaction Y writes books films"],
      [...HONEST, "eve", "fay", "gus"]
    ]
  ])("%s", async (what, setting, honest) => {
    const ends: Array<ReturnType<typeof walk>> = []
    for (let i = 0; i < WALKS; i++) {
      ends.push(walk(`${what} ${i}`, setting, honest))
      // The test runner wants to hear from its workers now and then.
      await new Promise((resolve) => setImmediate(resolve))
    }
    // Else nothing would have been tested.
    expect(ends.filter(({ committed }) => committed).length).toBeGreaterThan(0)
    expect(ends.filter(({ aborted }) => aborted).length).toBeGreaterThan(0)
  })
})
