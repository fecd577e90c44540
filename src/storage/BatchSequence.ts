/**
 * The contiguous numbers of batches, 1, 2, …, and what an index behind a journal says about them.
 *
 * Each step in which batches `first` to `last` enter the index also writes `{ first, last }` into slot `last mod RING_SIZE`, over
 * what stood there: bounded space, no deletes. What a slot says stays true for ever, so that the numbers of a window that no
 * slot covers are those that the index may have lost, and the only ones.
 */
import type { StorageKey, StorageRange } from "../../services/RawStorage.ts"

/** Slots. A slot is overwritten so many batches later at the earliest. */
export const RING_SIZE = 16_384

/** At most this many missing numbers are listed. */
export const MAX_MISSING_LISTED = 16

const GROUP = { space: "store", block: "", kind: "sequence" } as const

/** All slots. */
export const RING: StorageRange = { ...GROUP, limit: RING_SIZE }

/** Batches that follow each other, bounds included. */
export interface BatchRun {
  readonly first: number
  readonly last: number
}

/** The key of the slot of a step. */
export const slotOf = ({ last }: BatchRun): StorageKey => [GROUP.space, GROUP.block, GROUP.kind, last % RING_SIZE]

/** The value of the slot of a step, as JSON text. */
export const slotValue = ({ first, last }: BatchRun): string => `{"first":${first},"last":${last}}`

const SLOT_VALUE = /^\{"first":([1-9][0-9]{0,15}),"last":([1-9][0-9]{0,15})\}$/

/** The batches in a slot's value, or undefined where it is none. */
export const readSlot = (value: string): BatchRun | undefined => {
  const match = SLOT_VALUE.exec(value)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  return Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last ? { first, last } : undefined
}

/** Lost batches: how many, and the first of their numbers in order. */
export interface MissingBatches {
  readonly numbers: ReadonlyArray<number>
  readonly count: number
}

/** The numbers `first` to `last`, if there are any, that none of the runs covers; undefined where all are covered. */
export const missing = ({ first, last }: BatchRun, runs: ReadonlyArray<BatchRun>): MissingBatches | undefined => {
  const numbers: Array<number> = []
  let count = 0
  let next = first
  const skipTo = (end: number) => {
    count += end - next
    for (; next < end && numbers.length < MAX_MISSING_LISTED; next++) numbers.push(next)
    next = end
  }
  for (const run of runs.toSorted((left, right) => left.first - right.first)) {
    if (run.first > last) break
    if (run.first > next) skipTo(run.first)
    next = Math.max(next, run.last + 1)
  }
  if (next <= last) skipTo(last + 1)
  return count === 0 ? undefined : { numbers, count }
}

/** Missing batches in words. */
export const describeMissing = ({ count, numbers }: MissingBatches): string => {
  const unlisted = count - numbers.length
  const list = numbers.join(", ") + (unlisted > 0 ? `, and ${unlisted} more` : "")
  return `${count} acknowledged batch(es) are missing: ${list}`
}
