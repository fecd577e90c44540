import { describe, expect, it } from "@effect/vitest"
import { worlds } from "../../../simulator/explore/configurations.ts"
import { explore } from "../../../simulator/explore/Explorer.ts"
import { machine } from "../../../simulator/explore/Machine.ts"

const { authorsOwn, one, only, readerAndWriter, rivals, spread, spreadAndSingle } = worlds

describe("Whatever is put together from signatures that exist, nobody sees two truths", () => {
  const small = [
    one("byzantine", 1),
    one("crash", 1),
    spread("crash", 1),
    only(rivals("byzantine")),
    only(rivals("crash", [1, 0]), "end"),
    only(readerAndWriter("crash", [1, 0]), "end"),
    only(authorsOwn, "apply")
  ]
  it.each(small.map((configuration) => [configuration.about, configuration] as const))(
    "%s",
    (_about, configuration) => {
      const { outcome, states, violation, volatileStates } = explore(configuration)
      expect(violation).toBeUndefined()
      expect(outcome).toBe("complete")
      expect(states).toBeGreaterThan(10)
      // A restart is no step: what a member knows is what its records say.
      expect(volatileStates).toBe(0)
    }
  )

  it("a search that finds more states than it may look at says so", () => {
    const { outcome, states } = explore({ ...spreadAndSingle("byzantine"), maxStates: 1_000 })
    expect(outcome).toBe("budget")
    expect(states).toBeGreaterThanOrEqual(1_000)
  })
})

describe("The search", () => {
  /** Counted by another program, which has the rules of the protocol written out, and no member machine. */
  it.each([
    [1, 1_159],
    [2, 168_590]
  ])("with ballots up to %i finds as many states as a model of the protocol by itself", (ballots, states) => {
    expect(explore(only(one("crash", ballots))).states).toBe(states)
  })
})

describe("States that are alike", () => {
  it("rivals that differ in their names only are looked at once", () => {
    const configuration = only(rivals("crash"))
    const alike = explore(configuration)
    const apart = explore({ ...configuration, isSymmetric: false })
    expect(alike.outcome).toBe("complete")
    expect(apart.outcome).toBe("complete")
    // All states but those that are their own mirror image are there twice.
    expect(apart.states).toBeGreaterThan(1.9 * alike.states)
    expect(apart.states).toBeLessThanOrEqual(2 * alike.states)
    expect(alike.depth).toBe(apart.depth)
  })

  it("what a member is called makes no difference", () => {
    const { clusters, ...others } = one("crash", 1)
    const { honest, liars } = clusters.home!
    const renamed = explore({ ...others, clusters: { home: { honest: [...honest].reverse(), liars } } })
    expect(renamed.states).toBe(explore({ clusters, ...others }).states)
  })
})

describe("A machine with a mistake is found out", () => {
  const forgetful: typeof machine = {
    ...machine,
    rebuild: (records) => ({ ...machine.rebuild(records), votes: new Map() })
  }

  it("that forgets its promises in a restart", () => {
    const { outcome, violation, volatileStates } = explore(one("byzantine", 1), { machine: forgetful })
    expect(outcome).toBe("violation")
    expect(violation?.invariant).toBe("agreement: committed and aborted: X")
    expect(violation?.trace.some((line) => line.endsWith("restart → restarts"))).toBe(true)
    expect(volatileStates).toBeGreaterThan(0)
  })

  it("by the shortest trace, which begins with what was approved beforehand", () => {
    const first = explore(one("byzantine", 1), { machine: forgetful }).violation!.trace
    const approved = explore({ ...one("byzantine", 1), approved: ["X"] }, { machine: forgetful }).violation!.trace
    expect(approved.slice(0, 3)).toEqual(["ann", "bob", "cat"].map((member) => `(before) ${member}: pend X → Approved`))
    expect(first.length).toBe(10)
    expect(approved.length).toBe(first.length)
  })

  it("that raises an alarm where nothing can be wrong", () => {
    const { violation } = explore(one("crash", 1), {
      machine: {
        ...machine,
        step: (context, state, event) => {
          const step = machine.step(context, state, event)
          const isJoin = event._tag === "Request" && event.request._tag === "Join"
          if (!isJoin) return step
          return { ...step, outputs: [...step.outputs, { _tag: "Alarm", action: "x" as never, reason: "none" }] }
        }
      }
    })
    expect(violation?.invariant).toContain("cannot both be")
    expect(violation?.trace).toHaveLength(1)
  })
})
