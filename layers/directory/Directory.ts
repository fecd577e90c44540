/** Keeps a node's knowledge of the others: the machine of `src/directory` on the clock, the network, and what a transport finds. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Address } from "../../schemas/Address.ts"
import { MAX_ADDRESSES, type PeerDuty, type PeerRole, type ToldRecord } from "../../schemas/Directory.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { NetworkName } from "../../schemas/Manifest.ts"
import { Directory, type DirectoryChange, type DirectoryService, type KnownPeer } from "../../services/Directory.ts"
import { Discovery } from "../../services/Discovery.ts"
import { Entropy } from "../../services/Entropy.ts"
import { Hasher } from "../../services/Hasher.ts"
import { type PeerError, PeerNetwork } from "../../services/PeerNetwork.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { type Call, DirectoryMachine, type Failure } from "../../src/directory/DirectoryMachine.ts"
import { type DirectoryPolicy, defaultDirectoryPolicy, policyProblem } from "../../src/directory/DirectoryPolicy.ts"
import { directoryProtocol } from "../../src/directory/protocol.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { placeOf } from "../../src/encoding/BlockIds.ts"
import { pointOf } from "../../src/network/Point.ts"
import * as Prng from "../../src/random/Prng.ts"
import { answerWithin } from "../cluster/answerWithin.ts"
import * as DirectoryTime from "./DirectoryTime.ts"
import * as metrics from "./metrics.ts"
import * as Reports from "./reports.ts"

/** What a node is to its network. */
export interface DirectoryOptions {
  readonly network: NetworkName
  /** A client asks, answers nobody, and is in nobody's directory. */
  readonly role: PeerRole | "client"
  readonly duties?: ReadonlyArray<PeerDuty>
  /** Whether it may be a member from the start: otherwise it is to be announced, once it has the cluster index. */
  readonly active?: boolean
  /** If there are any, nobody else is ever known. */
  readonly allow?: ReadonlyArray<PeerId>
  readonly policy?: Partial<DirectoryPolicy>
  /** What it knew when it last ran. */
  readonly recalled?: ReadonlyArray<ToldRecord>
}

/** Changes that wait for each who wants to hear of them, at most. */
const MAX_CHANGES = 4_096
/** Bytes that chance is drawn from. */
const SEED_BYTES = 16

type Requirements = Discovery | Entropy | Hasher | PeerNetwork | Signer | Verifier

const failureOf = (error: PeerError): Failure => {
  if (error._tag === "Busy") return "busy"
  return error._tag === "PeerMisbehaved" ? "misbehaved" : "unanswered"
}

const sameAddresses = (some: ReadonlyArray<Address>, others: ReadonlyArray<Address>): boolean =>
  some.length === others.length && some.every((address, i) => address === others[i])

const make = Effect.fnUntraced(function* ({
  active = false,
  allow,
  duties = [],
  network: name,
  policy: given,
  recalled = [],
  role
}: DirectoryOptions): Effect.fn.Return<DirectoryService, never, Requirements | Scope.Scope> {
  const policy: DirectoryPolicy = { ...defaultDirectoryPolicy, ...given }
  const problem = policyProblem(policy)
  if (problem !== undefined) return yield* Effect.dieMessage(`Directory: ${problem}`)
  const discovery = yield* Discovery
  const network = yield* PeerNetwork
  const scope = yield* Effect.scope
  const clock = yield* Effect.clock
  const time = DirectoryTime.make(clock)
  const listeners = yield* PubSub.sliding<DirectoryChange>(MAX_CHANGES)
  const ownAddresses = Effect.map(discovery.addresses, (all) => all.slice(0, MAX_ADDRESSES))
  let addresses = yield* ownAddresses
  const reports = Reports.make()
  const machine = new DirectoryMachine(
    {
      hasher: yield* Hasher,
      network: name,
      policy,
      signer: yield* Signer,
      verifier: yield* Verifier,
      ...(allow !== undefined && { allow: new Set(allow) })
    },
    Prng.make(Base32.encode((yield* Entropy).bytes(SEED_BYTES))),
    {
      claim:
        role === "client"
          ? undefined
          : { active, addresses, duties, lifetimeMillis: policy.lifetimeMillis, role, takesOverFrom: [] },
      heed: reports.heed,
      // Of a clock that was set back the others tell: they have a record of this peer that is newer.
      firstSequence: Math.max(1, clock.unsafeCurrentTimeMillis()),
      nowMillis: time(),
      recalled
    }
  )
  const { registry } = machine
  const { table } = registry

  /** Passes on what changed with a step of the machine. */
  const passOn = Effect.suspend(() => {
    const changes = registry.takeChanges()
    if (changes.length === 0) return Effect.void
    const remember = ({ after, before, peer }: DirectoryChange) =>
      after === undefined ||
      after.addresses.length === 0 ||
      peer === registry.self ||
      // A transport may write it down: most changes are of something else.
      (before !== undefined && sameAddresses(before.addresses, after.addresses))
        ? Effect.void
        : discovery.remember({ addresses: after.addresses, peer })
    return Effect.zipRight(Effect.forEach(changes, remember, { discard: true }), PubSub.publishAll(listeners, changes))
  })

  /** A step of the machine. */
  const step = <A>(take: (nowMillis: number) => A): Effect.Effect<A> =>
    Effect.sync(() => take(time())).pipe(Effect.zipLeft(passOn), Effect.zipLeft(reports.log))

  /** Asks what the machine wants to know, and what it wants to know because of the answer. */
  const perform = (call: Call): Effect.Effect<void> =>
    answerWithin(policy.answerMillis, call.to, network.ask(directoryProtocol, call.to, call.question)).pipe(
      Effect.matchEffect({
        onFailure: (error) => step((now) => machine.failed(call, now, failureOf(error))),
        onSuccess: (answer) => step((now) => machine.answered(call, answer, now))
      }),
      Effect.catchAllDefect(() => step((now) => machine.failed(call, now, "misbehaved"))),
      Effect.flatMap(performAll)
    )
  const performAll = (calls: ReadonlyArray<Call>): Effect.Effect<void> =>
    calls.length === 0 ? Effect.void : Effect.forEach(calls, perform, { concurrency: "unbounded", discard: true })

  if (role !== "client") {
    yield* network.serve(directoryProtocol, (from, question) => step((now) => machine.asked(from, question, now)))
  }
  yield* Effect.forkScoped(Stream.runForEach(discovery.found, ({ peer }) => step((now) => machine.found(peer, now))))

  const look = Effect.gen(function* () {
    const before = addresses
    addresses = yield* ownAddresses
    if (!sameAddresses(before, addresses)) yield* step((now) => machine.announce({ addresses }, now))
    const calls = yield* step((now) => machine.tick(now))
    yield* Effect.forEach(calls, (call) => Effect.forkIn(perform(call), scope), { discard: true })
    metrics.knownPeers.set(table.size)
    metrics.activePeers.set(table.active)
    metrics.unreachablePeers.set(table.unreachable)
  })
  const guarded = Effect.catchAllDefect(look, (defect) => Effect.logWarning("What is due was not done", defect))
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(guarded, Effect.sleep(Duration.millis(policy.tickMillis)))))

  const isCertain: DirectoryService["isCertain"] = (block, count) =>
    machine.isSettled && table.isCertain(pointOf(placeOf(block)), count)
  const nearest: DirectoryService["nearest"] = (block, count) =>
    table.nearest(pointOf(placeOf(block)), count, true).map(({ peer }) => peer)
  const search = Effect.fnUntraced(function* (block: BlockId, count: number) {
    const { calls, lookup } = yield* step((now) => machine.lookup(placeOf(block), count, true, now))
    yield* performAll(calls)
    return lookup.found.map(({ peer }) => peer)
  })
  const lookups = yield* Effect.makeSemaphore(policy.maxLookups)

  return {
    announce: (change) => step((now) => machine.announce(change, now)),
    changes: Stream.fromPubSub(listeners),
    find: (peer) => {
      const entry = table.get(peer)
      const record = entry?.record ?? registry.recordOf(peer)
      return record && { isReachable: entry === undefined || table.isReachable(entry), record }
    },
    isCertain,
    isSettled: () => machine.isSettled,
    isComplete: () => table.isComplete,
    known: () =>
      Array.from(
        table.entries,
        (entry): KnownPeer => ({ isReachable: table.isReachable(entry), record: entry.record })
      ),
    lookup: Effect.fn("Directory.lookup")((block, count) =>
      Effect.suspend(() =>
        isCertain(block, count) ? Effect.succeed(nearest(block, count)) : lookups.withPermits(1)(search(block, count))
      )
    ),
    nearest,
    own: () => registry.own,
    self: registry.self
  }
})

/** A directory that learns by itself, from what a transport finds and from all whom it comes to know. */
export const layer = (options: DirectoryOptions): Layer.Layer<Directory, never, Requirements> =>
  Layer.scoped(Directory, make(options))
