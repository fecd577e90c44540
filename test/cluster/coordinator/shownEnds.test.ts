import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Diary } from "effect-optimystic"
import * as Hub from "../../../layers/network/Hub.ts"
import { MemoryHub } from "../../../layers/network/MemoryNetwork.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { ProvedBlock } from "../../../schemas/Repo.ts"
import { shownEnds } from "../../../src/cluster/coordinator/shownEnds.ts"
import { repoProtocol } from "../../../src/cluster/protocols.ts"
import { collectionId } from "../../../src/encoding/BlockIds.ts"
import { hasher, signerOf } from "../../storage/TestServices.ts"
import { nodesOf, on } from "../MemoryCluster.ts"
import { rulesOf } from "../Signatures.ts"

const SEEDS = [1, 2, 3, 4]
const MEMBERS = SEEDS.map((seed) => signerOf(seed).peer).toSorted()
const LOG = collectionId(hasher, "log")
const OTHER = collectionId(hasher, "other")
const rules = rulesOf()

/** The ends of two collections, as a member shows them to a peer that keeps neither. */
const given = Effect.gen(function* () {
  const hub = new MemoryHub()
  const nodes = yield* nodesOf(hub, SEEDS)
  for (const name of ["log", "other"]) {
    const diary = yield* on(nodes[0]!)(Diary.openOrCreate(Diary.define(name, { entry: Schema.String })))
    yield* on(nodes[0]!)(diary.append("entry"))
  }
  const stranger = Hub.make(hub, signerOf(9).peer)
  return yield* Effect.forEach([LOG, OTHER], (collection) =>
    Effect.map(
      stranger.ask(repoProtocol, MEMBERS[0]!, { _tag: "Turn", attempts: 0, collection, wantsEnds: true }),
      (answer) => (answer._tag === "Turn" ? answer.ends : [])
    )
  )
})

type Ends = ReadonlyArray<ProvedBlock>

const FALSE: ReadonlyArray<readonly [what: string, ends: (own: Ends, others: Ends) => Ends, members?: Array<PeerId>]> =
  [
    ["there is none", () => []],
    ["one is absent", ([header]) => [header!]],
    ["they change places", ([header, tail]) => [tail!, header!]],
    ["they are of another collection", (_own, others) => others],
    ["the tail is of another collection", ([header], [, tail]) => [header!, tail!]],
    [
      "a header is not what was signed",
      ([header, tail]) => [{ ...header!, block: { ...header!.block!, name: "false" } }, tail!]
    ],
    [
      "a tail is not what was signed",
      ([header, tail]) => [header!, { ...tail!, block: { ...tail!.block!, entries: [] } }]
    ],
    ["they are proved by others than the members", (own) => own, [5, 6, 7, 8].map((seed) => signerOf(seed).peer)]
  ]

describe("The ends of a collection that come with a turn", () => {
  it.scopedLive("are believed where members prove both, and only then", () =>
    Effect.gen(function* () {
      const [own, others] = yield* given
      const shown = shownEnds(rules, LOG, MEMBERS, own!)
      expect([...(shown?.values() ?? [])]).toEqual(own)
      expect(own!.length).toBe(2)
      for (const [what, ends, members] of FALSE) {
        expect(shownEnds(rules, LOG, members ?? MEMBERS, ends(own!, others!)), what).toBe(undefined)
      }
    })
  )
})
