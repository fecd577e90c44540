import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Transaction, Tree } from "effect-optimystic"
import type { TurnPolicy } from "../../layers/cluster/TurnPolicy.ts"
import * as Hub from "../../layers/network/Hub.ts"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import type { CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import { Transactor, type Turn } from "../../services/Transactor.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher, signerOf } from "../storage/TestServices.ts"
import { CLUSTER_SIZE, nodesOf, on } from "./MemoryCluster.ts"

const Word = Schema.Struct({ count: Schema.Int, key: Schema.String })
const Words = Tree.define("words", { entry: Word, key: Schema.String, keyOf: ({ key }) => key })
const WORDS: CollectionId = collectionId(hasher, "words")

const SEEDS = [1, 2, 3, 4]
const WRITES_EACH = 12
const KEY = "key"

const peerOf = (seed: number): PeerId => signerOf(seed).peer

/** Members of the collection's home, first the one that coordinates. */
const coordinators = (seeds: ReadonlyArray<number>) =>
  new Neighbourhood(hasher, seeds.map(peerOf)).nearest(WORDS, CLUSTER_SIZE)

const patient = {
  retry: Schedule.recurs(200).pipe(
    Schedule.addDelay(() => "5 millis"),
    Schedule.jittered
  )
}

const increment = Transaction.run(
  Effect.flatMap(Tree.open(Words), (words) => words.modify(KEY, ({ count, key }) => ({ count: count + 1, key }))),
  patient
)

const create = Effect.flatMap(Tree.openOrCreate(Words), (words) => words.put({ count: 0, key: KEY }))

const count = Effect.flatMap(Tree.open(Words), (words) =>
  Effect.map(words.get(KEY), (word) => Option.getOrThrow(word).count)
)

/** A hub that counts the questions about turns, and may answer them in place of a peer. A turn that is asked for may be the last. */
class TurnHub extends MemoryHub {
  turns = 0
  over = 0
  readonly askedOf = new Set<PeerId>()
  onTurn: () => void = () => {}
  liar: PeerId | undefined
  lied = 0
  lie: (question: RepoQuestion) => Effect.Effect<RepoAnswer> = () => Effect.never

  override deliver(from: PeerId, to: PeerId, protocol: string, question: string): ReturnType<MemoryHub["deliver"]> {
    if (protocol !== repoProtocol.name) return super.deliver(from, to, protocol, question)
    const asked = JSON.parse(question) as RepoQuestion
    if (asked._tag === "Turn") {
      this.turns++
      this.askedOf.add(to)
      this.onTurn()
      if (to === this.liar) {
        this.lied++
        return Effect.map(this.lie(asked), (answer) => JSON.stringify(answer))
      }
    }
    if (asked._tag === "TurnOver") this.over++
    return super.deliver(from, to, protocol, question)
  }
}

type Nodes = Effect.Effect.Success<ReturnType<typeof nodesOf>>

/** Two writers on each of these nodes, each with some increments. */
const compete = (nodes: Nodes) =>
  Effect.forEach([...nodes, ...nodes], (node) => Effect.repeatN(on(node)(increment), WRITES_EACH - 1), {
    concurrency: "unbounded",
    discard: true
  })

/** Counts how the transactions of a node are answered, from now on. */
const answersOf = (nodes: Nodes) => {
  const answers = { committed: 0, lost: 0 }
  const watched = nodes.map((node) => {
    const transactor = Context.get(node, Transactor) as { transact: Transactor["Type"]["transact"] }
    const { transact } = transactor
    transactor.transact = (request) =>
      Effect.tap(transact(request), ({ _tag }) => {
        if (_tag === "Committed") answers.committed++
        else answers.lost++
      })
    return node
  })
  return { answers, watched }
}

/** Does something in a turn, and says how that stands. */
const turnOn = (node: Nodes[number], attempts: number, use: Effect.Effect<unknown> = Effect.void) =>
  Context.get(node, Transactor).turns!.inTurn({ attempts, collections: [WORDS] }, (turn) => Effect.as(use, turn))

describe("Writers that compete for a collection", () => {
  it.scopedLive("lose nothing, and send few transactions in vain", () =>
    Effect.gen(function* () {
      const hub = new TurnHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      yield* on(nodes[0]!)(create)
      const { answers } = answersOf(nodes)
      yield* compete(nodes)
      for (const node of nodes) expect(yield* on(node)(count)).toBe(2 * SEEDS.length * WRITES_EACH)
      expect(answers.committed).toBe(2 * SEEDS.length * WRITES_EACH)
      // The first meet by chance, and now and then somebody who has not heard of the others.
      expect(answers.lost).toBeLessThan(answers.committed / 3)
      // One coordinates, and no turn of those who committed had to be given back.
      expect([...hub.askedOf]).toEqual(coordinators(SEEDS).slice(0, 1))
      expect(hub.over).toBeLessThan(hub.turns / 2)
    })
  )

  it.scopedLive("lose nothing where some do not keep it", () =>
    Effect.gen(function* () {
      const seeds = [1, 2, 3, 4, 5, 6]
      const nodes = yield* nodesOf(new TurnHub(), seeds)
      yield* on(nodes[0]!)(create)
      const { answers } = answersOf(nodes)
      yield* compete(nodes)
      expect(yield* on(nodes[5]!)(count)).toBe(2 * seeds.length * WRITES_EACH)
      expect(answers.lost).toBeLessThan(answers.committed / 3)
    })
  )

  it.scopedLive("go on where their coordinator dies amid it", () =>
    Effect.gen(function* () {
      const hub = new TurnHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      yield* on(nodes[0]!)(create)
      const [first, second] = coordinators(SEEDS)
      const others = nodes.filter((_node, i) => peerOf(SEEDS[i]!) !== first)
      hub.onTurn = () => {
        if (hub.turns === 10) hub.cutOff(first!)
      }
      yield* compete(others)
      for (const node of others) expect(yield* on(node)(count)).toBe(2 * others.length * WRITES_EACH)
      expect(hub.askedOf).toContain(second)
    })
  )

  const given = (rev: number) =>
    Effect.succeed<RepoAnswer>({ _tag: "Turn", ends: [], isContended: true, rev, ticket: 1 })
  const lies: ReadonlyArray<readonly [what: string, lie: TurnHub["lie"], isSeenThrough: boolean]> = [
    ["never gives a turn", () => Effect.never, true],
    ["tells of what never was", () => given(1_000_000), true],
    ["answers beside the point", () => Effect.succeed({ _tag: "TurnOver" }), true],
    // As long as one of them commits now and then, it may be that there are others who ask nobody.
    ["gives all of them turns at once", () => given(0), false]
  ]
  for (const [what, lie, isSeenThrough] of lies) {
    it.scopedLive(`lose nothing to a coordinator that ${what}`, () =>
      Effect.gen(function* () {
        const hub = new TurnHub()
        const [first] = coordinators(SEEDS)
        hub.liar = first
        hub.lie = lie
        const nodes = yield* nodesOf(hub, SEEDS, { patience: { turnMillis: 200 } })
        yield* on(nodes[0]!)(create)
        yield* compete(nodes)
        for (const node of nodes) expect(yield* on(node)(count)).toBe(2 * SEEDS.length * WRITES_EACH)
        // Each of the others asks it once, or twice at the same time.
        if (isSeenThrough) expect(hub.lied).toBeLessThanOrEqual(2 * (SEEDS.length - 1))
      })
    )
  }

  it.scopedLive("ask for turns no more once nobody has competed for a while", () =>
    Effect.gen(function* () {
      const hub = new TurnHub()
      const coolDownMillis = 300
      const nodes = yield* nodesOf(hub, SEEDS, { patience: { coolDownMillis, leaseMillis: 50 } })
      yield* on(nodes[0]!)(create)
      yield* compete(nodes)
      const turns = hub.turns
      expect(turns).toBeGreaterThan(0)
      yield* Effect.sleep(Duration.millis(3 * coolDownMillis))
      for (const node of nodes) yield* on(node)(increment)
      expect(hub.turns).toBe(turns)
    })
  )
})

describe("A turn", () => {
  /** Nodes that know that others compete, and none of which coordinates. */
  const competing = (patience: Partial<TurnPolicy> = {}) =>
    Effect.gen(function* () {
      const hub = new TurnHub()
      const nodes = yield* nodesOf(hub, SEEDS, { patience: { coolDownMillis: 60_000, ...patience } })
      yield* on(nodes[0]!)(create)
      yield* compete(nodes)
      const [first] = coordinators(SEEDS)
      return { hub, nodes: nodes.filter((_node, i) => peerOf(SEEDS[i]!) !== first) }
    })

  it.scopedLive("is free where nobody competes", () =>
    Effect.gen(function* () {
      const [node] = yield* nodesOf(new MemoryHub(), SEEDS)
      expect(yield* turnOn(node!, 0)).toBe<Turn>("free")
    })
  )

  /** Takes the turn on a node, and keeps it until that fiber ends. */
  const hold = (node: Nodes[number]) =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const holding = yield* Effect.fork(
        turnOn(node, 0, Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      )
      yield* Deferred.await(begun)
      return holding
    })

  /** Waits until somebody has asked for another turn. */
  const oneMoreAsks = (hub: TurnHub) => {
    const { turns } = hub
    return Effect.repeat(
      Effect.sync(() => hub.turns),
      { schedule: Schedule.spaced("2 millis"), until: (now) => now > turns }
    )
  }

  it.scopedLive("comes to one after another, to who has tried longest first", () =>
    Effect.gen(function* () {
      const { hub, nodes } = yield* competing({ leaseMillis: 10_000 })
      const order: Array<string> = []
      let inside = 0
      const use = (name: string) =>
        Effect.gen(function* () {
          order.push(name)
          expect(++inside).toBe(1)
          yield* Effect.sleep("5 millis")
          inside--
        })
      const first = yield* hold(nodes[0]!)
      const young = yield* Effect.fork(turnOn(nodes[1]!, 1, use("young")))
      yield* oneMoreAsks(hub)
      const old = yield* Effect.fork(turnOn(nodes[2]!, 2, use("old")))
      yield* oneMoreAsks(hub)
      expect(order).toEqual([])
      yield* Fiber.interrupt(first)
      expect([yield* Fiber.join(young), yield* Fiber.join(old)]).toEqual(["given", "given"])
      expect(order).toEqual(["old", "young"])
    })
  )

  it.scopedLive("ends with the commit that it was for", () =>
    Effect.gen(function* () {
      const { nodes } = yield* competing({ leaseMillis: 10_000, turnMillis: 500 })
      yield* on(nodes[0]!)(increment)
      expect(yield* turnOn(nodes[1]!, 0)).toBe<Turn>("given")
    })
  )

  it.scopedLive("goes on to the next where who has it never ends it", () =>
    Effect.gen(function* () {
      const { nodes } = yield* competing({ leaseMillis: 50 })
      const dead = yield* hold(nodes[0]!)
      expect(yield* turnOn(nodes[1]!, 0)).toBe<Turn>("given")
      yield* Fiber.interrupt(dead)
    })
  )

  it.scopedLive("is not waited for longer than patience lasts", () =>
    Effect.gen(function* () {
      const { nodes } = yield* competing({ leaseMillis: 10_000, turnMillis: 100 })
      const dead = yield* hold(nodes[0]!)
      expect(yield* turnOn(nodes[1]!, 0)).toBe<Turn>("vain")
      yield* Fiber.interrupt(dead)
    })
  )

  it.scopedLive("is not for a peer of which as many wait as may", () =>
    Effect.gen(function* () {
      const { hub } = yield* competing({ leaseMillis: 10_000, maxWaitingPerPeer: 2 })
      const stranger = Hub.make(hub, peerOf(9))
      const ask = stranger.ask(repoProtocol, coordinators(SEEDS)[0]!, {
        _tag: "Turn",
        attempts: 0,
        collection: WORDS,
        wantsEnds: false
      })
      expect((yield* ask)._tag).toBe("Turn")
      const waiting = yield* Effect.forkAll([ask, ask])
      yield* Effect.sleep("5 millis")
      expect((yield* Effect.flip(ask))._tag).toBe("Busy")
      yield* Fiber.interrupt(waiting)
    })
  )

  it.scopedLive("that is interrupted while it is waited for leaves its place to others", () =>
    Effect.gen(function* () {
      const { hub, nodes } = yield* competing({ leaseMillis: 10_000 })
      const holding = yield* hold(nodes[0]!)
      const waiting = yield* Effect.fork(turnOn(nodes[1]!, 5))
      yield* oneMoreAsks(hub)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(holding)
      expect(yield* turnOn(nodes[2]!, 0)).toBe<Turn>("given")
    })
  )

  /** Peers that ask all nodes for turns all the time, say that they have tried often, and never write. */
  const greedy = (hub: MemoryHub) =>
    Effect.forEach(
      [11, 12, 13].flatMap((seed) => SEEDS.map((of) => [peerOf(seed), peerOf(of)] as const)),
      ([stranger, node]) => {
        const asked = { _tag: "Turn", attempts: 1_000, collection: WORDS, wantsEnds: false } as const
        const ask = Effect.exit(Hub.make(hub, stranger).ask(repoProtocol, node, asked))
        return Effect.forkScoped(Effect.forever(Effect.zipRight(ask, Effect.sleep("2 millis"))))
      },
      { discard: true }
    )

  it.scopedLive("is hardly waited for because of peers that let all of theirs run out", () =>
    Effect.gen(function* () {
      const hub = new TurnHub()
      const leaseMillis = 100
      const nodes = yield* nodesOf(hub, SEEDS, { patience: { leaseMillis, maxVainMillis: leaseMillis } })
      yield* on(nodes[0]!)(create)
      yield* greedy(hub)
      for (const node of nodes) {
        const [took] = yield* Effect.timed(Effect.repeatN(on(node)(increment), WRITES_EACH - 1))
        // Of all of its writes not even half had to wait for a turn to run out.
        expect(Duration.toMillis(took)).toBeLessThan((WRITES_EACH / 2) * leaseMillis)
      }
    })
  )

  const ask = (hub: MemoryHub, seed: number, name: string) =>
    Hub.make(hub, peerOf(seed)).ask(repoProtocol, coordinators(SEEDS)[0]!, {
      _tag: "Turn",
      attempts: 0,
      collection: collectionId(hasher, name),
      wantsEnds: false
    })

  it.scopedLive("is only of what is kept, and one peer has no more queues than it may", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const [node] = yield* nodesOf(hub, SEEDS, { patience: { maxQueuesPerPeer: 2 } })
      const made = ["one", "two", "three"]
      for (const name of made)
        yield* on(node!)(
          Tree.openOrCreate(Tree.define(name, { entry: Word, key: Schema.String, keyOf: ({ key }) => key }))
        )
      const answers = (seed: number, names: ReadonlyArray<string>) =>
        Effect.forEach(names, (name) => Effect.map(Effect.either(ask(hub, seed, name)), ({ _tag }) => _tag))
      expect(yield* answers(9, ["never made", ...made])).toEqual(["Left", "Right", "Right", "Left"])
      expect(yield* answers(10, made.slice(2))).toEqual(["Right"])
    })
  )
})
