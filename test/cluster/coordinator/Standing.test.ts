import { describe, expect, it } from "@effect/vitest"
import type { PeerId } from "../../../schemas/Ids.ts"
import {
  afterCommit,
  afterVain,
  counts,
  isRemembered,
  noStanding,
  type Standing,
  type StandingLimits
} from "../../../src/cluster/coordinator/Standing.ts"

const LIMITS: StandingLimits = { excludeMillis: 1_000, maxVainMillis: 160, maxWriters: 2 }

type Deed =
  | readonly ["commits", peer: string]
  | readonly ["gives back" | "runs out", peer: string, heldMillis: number, atMillis: number]

const standingAfter = (deeds: ReadonlyArray<Deed>): Standing =>
  deeds.reduce((standing, deed) => {
    const peer = deed[1] as PeerId
    if (deed[0] === "commits") return afterCommit(LIMITS, standing, peer)
    const [what, , heldMillis, atMillis] = deed
    return afterVain(LIMITS, standing, { hasRunOut: what === "runs out", heldMillis, peer }, atMillis)
  }, noStanding)

/** Which of three peers count at 100 ms. */
const counting = (standing: Standing, nowMillis = 100): string =>
  ["a", "b", "c"].filter((peer) => counts(LIMITS, standing, peer as PeerId, nowMillis)).join("")

const CASES: ReadonlyArray<readonly [rule: string, deeds: ReadonlyArray<Deed>, expected: string]> = [
  ["everybody's wish counts at first", [], "abc"],
  ["nobody's does who has not committed, once turns were held in vain for long", [["runs out", "a", 160, 1]], ""],
  [
    "those who have not committed share what is borne, whoever they are",
    [
      ["runs out", "a", 80, 1],
      ["runs out", "b", 80, 2]
    ],
    ""
  ],
  [
    "that of who commits still does",
    [
      ["commits", "b"],
      ["runs out", "a", 160, 1]
    ],
    "b"
  ],
  [
    "who lets a turn run out has to commit again",
    [
      ["commits", "b"],
      ["runs out", "b", 500, 1],
      ["runs out", "a", 160, 2]
    ],
    ""
  ],
  [
    "to let a turn run out is not held against others where one has committed",
    [
      ["commits", "b"],
      ["runs out", "b", 500, 1]
    ],
    "abc"
  ],
  [
    "who commits may give turns back",
    [
      ["commits", "b"],
      ["gives back", "b", 500, 1],
      ["runs out", "a", 160, 2]
    ],
    "b"
  ],
  [
    "no more writers are remembered than may be, those of late first",
    [
      ["commits", "a"],
      ["commits", "b"],
      ["commits", "a"],
      ["commits", "c"],
      ["runs out", "x", 160, 2]
    ],
    "ac"
  ]
]

describe("A standing among those who ask for turns", () => {
  it.each(CASES)("%s", (_rule, deeds, expected) => expect(counting(standingAfter(deeds))).toBe(expected))

  it("is lost by many turns given back at once, too", () => {
    const deeds = Array.from({ length: 16 }, (_, i): Deed => ["gives back", "a", 0, i])
    expect([counting(standingAfter(deeds.slice(1))), counting(standingAfter(deeds))]).toEqual(["abc", ""])
  })

  it("is as at first once the time is over", () => {
    const standing = standingAfter([["runs out", "a", 5_000, 1]])
    expect([counting(standing, 1_000), counting(standing, 1_001)]).toEqual(["", "abc"])
    expect([isRemembered(LIMITS, standing, 1_000), isRemembered(LIMITS, standing, 1_001)]).toEqual([true, false])
    expect(
      counting(afterVain(LIMITS, standing, { hasRunOut: true, heldMillis: 1, peer: "b" as PeerId }, 2_000), 2_001)
    ).toBe("abc")
  })
})
