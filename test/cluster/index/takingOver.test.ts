/** What a node takes over from peers that answer as a test has them do. */
import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { takeOver } from "../../../layers/cluster/TakeOver.ts"
import { PeerUnreachable } from "../../../schemas/Errors.ts"
import type { CollectionId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest, SignedManifest } from "../../../schemas/Manifest.ts"
import type { RepoAnswer, RepoQuestion } from "../../../schemas/Repo.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import type { PeerNetworkService } from "../../../services/PeerNetwork.ts"
import { creationIn } from "../../../src/cluster/evidence/Creation.ts"
import { quorumsOf } from "../../../src/cluster/Quorum.ts"
import { collectionId } from "../../../src/encoding/BlockIds.ts"
import { hasher, signerOf } from "../../storage/TestServices.ts"

const CLUSTER_SIZE = 4
const MAX_ENTRIES = 8
const [ann, bob, cat, dan, eve] = [1, 2, 3, 4, 5].map((seed) => signerOf(seed).peer) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId
]
const CLOSEST = [ann, bob, cat, dan].toSorted()

/** An entry that says who created a collection, over some members. What proves it is for the member to check, not asked about here. */
const entryOf = (name: string, members: ReadonlyArray<PeerId>): CertifiedRevision => {
  const block = collectionId(hasher, name)
  const manifest = { shards: [{ members, reads: {}, writes: { [block]: { base: "none" } } }] } as unknown as Manifest
  const signed = { manifest, signatures: [] } as unknown as SignedManifest
  return { block, proof: {} as CertifiedRevision["proof"], signed }
}

const summaryOf = (entry: CertifiedRevision) => ({
  collection: entry.block as CollectionId,
  creator: creationIn({ hasher }, entry)!.creator
})

type Peer = (question: RepoQuestion) => RepoAnswer

/** Longer than that is not waited for. */
const ANSWER_MILLIS = 1_000
/** Nor are all of them together. */
const HEAR_MILLIS = 5_000

/** A peer that tells of some entries, one to a page, and proves those that it has. */
const telling =
  (told: ReadonlyArray<CertifiedRevision>, has: ReadonlyArray<CertifiedRevision> = told): Peer =>
  (question) => {
    switch (question._tag) {
      case "Arrive":
        return { _tag: "Arrived", creations: [], newcomers: [] }
      case "Entries": {
        const summaries = told.map(summaryOf).toSorted((a, b) => (a.collection < b.collection ? -1 : 1))
        const rest = summaries.filter(({ collection }) => question.after === undefined || collection > question.after)
        const [first] = rest
        return first === undefined
          ? { _tag: "Entries", entries: [] }
          : { _tag: "Entries", entries: [first], ...(rest.length > 1 && { resume: first.collection }) }
      }
      case "Entry":
        return { _tag: "Entry", found: has.find(({ block }) => block === question.collection) ?? null }
      default:
        return { _tag: "Unavailable", reason: "not asked here" }
    }
  }

/** What is entered of what some peers tell, and from whom it was taken over. */
const taken = (peers: ReadonlyMap<PeerId, Peer>, isArriving = false, slow?: PeerId) =>
  Effect.gen(function* () {
    const entered: Array<CertifiedRevision> = []
    const asked: Array<string> = []
    const ask = (_protocol: unknown, peer: PeerId, question: RepoQuestion) => {
      asked.push(question._tag)
      const answer = peers.get(peer)
      return answer === undefined
        ? Effect.fail(new PeerUnreachable({ peer, reason: "it is away" }))
        : Effect.delay(
            Effect.sync(() => answer(question)),
            Duration.millis(peer === slow ? ANSWER_MILLIS - 1 : 0)
          )
    }
    const context = {
      answerMillis: ANSWER_MILLIS,
      clusterSize: CLUSTER_SIZE,
      directory: { nearest: () => CLOSEST },
      hasher,
      hearMillis: HEAR_MILLIS,
      maxEntries: MAX_ENTRIES,
      member: {
        enter: (entry: CertifiedRevision) =>
          Effect.sync(() => {
            entered.push(entry)
            return "entered" as const
          }),
        entry: () => Effect.succeed(undefined)
      },
      network: { ask } as unknown as PeerNetworkService,
      quorums: quorumsOf(CLUSTER_SIZE, "byzantine")
    }
    const { from, isWhole } = yield* takeOver(context, [...peers.keys(), eve], isArriving)
    return { asked, entered, from: [...from.keys()].toSorted(), isWhole }
  })

describe("A node that takes over its part of the cluster index", () => {
  const mine = entryOf("books", CLOSEST)
  const formerly = entryOf("cars", [bob, cat, dan, eve].toSorted())
  const invented = entryOf("cars", [ann, bob, cat, eve].toSorted())

  it.effect("enters what f + 1 give, page by page, and what names those that it sees itself", () =>
    Effect.gen(function* () {
      const all = yield* taken(
        new Map([
          [ann, telling([mine, formerly])],
          [bob, telling([formerly])]
        ])
      )
      expect(all.entered.map(summaryOf).toSorted()).toEqual([formerly, mine].map(summaryOf).toSorted())
      expect(all).toMatchObject({ from: [ann, bob].toSorted(), isWhole: true })
    })
  )

  it.effect("does not enter what one tells of over other members", () =>
    Effect.gen(function* () {
      const { entered, isWhole } = yield* taken(
        new Map([
          [ann, telling([invented])],
          [bob, telling([])]
        ])
      )
      expect(entered).toEqual([])
      expect(isWhole).toBe(true)
    })
  )

  it.effect("asks all who give an entry for it, until one has it", () =>
    Effect.gen(function* () {
      const three = new Map([
        [ann, telling([formerly], [])],
        [bob, telling([formerly], [invented])],
        [cat, telling([formerly])]
      ])
      expect((yield* taken(three)).entered).toEqual([formerly])
      const { isWhole } = yield* taken(new Map([...three].slice(0, 2)))
      expect(isWhole).toBe(false)
    })
  )

  it.effect.each([
    [
      "tells of more than anybody has",
      telling(Array.from({ length: MAX_ENTRIES + 1 }, (_, i) => entryOf(`${i}`, CLOSEST)))
    ],
    ["goes back", (): RepoAnswer => ({ _tag: "Entries", entries: [], resume: summaryOf(mine).collection })],
    [
      "never comes to an end",
      (() => {
        let pages = 0
        return (): RepoAnswer => {
          const resume = `b${String(pages++).padStart(51, "0")}` as string as CollectionId
          return { _tag: "Entries", entries: [], resume }
        }
      })()
    ],
    ["answers something else", (): RepoAnswer => ({ _tag: "Unavailable", reason: "no" })]
  ] as ReadonlyArray<readonly [string, Peer]>)("does not hear who %s", ([, peer]) =>
    Effect.gen(function* () {
      expect(yield* taken(new Map([[ann, peer]]))).toMatchObject({ entered: [], from: [], isWhole: true })
    })
  )

  it.effect("hears, and looks at what one tells of, no longer than it can wait, whoever is slow", () =>
    Effect.gen(function* () {
      const few = Array.from({ length: MAX_ENTRIES }, (_, i) => entryOf(`${i}`, [ann, bob, cat, eve].toSorted()))
      const peers = new Map([
        [ann, telling(few)],
        [bob, telling([mine])],
        [cat, telling([mine])]
      ])
      const all = yield* Effect.fork(taken(peers, false, ann))
      yield* TestClock.adjust(HEAR_MILLIS)
      expect(yield* Effect.map(Fiber.poll(all), Option.isSome)).toBe(true)
      expect(yield* Fiber.join(all)).toMatchObject({ from: [bob, cat].toSorted(), isWhole: true })
    })
  )

  it.effect("is heeded before it asks for entries; who does not heed it does not count", () =>
    Effect.gen(function* () {
      const deaf: Peer = (question) =>
        question._tag === "Arrive" ? { _tag: "Unavailable", reason: "busy" } : telling([])(question)
      const { asked, from } = yield* taken(
        new Map([
          [ann, telling([])],
          [bob, deaf]
        ]),
        true
      )
      expect(from).toEqual([ann])
      expect(asked).toEqual(["Arrive", "Arrive", "Arrive", "Entries"])
    })
  )
})
