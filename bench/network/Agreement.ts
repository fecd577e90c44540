/** Whether nodes in several processes agree on who is closest to keys, after one has joined and after some were killed. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { NodeCrypto } from "effect-optimystic/layers"
import type { PeerId } from "effect-optimystic/schemas"
import { Hasher } from "effect-optimystic/services"
import { closestOf, keysOf } from "./keys.ts"
import { allKnow, CLUSTER_SIZE, startTown, type TownError, type TownProcess } from "./Town.ts"
import type { NodeView } from "./TownRpcs.ts"

/** What is tried. */
export interface AgreementOptions {
  /** How many nodes each process has. The last one joins when all others know each other; those of the second are killed. */
  readonly sizes: ReadonlyArray<number>
  readonly keys: number
  /** So long is waited for agreement, and then for the dead to be marked, at most. */
  readonly patienceMillis: number
}

/** What came of it. Shares are those of all keys of all nodes that are as they have to be. */
export interface AgreementResult {
  readonly nodes: number
  readonly keys: number
  /** From the moment at which the first was started until all but the last know each other as active. */
  readonly settledMillis: number
  /** From the moment at which the last was told to start until all give the same for all keys. */
  readonly agreedMillis: number
  readonly agreed: number
  readonly killed: number
  /** From the kill until all that are left have marked just those who are dead. */
  readonly markedMillis: number
  readonly marked: number
  /** The least share that gave the same as before, at any look after the kill. */
  readonly stayed: number
}

/** A look costs every process some tenths of a second: it must not be what they are busy with. */
const LOOK_MILLIS = 500

const shareOf = (all: ReadonlyArray<boolean>): number => all.filter(Boolean).length / all.length

/** Looks again and again until all is as it has to be, or patience ends: how long that took, and the last share. */
const until = (share: Effect.Effect<number, TownError>, patienceMillis: number) =>
  Effect.gen(function* () {
    const started = performance.now()
    for (;;) {
      const found = yield* share
      const millis = performance.now() - started
      if (found === 1 || millis >= patienceMillis) return { millis, share: found }
      yield* Effect.sleep(LOOK_MILLIS)
    }
  })

const isMarkedBy = ({ unreachable }: NodeView, dead: ReadonlySet<PeerId>): boolean =>
  unreachable.length === dead.size && unreachable.every((peer) => dead.has(peer))

/** Starts nodes, has one more join, and kills those of one process. */
export const agreement = ({
  keys: keyCount,
  patienceMillis,
  sizes
}: AgreementOptions): Effect.Effect<AgreementResult, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const hasher = yield* Effect.provide(Hasher, NodeCrypto.layerHasher)
    const keys = keysOf(hasher, keyCount)
    const started = performance.now()
    const { join, nodes, processes } = yield* startTown([...sizes.slice(0, -1), sizes.at(-1)! - 1])
    const peersOf = () => nodes.map(({ peer }) => peer)
    yield* allKnow(processes, peersOf())
    const settledMillis = performance.now() - started

    /** The share of all keys, at all nodes of some processes, that is what looking at each peer gives. */
    const agreedBy = (some: ReadonlyArray<TownProcess>) =>
      Effect.gen(function* () {
        const truth = closestOf(hasher, peersOf(), keys, CLUSTER_SIZE)
        const question = { count: CLUSTER_SIZE, keys: keyCount }
        const answers = yield* Effect.forEach(some, ({ client }) => client.Closest(question), {
          concurrency: "unbounded"
        })
        return shareOf(
          answers.flatMap((answer) => answer.flatMap((given) => truth.map((digest, i) => given[i] === digest)))
        )
      })

    const joining = performance.now()
    const last = yield* join(processes.at(-1)!)
    // Before all know it they cannot agree; to look for that costs little.
    yield* Effect.timeoutOption(allKnow(processes, [last.peer]), patienceMillis)
    const agreed = yield* until(agreedBy(processes), patienceMillis)
    const agreedMillis = performance.now() - joining

    const [, victim] = processes
    const left = processes.filter((each) => each !== victim)
    const dead = new Set((yield* victim!.client.Known()).map(({ peer }) => peer))
    yield* victim!.kill
    let stayed = 1
    const markedBy = Effect.gen(function* () {
      stayed = Math.min(stayed, yield* agreedBy(left))
      const views = yield* Effect.forEach(left, ({ client }) => client.Known(), { concurrency: "unbounded" })
      return shareOf(views.flatMap((answer) => answer.map((view) => isMarkedBy(view, dead))))
    })
    const marked = yield* until(markedBy, patienceMillis)
    return {
      agreed: agreed.share,
      agreedMillis,
      keys: keyCount,
      killed: dead.size,
      marked: marked.share,
      markedMillis: marked.millis,
      nodes: nodes.length,
      settledMillis,
      stayed
    }
  })
