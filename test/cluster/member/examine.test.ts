import { describe, expect, it } from "@effect/vitest"
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
    stage.policy = { maxBlocks, maxUndecidedPerAuthor }
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
    stage.policy = { maxBlocks: 1, maxUndecidedPerAuthor: 256 }
    expect(perform(stage, "pend X to ann")).toBe("ann: no vote: busy: the transaction names 2 blocks here")
    expect(perform(stage, "join X in 1 to ann")).toMatch(/joins ballot 1/)
    expect(perform(stage, "pend X to ann")).toBe("ann: no vote: busy: the transaction names 2 blocks here")
    stage.policy = { maxBlocks: 2, maxUndecidedPerAuthor: 256 }
    expect(perform(stage, "pend X to ann")).toMatch(/approves/)
  })
})
