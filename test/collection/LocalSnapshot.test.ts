import { describe, expect, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { Collection, Node } from "effect-optimystic"
import * as Prng from "../../src/random/Prng.ts"
import { NaiveCollection, NaiveSnapshot, type Outcome } from "../reference/NaiveSnapshots.ts"
import * as Lines from "./Lines.ts"

const outcomeOf = (result: Either.Either<unknown, { readonly _tag: string }>): Outcome => {
  if (Either.isRight(result)) return "done"
  switch (result.left._tag) {
    case "ActionRefused":
    case "Invalid":
      return "refused"
    case "Conflict":
      return "conflict"
    default:
      throw new Error(`unexpected ${result.left._tag}`)
  }
}

/** Runs a random history of one collection and some snapshots of it, beside the model; compares everything after each step. */
const compareHistory = (seed: number, filter: Collection.ConflictFilter<Lines.Action> | undefined, steps: number) =>
  Effect.gen(function* () {
    const prng = Prng.make(`snapshots ${seed}`)
    const lines = yield* Collection.openOrCreate(Lines.define("lines", filter))
    const model = new NaiveCollection<ReadonlyArray<string>, Lines.Action>([], Lines.perform, filter ?? ((own) => own))
    const open = Effect.map(lines.snapshot, (local) => ({ local, naive: new NaiveSnapshot(model) }))
    const snapshots = yield* Effect.replicateEffect(open, 3)

    const actionOn = (state: ReadonlyArray<string>, step: number): Lines.Action => {
      // Now and then a place that there is not.
      const at = prng.nextInt(state.length + 1 + (prng.nextInt(10) === 0 ? 2 : 0))
      return prng.nextInt(5) < 3 ? { data: { at, text: `${step}` }, type: "insert" } : { data: at, type: "remove" }
    }

    const seen: Record<string, number> = {}
    for (let step = 0; step < steps; step++) {
      const which = prng.nextInt(snapshots.length)
      const { local, naive } = snapshots[which]!
      const kind = ["act", "act", "act", "others", "update", "sync", "updateAndSync", "discard", "reopen"][
        prng.nextInt(9)
      ]!
      let found: Outcome = "done"
      let expected: Outcome = "done"
      if (kind === "act") {
        const action = actionOn(naive.state!, step)
        found = outcomeOf(yield* Effect.either(local.act(action)))
        expected = naive.act(action)
      } else if (kind === "others") {
        const action = actionOn(model.state(model.log.length, [])!, step)
        found = outcomeOf(yield* Effect.either(lines.act(action)))
        expected = model.commit([action])
      } else if (kind === "update") {
        found = outcomeOf(yield* Effect.either(local.update))
        expected = naive.update()
      } else if (kind === "sync") {
        found = outcomeOf(yield* Effect.either(local.sync))
        expected = naive.sync()
      } else if (kind === "updateAndSync") {
        found = outcomeOf(yield* Effect.either(local.updateAndSync))
        expected = naive.update()
        if (expected === "done") expected = naive.sync()
      } else if (kind === "discard") {
        const type = prng.nextInt(2) === 0 ? "insert" : "remove"
        const isChosen = (action: Lines.Action) => action.type === type
        const some = prng.nextInt(2) === 0
        found = outcomeOf(yield* Effect.either(some ? local.discard(isChosen) : local.discard()))
        expected = naive.discard(some ? isChosen : () => true)
      } else {
        snapshots[which] = yield* open
      }
      const at = `seed ${seed} step ${step} ${kind}`
      expect(`${at}: ${found}`).toBe(`${at}: ${expected}`)
      seen[`${kind} ${found}`] = (seen[`${kind} ${found}`] ?? 0) + 1
      for (const { local, naive } of snapshots) {
        expect(yield* local.read(Lines.all), at).toEqual(naive.state)
        expect(yield* local.pending, at).toEqual(naive.pending)
        // The first revision is the creation.
        expect(local.rev - 1, at).toBe(naive.base)
      }
      expect(yield* lines.read(Lines.all), at).toEqual(model.state(model.log.length, []))
    }
    return seen
  })

describe("random histories of local snapshots equal a naive model", () => {
  const filters = {
    "drops what it can": (
      own: Lines.Action,
      others: ReadonlyArray<Lines.Action>,
      before: ReadonlyArray<Lines.Action>
    ) => ((others.length + before.length) % 2 === 0 ? own : undefined),
    "keeps all": undefined,
    "rewrites places": Lines.filterConflict
  }
  for (const [what, filter] of Object.entries(filters)) {
    it.live(`with a conflict filter that ${what}`, () =>
      Effect.gen(function* () {
        const seen: Record<string, number> = {}
        for (let seed = 1; seed <= 3; seed++) {
          const counts = yield* compareHistory(seed, filter, 150).pipe(Effect.provide(Node.layerLocal()))
          for (const [key, count] of Object.entries(counts)) seen[key] = (seen[key] ?? 0) + count
        }
        // Not a test of next to nothing.
        for (const kind of ["act refused", "sync conflict", "sync done", "update done", "updateAndSync done"]) {
          expect(seen[kind], kind).toBeGreaterThan(0)
        }
      })
    )
  }

  it.live("where no block stays in memory", () =>
    Effect.asVoid(compareHistory(9, Lines.filterConflict, 120)).pipe(
      Effect.provide(Node.layerLocal({ policy: { transactions: { cacheBytes: 0 } } }))
    )
  )
})
