/** Peers that ask what nobody asks, of a node in a process of its own whose memory is looked at. */
import { expect, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { encodeFrame } from "../../../layers/network/libp2p/Frames.ts"
import { questionHead } from "../../../layers/network/libp2p/RpcHead.ts"
import { memberProtocol, repoProtocol } from "../../../src/cluster/protocols.ts"
import { collectionId } from "../../../src/encoding/BlockIds.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { ensureBuilt } from "../../package/Distribution.ts"
import { hasher } from "../../storage/TestServices.ts"
import { attack, type HostileStream, type Target } from "./HostileStream.ts"
import { hostileFrame } from "./hostileFrames.ts"
import { discoveryOf, networkOf, type Peer, peerOn } from "./nodes.ts"
import { directoryProtocol, type State, stateOf, victim } from "./victim.ts"

const MEBIBYTE = 1_048_576
const LIMITS = {
  maxBytes: 24 * MEBIBYTE,
  maxBytesPerPeer: 16 * MEBIBYTE,
  maxConnectionsPerSecond: 1_000,
  maxQuestionsPerPeer: 100,
  maxQuestionsPerStream: 64,
  maxStreamsPerPeer: 8,
  maxWaitingBytes: 12 * MEBIBYTE,
  stallMillis: 1_000
}
const FRAMES_PER_PROTOCOL = 520
/** What a node may hold more than before it was attacked: pools of libp2p, code that was compiled. */
const MOST_MEGABYTES_MORE = 24
/** The same while it is attacked by one peer: what that peer may fill, as it came and as what it says. */
const MOST_MEGABYTES_UNDER_ATTACK = (2 * LIMITS.maxBytesPerPeer) / MEBIBYTE + MOST_MEGABYTES_MORE
/** Numbers of questions that nobody draws. */
const FIRST_PROBE = 1_000_000_000
/** An answer to a probe takes no longer, unless a frame that claims more than it has took the probe in. */
const PROBE_MILLIS = 60

const block = collectionId(hasher, "nobody's")
const QUESTIONS = {
  cluster: JSON.stringify({ _tag: "Read", blocks: [block] }),
  directory: JSON.stringify({ text: "x" }),
  repo: JSON.stringify({ _tag: "BlockAt", id: block })
}

class Scene extends Context.Tag("test/HostileScene")<
  Scene,
  { readonly target: Target; readonly honest: Peer; readonly attackers: ReadonlyArray<Peer>; readonly before: State }
>() {}

const scene = Layer.scoped(
  Scene,
  Effect.gen(function* () {
    yield* Effect.promise(ensureBuilt)
    const target = yield* victim(LIMITS)
    const honest = yield* peerOn(101)
    const attackers = yield* Effect.forEach([102, 103, 104], (seed) => peerOn(seed))
    yield* isWell({ honest, target })
    return { attackers, before: yield* stateOf(honest, target), honest, target }
  })
)

/** An honest peer is answered, on all protocols; also by something large: what was taken for others was given back. */
const isWell = ({ honest, target: { addresses, peer } }: Pick<Scene["Type"], "honest" | "target">) =>
  Effect.gen(function* () {
    const network = networkOf(honest)
    yield* discoveryOf(honest).remember({ addresses, peer })
    const read = yield* network.ask(memberProtocol, peer, { _tag: "Read", blocks: [block] })
    expect(read._tag).toBe("Latest")
    const kept = yield* network.ask(repoProtocol, peer, { _tag: "BlockAt", id: block })
    expect(kept).toEqual({ _tag: "BlockAt", found: null, through: 0 })
    const { text } = yield* network.ask(directoryProtocol, peer, { text: "x".repeat(MEBIBYTE) })
    expect(text.length).toBe(4 * MEBIBYTE)
  })

/** The victim is well, holds about what it held, and counted what happened. */
const isUnharmed = ({ before, honest, target }: Scene["Type"]) =>
  Effect.gen(function* () {
    yield* isWell({ honest, target })
    const more = ({ megabytes }: State) => megabytes - before.megabytes
    // What was answered last is let go of in its own time.
    const settled = (looks: number): ReturnType<typeof stateOf> =>
      Effect.flatMap(stateOf(honest, target), (state) =>
        more(state) < MOST_MEGABYTES_MORE || looks === 1
          ? Effect.succeed(state)
          : Effect.delay(settled(looks - 1), "100 millis")
      )
    const state = yield* settled(30)
    expect(more(state)).toBeLessThan(MOST_MEGABYTES_MORE)
    return (event: keyof State["counts"]) => (state.counts[event] ?? 0) - (before.counts[event] ?? 0)
  })

layer(scene, { excludeTestServices: true, timeout: "30 seconds" })("Hostile askers", (it) => {
  for (const protocol of ["repo", "cluster", "directory"] as const) {
    it.effect(`${FRAMES_PER_PROTOCOL} hostile frames of ${protocol} leave a node as it was`, () =>
      Effect.gen(function* () {
        const here = yield* Scene
        const prng = Prng.make(`hostile ${protocol}`)
        const kinds = new Map<string, number>()
        let stream: HostileStream | undefined
        let [answered, hungUp, swallowed] = [0, 0, 0]
        for (let i = 0; i < FRAMES_PER_PROTOCOL; i++) {
          const { bytes, kind } = hostileFrame(prng, QUESTIONS[protocol])
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
          const open = stream ?? (yield* attack(prng.pick(here.attackers), here.target, protocol))
          stream = open
          const cut = prng.nextInt(bytes.length)
          open.send(bytes.subarray(0, cut))
          if (prng.nextInt(2) === 0) yield* Effect.sleep(1)
          open.send(bytes.subarray(cut))
          // An honest question after it: whether it is answered shows what became of the frame.
          open.send(encodeFrame(questionHead(String(FIRST_PROBE + i)), QUESTIONS[protocol]))
          const isAnswered = () => open.heads.some((head) => head.includes(String(FIRST_PROBE + i)))
          yield* open.until(() => open.isClosed || isAnswered(), PROBE_MILLIS)
          if (isAnswered()) {
            answered++
            continue
          }
          if (open.isClosed) hungUp++
          else swallowed++
          open.stream.abort(new Error("done"))
          stream = undefined
        }
        stream?.stream.abort(new Error("done"))
        expect(kinds.size).toBe(16)
        expect([answered > 100, hungUp > 100, swallowed < 200]).toEqual([true, true, true])
        const counted = yield* isUnharmed(here)
        expect(counted("MalformedFrame")).toBeGreaterThan(0)
        expect(counted("FrameTooLarge")).toBeGreaterThan(0)
      })
    )
  }

  it.effect("whoever begins a frame and does not go on with it is hung up on", () =>
    Effect.gen(function* () {
      const here = yield* Scene
      const claim = encodeFrame(questionHead("1"), "x".repeat(MEBIBYTE)).subarray(0, 1_000)
      const streams = yield* Effect.forEach(here.attackers, (attacker) => attack(attacker, here.target, "repo"))
      for (const stream of streams) stream.send(claim)
      const claimOnly = yield* attack(here.attackers[0]!, here.target, "repo")
      claimOnly.send(claim.subarray(0, 3))
      for (const stream of [...streams, claimOnly]) expect(yield* stream.hungUp).toBe(true)
      expect((yield* isUnharmed(here))("HalfFrame")).toBe(streams.length + 1)
    })
  )

  it.effect("two questions of one number are not answered, one is", () =>
    Effect.gen(function* () {
      const here = yield* Scene
      const stream = yield* attack(here.attackers[0]!, here.target, "patience")
      const question = encodeFrame(questionHead("1"), '""')
      stream.send(question)
      stream.send(question)
      expect(yield* stream.hungUp).toBe(true)
      expect(stream.heads).toEqual([])
      const again = yield* attack(here.attackers[0]!, here.target, "directory")
      const answered = encodeFrame(questionHead("1"), QUESTIONS.directory)
      for (const count of [1, 2]) {
        again.send(answered)
        yield* again.until(() => again.heads.length === count)
        expect(again.heads.length).toBe(count)
      }
      again.stream.abort(new Error("done"))
      expect((yield* isUnharmed(here))("DuplicateQuestion")).toBe(1)
    })
  )

  it.effect("beyond its share of questions a peer is told Busy, over all its streams", () =>
    Effect.gen(function* () {
      const here = yield* Scene
      const streams = yield* Effect.forEach([1, 2], () => attack(here.attackers[0]!, here.target, "patience"))
      for (const stream of streams) {
        for (let i = 0; i < 100; i++) yield* stream.sendAll(encodeFrame(questionHead(String(i)), '""'))
      }
      const told = () => streams.map(({ heads }) => heads.length)
      yield* streams[1]!.until(() => told()[0]! + told()[1]! === 100)
      expect(told()).toEqual([100 - LIMITS.maxQuestionsPerStream, 200 - LIMITS.maxQuestionsPerPeer - 36])
      expect(streams.every(({ heads }) => heads.every((head) => head.includes('"Busy"')))).toBe(true)
      for (const { stream } of streams) stream.abort(new Error("done"))
      yield* isUnharmed(here)
    })
  )

  it.effect("a flood of large questions is shed, not kept: their heads are answered Busy", () =>
    Effect.gen(function* () {
      const here = yield* Scene
      const stream = yield* attack(here.attackers[1]!, here.target, "patience")
      const body = JSON.stringify("x".repeat(MEBIBYTE))
      for (let i = 0; i < 60; i++) yield* stream.sendAll(encodeFrame(questionHead(String(i)), body))
      yield* stream.until(() => stream.heads.length > 30)
      expect(stream.heads.length).toBeGreaterThan(30)
      const during = yield* stateOf(here.honest, here.target)
      expect(during.megabytes - here.before.megabytes).toBeLessThan(MOST_MEGABYTES_UNDER_ATTACK)
      stream.stream.abort(new Error("done"))
      expect((yield* isUnharmed(here))("TooManyQuestions")).toBeGreaterThan(30)
    })
  )

  it.effect("a reader that never reads is hung up on, and what waits for it is bounded", () =>
    Effect.gen(function* () {
      const here = yield* Scene
      const stream = yield* attack(here.attackers[2]!, here.target, "directory")
      stream.stream.pause()
      const body = JSON.stringify({ text: "x".repeat(MEBIBYTE / 4) })
      for (let i = 0; i < 60; i++) stream.send(encodeFrame(questionHead(String(i)), body))
      yield* Effect.sleep(500)
      const during = yield* stateOf(here.honest, here.target)
      expect(during.megabytes - here.before.megabytes).toBeLessThan(MOST_MEGABYTES_UNDER_ATTACK)
      expect(yield* stream.hungUp).toBe(true)
      expect((yield* isUnharmed(here))("StalledReader")).toBe(1)
    })
  )

  it.effect("more streams or connections than a peer needs are not opened", () =>
    Effect.gen(function* () {
      const here = yield* Scene
      const attacker = here.attackers[0]!
      const streams = yield* Effect.forEach(Array.from({ length: 20 }), () => attack(attacker, here.target, "patience"))
      const [first] = streams
      yield* first!.until(() => streams.filter(({ isClosed }) => !isClosed).length <= LIMITS.maxStreamsPerPeer)
      expect(streams.filter(({ isClosed }) => !isClosed).length).toBe(LIMITS.maxStreamsPerPeer)
      for (const { stream } of streams) stream.abort(new Error("done"))
      expect((yield* isUnharmed(here))("TooManyStreams")).toBe(20 - LIMITS.maxStreamsPerPeer)
    })
  )
})

it("The questions that hostile ones are made of are honest", () => {
  expect(Schema.is(memberProtocol.question)(JSON.parse(QUESTIONS.cluster))).toBe(true)
  expect(Schema.is(repoProtocol.question)(JSON.parse(QUESTIONS.repo))).toBe(true)
})
