import { describe, expect, it } from "@effect/vitest"
import { Claims } from "../../../simulator/explore/Claims.ts"
import { worlds } from "../../../simulator/explore/configurations.ts"
import { eventsOf } from "../../../simulator/explore/Events.ts"
import { Evidence } from "../../../simulator/explore/Evidence.ts"
import { machine } from "../../../simulator/explore/Machine.ts"
import { MemberTable } from "../../../simulator/explore/MemberTable.ts"
import { Proposals } from "../../../simulator/explore/Proposals.ts"
import { plain } from "../../../simulator/explore/plain.ts"
import { payloadFor, sceneOf } from "../../../simulator/explore/Scene.ts"
import { approvalsMatter, statementsOf } from "../../../simulator/explore/Statements.ts"
import { DECISIONS } from "../../../simulator/explore/says.ts"

const BALLOT = 2

const scene = sceneOf(worlds.one("byzantine", BALLOT))
const transaction = scene.transactions[0]!
const { context, peers } = scene.clusters[0]!
const { action, ballots, signed } = transaction
const payload = payloadFor(transaction, 0)
const claims = new Claims(scene, machine)
const evidence = new Evidence(scene, claims, machine)
const proposals = [1, BALLOT].map((ballot) => new Proposals(scene, claims, machine, transaction, ballot))

/** Members that have not heard of the transaction, have approved it, have joined a ballot, or both. */
const members = () => {
  const events = eventsOf({ evidence, machine, proposals: [proposals], scene })
  const table = new MemberTable(scene, claims, machine, events)
  const after = (state: number, name: string) =>
    table.outcome(
      state,
      events.findIndex((event) => event.name === name)
    ).state
  const first = table.first(0)
  const approving = after(first, "pend X")
  const numbers = [first, approving, after(first, "join X in 1"), after(approving, "join X in 2")]
  return numbers.map((number) => table.states[number]!.state)
}

describe("Join statements that are put together", () => {
  it("a member sees through what they justify: sets with one verdict are one to it", () => {
    const said = proposals[1]!.joins.values.flatMap((value) =>
      (value.acceptance === null ? [true] : [true, false]).map((isProved) => ({ isProved, value }))
    )
    const triples = said.flatMap((a, i) => said.slice(i).flatMap((b, j) => said.slice(i + j).map((c) => [a, b, c])))
    const known = members()
    const outcomes = new Map<string, Set<string>>()
    for (const triple of triples) {
      const statements = statementsOf(scene, machine, transaction, BALLOT, triple)
      const justified = machine.justify(context, action, signed.manifest, ballots[BALLOT]!, statements)
      const verdict = typeof justified === "string" ? "none" : `${justified.value} from ${justified.from}`
      for (const [i, state] of known.entries()) {
        for (const value of DECISIONS) {
          const request = { _tag: "Propose", ballot: ballots[BALLOT]!, payload, signed, statements, value } as const
          const after = machine.step(context, state, { _tag: "Request", from: peers[0]!, request })
          const key = `member ${i}, ${value} proposed, ${verdict}`
          outcomes.set(key, (outcomes.get(key) ?? new Set()).add(plain(after.state)))
        }
      }
    }
    expect(outcomes.size).toBeGreaterThan(8)
    for (const [key, states] of outcomes) expect(states.size, key).toBe(1)
  })

  it("are told apart by approvals only where these may have decided", () => {
    const spread = sceneOf(worlds.spread("byzantine", BALLOT))
    expect(approvalsMatter(scene, machine, transaction, BALLOT)).toBe(true)
    expect(approvalsMatter(spread, machine, spread.transactions[0]!, BALLOT)).toBe(false)
  })
})
