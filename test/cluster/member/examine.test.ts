import { describe, expect, it } from "@effect/vitest"
import { payloadLength } from "../../../src/cluster/member/Votes.ts"
import { commands } from "../script/commands.ts"
import { Stage } from "../script/Stage.ts"

const perform = (stage: Stage, command: string): string => {
  const [verb, ...words] = command.split(" ")
  return commands[verb!]!(stage, words).join("\n")
}

const staged = (...setting: ReadonlyArray<string>) => {
  const stage = new Stage()
  for (const command of ["cluster home ann bob cat dan", "collection books at home", ...setting])
    perform(stage, command)
  return stage
}

describe("A member takes no manifest's word for the home of a collection", () => {
  it("that it knows to have another, though it keeps nothing of it itself", () => {
    const stage = staged("cluster away eve fay gus hal", "cluster friends bob cat dan gus", "place boats at friends")
    perform(stage, "transaction X writes books boats")
    stage.homes.set("ann", new Map([[stage.collection("boats"), "away"]]))
    expect(perform(stage, "pend X to ann")).toBe("ann: no vote: membership: boats has another home")
    stage.homes.set("ann", new Map([[stage.collection("boats"), "friends"]]))
    expect(perform(stage, "pend X to ann")).toMatch(/^ann: approves/)
  })
})

describe("A member limits what it promises", () => {
  const rivals = ["transaction X writes books", "transaction Y writes cars", "transaction Z writes films"]
  const places = ["place cars at home", "place films at home"]
  const limited = (maxUndecidedPerAuthor: number, maxBlocks: number) => {
    const stage = staged(...places, ...rivals)
    stage.policy = { ...stage.policy, maxBlocks, maxUndecidedPerAuthor }
    return stage
  }

  it("to one author at once, whether it votes or joins; what it has promised it still does", () => {
    const stage = limited(2, 16)
    expect(perform(stage, "pend X to ann")).toMatch(/approves/)
    expect(perform(stage, "join Y in 1 to ann")).toMatch(/joins ballot 1/)
    expect(perform(stage, "pend Z to ann")).toBe("ann: no vote: busy: 2 transactions of its author are undecided")
    expect(perform(stage, "join Z in 1 to ann")).toBe("ann: no vote: busy: 2 transactions of its author are undecided")
    expect(perform(stage, "pend X to ann")).toBe("ann: approves")
    expect(perform(stage, "join Y in 2 to ann")).toMatch(/joins ballot 2/)
  })

  it("to as many as have no end yet: one that ended makes room", () => {
    const stage = limited(1, 16)
    perform(stage, "pend X to home")
    expect(perform(stage, "pend Z to ann")).toMatch(/busy/)
    perform(stage, "apply X to ann")
    expect(perform(stage, "pend Z to ann")).toMatch(/approves/)
  })

  it("in blocks of one transaction, also where it has joined a ballot of it", () => {
    // Of several shards: a vote after a join is none too late.
    const stage = staged("cluster away eve fay gus hal", "collection films at away", ...places.slice(0, 1))
    perform(stage, "transaction X writes cars films")
    stage.policy = { ...stage.policy, maxBlocks: 1 }
    const excessive = "ann: no vote: the number of blocks that a member is to lock is 2, above 1"
    expect(perform(stage, "pend X to ann")).toBe(excessive)
    expect(perform(stage, "join X in 1 to ann")).toMatch(/joins ballot 1/)
    expect(perform(stage, "pend X to ann")).toBe(excessive)
    stage.policy = { ...stage.policy, maxBlocks: 2 }
    expect(perform(stage, "pend X to ann")).toMatch(/approves/)
  })

  /** What ann keeps of one transaction until it has ended: all of them are alike. */
  const lengthOf = (stage: Stage, name: string) => payloadLength(stage.payloadFor(stage.transaction(name), "ann"))

  it("in what it keeps for one author, to the very last character, until there is an end", () => {
    const stage = limited(256, 16)
    const [first, second] = [lengthOf(stage, "X"), lengthOf(stage, "Y")]
    stage.policy = { ...stage.policy, maxPendingLengthPerAuthor: first + second - 1 }
    expect(perform(stage, "pend X to ann")).toMatch(/approves/)
    const busy = "ann: no vote: busy: undecided transactions of its author are too large"
    expect(perform(stage, "pend Y to ann")).toBe(busy)
    perform(stage, "restart ann")
    expect(perform(stage, "pend X to ann")).toMatch(/approves/)
    expect(perform(stage, "pend Y to ann")).toBe(busy)
    stage.policy = { ...stage.policy, maxPendingLengthPerAuthor: first + second }
    expect(perform(stage, "pend Y to ann")).toMatch(/approves/)
    stage.policy = { ...stage.policy, maxPendingLengthPerAuthor: second + lengthOf(stage, "Z") }
    expect(perform(stage, "pend Z to ann")).toBe(busy)
    perform(stage, "pend X to home")
    perform(stage, "apply X to ann")
    expect(perform(stage, "pend Z to ann")).toMatch(/approves/)
  })

  it("in what it keeps for all authors", () => {
    const stage = limited(256, 16)
    stage.policy = { ...stage.policy, maxPendingLength: lengthOf(stage, "X") + lengthOf(stage, "Y") - 1 }
    expect(perform(stage, "pend X to ann")).toMatch(/approves/)
    expect(perform(stage, "pend Y to ann")).toBe("ann: no vote: busy: undecided transactions are too large")
  })

  it("in the size of one transaction: a larger one it never takes", () => {
    const stage = limited(256, 16)
    const length = lengthOf(stage, "X")
    stage.policy = { ...stage.policy, maxPendingLengthPerAuthor: length - 1 }
    const larger = `the size of a transaction at a member is ${length}, above ${length - 1}`
    expect(perform(stage, "pend X to ann")).toBe(`ann: no vote: ${larger}`)
  })
})
