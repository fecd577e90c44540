import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { PeerId } from "../../../schemas/Ids.ts"
import {
  committed,
  emptyTurns,
  enter,
  leave,
  type TurnLimits,
  type TurnQueue,
  type TurnTicket
} from "../../../src/cluster/coordinator/TurnQueue.ts"

const LIMITS: TurnLimits = { maxWaiting: 4, maxWaitingPerPeer: 2 }

type Deed =
  | readonly ["enters", name: string, attempts: number]
  | readonly ["leaves", name: string]
  | readonly ["commits", peer: string]

/** The first letter of a name is its peer. */
const peerOf = (name: string) => name[0] as string as PeerId

/** Names the tickets by the order in which they asked, refused or not. */
const numbered = () => {
  const ids = new Map<string, number>()
  return (name: string) => {
    const id = ids.get(name) ?? ids.size + 1
    ids.set(name, id)
    return id
  }
}

/** The name of the holder, then those who wait, and who was refused. */
const told = (deeds: ReadonlyArray<Deed>): string => {
  const idOf = numbered()
  const names = new Map<number, string>()
  const refused: Array<string> = []
  let queue = emptyTurns
  for (const [deed, name, attempts] of deeds) {
    if (deed === "enters") {
      names.set(idOf(name), name)
      const next = enter(LIMITS, queue, { attempts: attempts ?? 0, id: idOf(name), peer: peerOf(name) })
      if (next === undefined) refused.push(name)
      else queue = next
    } else if (deed === "leaves") queue = leave(queue, peerOf(name), idOf(name))
    else queue = committed(queue, peerOf(name))
  }
  const nameOf = ({ id }: TurnTicket) => names.get(id)!
  const holder = queue.holder === undefined ? "-" : nameOf(queue.holder)
  const waiting = queue.waiting.map(nameOf).join(" ")
  return [holder, waiting, refused.length > 0 ? `without ${refused.join(" ")}` : ""]
    .filter((part) => part !== "")
    .join(", ")
}

const CASES: ReadonlyArray<readonly [rule: string, deeds: ReadonlyArray<Deed>, expected: string]> = [
  ["the first has its turn at once", [["enters", "a1", 0]], "a1"],
  [
    "others wait as they came",
    [
      ["enters", "a1", 0],
      ["enters", "b1", 0],
      ["enters", "c1", 0]
    ],
    "a1, b1 c1"
  ],
  [
    "who has tried more often goes before those who have not, and behind those who have as well",
    [
      ["enters", "a1", 0],
      ["enters", "b1", 2],
      ["enters", "c1", 0],
      ["enters", "d1", 2],
      ["enters", "e1", 1]
    ],
    "a1, b1 d1 e1 c1"
  ],
  [
    "a turn is not taken from who has it, however often another has tried",
    [
      ["enters", "a1", 0],
      ["enters", "b1", 9]
    ],
    "a1, b1"
  ],
  [
    "a commit of its peer ends a turn",
    [
      ["enters", "a1", 0],
      ["enters", "b1", 0],
      ["commits", "a"]
    ],
    "b1"
  ],
  [
    "a commit of another does not",
    [
      ["enters", "a1", 0],
      ["enters", "b1", 0],
      ["commits", "b"]
    ],
    "a1, b1"
  ],
  [
    "who leaves passes its turn on, or gives up its place",
    [
      ["enters", "a1", 0],
      ["enters", "b1", 0],
      ["enters", "c1", 0],
      ["leaves", "b1"],
      ["leaves", "a1"]
    ],
    "c1"
  ],
  [
    "so many wait, and no more",
    [
      ["enters", "a1", 0],
      ["enters", "b1", 0],
      ["enters", "c1", 0],
      ["enters", "d1", 0],
      ["enters", "e1", 0],
      ["enters", "f1", 9]
    ],
    "a1, b1 c1 d1 e1, without f1"
  ],
  [
    "so many of them are of one peer, and no more",
    [
      ["enters", "a1", 0],
      ["enters", "a2", 0],
      ["enters", "a3", 0],
      ["enters", "a4", 0],
      ["enters", "b1", 0]
    ],
    "a1, a2 a3 b1, without a4"
  ],
  [
    "a place that was given up is free again",
    [
      ["enters", "a1", 0],
      ["enters", "a2", 0],
      ["enters", "a3", 0],
      ["leaves", "a2"],
      ["enters", "a4", 0]
    ],
    "a1, a3 a4"
  ]
]

describe("A queue for turns", () => {
  for (const [rule, deeds, expected] of CASES) it(rule, () => expect(told(deeds)).toBe(expected))

  it("lets nobody give up the place of another", () => {
    const first = enter(LIMITS, emptyTurns, { attempts: 0, id: 1, peer: peerOf("a") })!
    const both = enter(LIMITS, first, { attempts: 0, id: 2, peer: peerOf("b") })!
    expect(leave(both, peerOf("c"), 1)).toBe(both)
    expect(leave(both, peerOf("a"), 2)).toBe(both)
  })
})

/** The same, said in another way: all that are there, and whose turn it is. */
class NaiveQueue {
  #there: Array<TurnTicket> = []
  #holder: number | undefined

  get order(): ReadonlyArray<number> {
    const holder = this.#there.filter(({ id }) => id === this.#holder)
    const others = this.#there.filter(({ id }) => id !== this.#holder)
    return [...holder, ...others.sort((a, b) => b.attempts - a.attempts || a.id - b.id)].map(({ id }) => id)
  }

  enter(ticket: TurnTicket): void {
    const others = this.#there.filter(({ id }) => id !== this.#holder)
    const isFull = others.length === LIMITS.maxWaiting
    const isFullForIt = others.filter(({ peer }) => peer === ticket.peer).length === LIMITS.maxWaitingPerPeer
    if (this.#there.length > 0 && (isFull || isFullForIt)) return
    this.#there.push(ticket)
    this.#holder ??= ticket.id
  }

  remove(matches: (ticket: TurnTicket) => boolean): void {
    this.#there = this.#there.filter((ticket) => !matches(ticket))
    if (!this.#there.some(({ id }) => id === this.#holder)) this.#holder = this.order[0]
  }

  commit(peer: string): void {
    this.remove((ticket) => ticket.id === this.#holder && ticket.peer === peer)
  }
}

const deed = FastCheck.record({
  attempts: FastCheck.nat(3),
  kind: FastCheck.constantFrom("enter", "enter", "leave", "commit"),
  peer: FastCheck.constantFrom("a", "b", "c", "d"),
  which: FastCheck.nat(40)
})

describe("Any sequence of deeds", () => {
  it("leaves those in the queue whom a naive model has in it, in its order", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(deed, { maxLength: 60 }), (deeds) => {
        const naive = new NaiveQueue()
        let queue: TurnQueue = emptyTurns
        deeds.forEach(({ attempts, kind, peer, which }, id) => {
          if (kind === "enter") {
            const ticket = { attempts, id, peer: peerOf(peer) }
            queue = enter(LIMITS, queue, ticket) ?? queue
            naive.enter(ticket)
          } else if (kind === "leave") {
            queue = leave(queue, peerOf(peer), which)
            naive.remove((ticket) => ticket.id === which && ticket.peer === peer)
          } else {
            queue = committed(queue, peerOf(peer))
            naive.commit(peer)
          }
          const { holder, waiting } = queue
          expect([...(holder === undefined ? [] : [holder]), ...waiting].map((ticket) => ticket.id)).toEqual(
            naive.order
          )
        })
      })
    )
  })
})
