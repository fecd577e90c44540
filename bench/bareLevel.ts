/**
 * The measure of durable commits: synced batches of the same records, in sequence, with nothing around them.
 */
import { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import type { StorageKey } from "effect-optimystic/services"
import { collectGarbage, type Measurement, perSecond, ratePerSecond, slicesOf, sum, timedEach } from "./harness.ts"
import type { Batch } from "./nodes.ts"

const open = (folder: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const database = new ClassicLevel(`${folder}/bare`)
      await database.open()
      return database
    }),
    (database) => Effect.promise(() => database.close())
  )

const NUMBER_DIGITS = 16

/** As long as what the store makes of the key. */
const keyText = ([space, block, kind, name]: StorageKey): string =>
  `${space[0]}${block}!${kind}!${typeof name === "number" ? `#${String(name).padStart(NUMBER_DIGITS, "0")}` : `$${name}`}`

const operationsOf = (batch: Batch) =>
  batch.map((write) =>
    write.type === "put"
      ? { key: keyText(write.key), type: "put" as const, value: write.value }
      : { key: keyText(write.key), type: "del" as const }
  )

/** Commits that are made before it is the turn of the bare batches again. */
const SLICE = 20

/**
 * The rate of commits, but for the first few, and its `ratio` to the rate of bare synced batches of the same records in
 * the same folder. They take turns. Whatever `commit` writes must appear in `batches`.
 */
export const rateBesideBareLevel = Effect.fnUntraced(function* <A, E, R>(
  folder: string,
  items: ReadonlyArray<A>,
  uncounted: number,
  commit: (item: A) => Effect.Effect<unknown, E, R>,
  batches: Array<Batch>
) {
  const database = yield* open(folder)
  const commitMillis: Array<number> = []
  const bareMillis: Array<number> = []
  yield* collectGarbage
  yield* Effect.forEach(items.slice(0, uncounted), commit, { discard: true })
  for (const slice of slicesOf(items.slice(uncounted), SLICE)) {
    batches.length = 0
    commitMillis.push(...(yield* timedEach(slice, commit)))
    bareMillis.push(
      ...(yield* timedEach(batches.map(operationsOf), (operations) =>
        Effect.promise(() => database.batch(operations, { sync: true }))
      ))
    )
  }
  const baseline = perSecond(bareMillis.length, sum(bareMillis))
  const measured = ratePerSecond(commitMillis)
  return { ...measured, baseline, ratio: measured.value / baseline } satisfies Measurement
})
