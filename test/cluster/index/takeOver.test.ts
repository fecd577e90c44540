import { describe, expect, it } from "@effect/vitest"
import type { ActionId, CollectionId, PeerId } from "../../../schemas/Ids.ts"
import {
  awaited,
  candidatesOf,
  creationsOf,
  isCovered,
  mayBeActive,
  stands,
  type Told
} from "../../../src/cluster/index/takeOver.ts"
import { quorumsOf } from "../../../src/cluster/Quorum.ts"

const CLUSTER_SIZE = 4
const quorums = quorumsOf(CLUSTER_SIZE, "byzantine")
const peers = (names: string) =>
  names.split(" ").filter((name) => name !== "") as ReadonlyArray<string> as ReadonlyArray<PeerId>
const entry = (collection: string, creator: string) => ({
  collection: collection as CollectionId,
  creator: creator as ActionId
})

const nothing: Told = { creations: [], entries: [], newcomers: [] }

describe("What a peer takes over", () => {
  it.each([
    ["ann bob cat dan", "ann bob cat", true],
    ["ann bob cat dan", "ann bob eve", false],
    ["ann bob cat", "ann bob", true],
    ["ann bob cat", "ann", false],
    ["ann", "ann", true],
    ["ann", "", false],
    ["", "", true]
  ])("of the cluster %s from %s is enough: %s", (cluster, told, isEnough) => {
    expect(isCovered([peers(cluster)], new Set(peers(told)), CLUSTER_SIZE, quorums)).toBe(isEnough)
  })

  it("must be enough of each cluster", () => {
    const told = new Set(peers("ann bob cat"))
    expect(isCovered([peers("ann bob cat dan"), peers("cat dan eve fay")], told, CLUSTER_SIZE, quorums)).toBe(false)
  })

  it("is looked at in the order of how many tell of it", () => {
    const told = new Map([
      [peers("ann")[0]!, { ...nothing, entries: [entry("a", "x"), entry("b", "y")] }],
      [peers("bob")[0]!, { ...nothing, entries: [entry("b", "y"), entry("a", "z")] }]
    ])
    expect(
      candidatesOf(told).map(({ collection, creator, givers }) => `${collection} ${creator} ${givers.length}`)
    ).toEqual(["b y 2", "a x 1", "a z 1"])
  })

  it("stands where f + 1 give it, or where its members are those that are seen here", () => {
    const one = { ...entry("a", "x"), givers: peers("ann") }
    const two = { ...one, givers: peers("ann bob") }
    const members = peers("ann bob cat dan")
    expect(stands(one, members, members, quorums)).toBe(true)
    expect(stands(one, members, peers("bob cat dan eve"), quorums)).toBe(false)
    expect(stands(two, members, peers("bob cat dan eve"), quorums)).toBe(true)
  })
})

describe("A newcomer waits for", () => {
  const [ann, bob, cat] = peers("ann bob cat") as [PeerId, PeerId, PeerId]
  const [eve, fay] = peers("eve fay") as [PeerId, PeerId]
  const heard = new Map<PeerId, Told>([
    [ann, { ...nothing, creations: [entry("a", "x")], newcomers: [eve, fay] }],
    [bob, { ...nothing, creations: [entry("a", "y")], newcomers: [eve] }],
    [cat, nothing]
  ])

  it.each([
    { isCreating: true, isPatient: true, newcomers: [eve, fay] },
    { isCreating: false, isPatient: false, newcomers: [eve] }
  ])("what one of them tells of while it is patient ($isPatient), else what f + 1 do", ({ isPatient, ...expected }) => {
    const waitsFor = awaited(heard, creationsOf(heard), quorums, isPatient)
    expect({ ...waitsFor, newcomers: [...waitsFor.newcomers] }).toEqual(expected)
  })

  it("a creation that f + 1 tell of for as long as they do", () => {
    const sure = new Map(heard).set(cat, { ...nothing, creations: [entry("a", "y")] })
    expect(awaited(sure, creationsOf(sure), quorums, false).isCreating).toBe(true)
  })

  it("a creation that one tells of where others tell that it is decided, unless its entry is here", () => {
    const decided = new Map(heard).set(cat, { ...nothing, entries: [entry("a", "y"), entry("b", "z")] })
    const creations = creationsOf(decided)
    expect(awaited(decided, creations, quorums, false).isCreating).toBe(true)
    const others = creations.filter(({ creator }) => creator !== "y")
    expect(awaited(decided, others, quorums, false).isCreating).toBe(false)
  })
})

describe("A peer may be active", () => {
  it.each([
    { activeOthers: 0, is: true, isFounder: true },
    { activeOthers: 0, is: false, isFounder: false },
    { activeOthers: 3, is: false, isFounder: false },
    { activeOthers: 4, is: true, isFounder: false }
  ])("$is: $activeOthers others are, founder $isFounder", ({ is, ...standing }) => {
    expect(mayBeActive(standing, CLUSTER_SIZE)).toBe(is)
  })
})
