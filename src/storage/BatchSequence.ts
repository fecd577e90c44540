/**
 * The contiguous numbers of batches, 1, 2, …, by which a store notices at open that its journal lost some.
 *
 * Batch n also writes n into slot `n mod RING_SIZE`, over the number of a ring ago: bounded space, no deletes. If M is
 * the largest number found, slot s must hold the largest n ≤ M with n mod RING_SIZE = s; anything else is a lost batch.
 *
 * What this cannot notice: the loss of the *last* batches, which leaves no gap (a store keeps a lower bound of its last
 * number elsewhere and gives it to {@link check} as `atLeast`), and a loss more than RING_SIZE batches before the last.
 */
import type { StorageKey, StorageRange } from "../../services/RawStorage.ts"

/**
 * Batches that the ring remembers. It must reach further back than the journal that may be replayed at open: 16,384 batches
 * cover two LevelDB write buffers of 4 MiB as long as batches average 512 bytes, their own number included.
 */
export const RING_SIZE = 16_384

/** At most this many missing numbers are listed. */
export const MAX_MISSING_LISTED = 16

const GROUP = { space: "store", block: "", kind: "sequence" } as const

/** All slots. */
export const RING: StorageRange = { ...GROUP, limit: RING_SIZE }

/** The key of the slot that batch `n` writes. */
export const slotOf = (n: number): StorageKey => [GROUP.space, GROUP.block, GROUP.kind, n % RING_SIZE]

/** The value of the slot that batch `n` writes, as JSON text. */
export const slotValue = (n: number): string => `{"n":${n}}`

const SLOT_VALUE = /^\{"n":([1-9][0-9]{0,15})\}$/

/** The number in a slot's value, or undefined where it is none. */
export const readSlot = (value: string): number | undefined => {
  const n = Number(SLOT_VALUE.exec(value)?.[1])
  return Number.isSafeInteger(n) ? n : undefined
}

/** Lost batches: how many, and the first of their numbers in order. */
export interface SequenceGap {
  readonly _tag: "Gap"
  readonly missing: ReadonlyArray<number>
  readonly missingCount: number
}

/** What a look at all slots tells: a gap, or the number of the last batch (0 where there is none). */
export type SequenceCheck = SequenceGap | { readonly _tag: "Contiguous"; readonly last: number }

/** Checks the numbers found in the slots, by slot; `atLeast` is a number that is known to have been durable. */
export const check = (slots: ReadonlyMap<number, number>, atLeast = 0): SequenceCheck => {
  let last = atLeast
  for (const n of slots.values()) last = Math.max(last, n)
  const missing: Array<number> = []
  let missingCount = 0
  for (let n = Math.max(1, last - RING_SIZE + 1); n <= last; n++) {
    if (slots.get(n % RING_SIZE) === n) continue
    missingCount += 1
    if (missing.length < MAX_MISSING_LISTED) missing.push(n)
  }
  return missingCount === 0 ? { _tag: "Contiguous", last } : { _tag: "Gap", missing, missingCount }
}

/** A gap in words. */
export const describeGap = ({ missing, missingCount }: SequenceGap): string => {
  const unlisted = missingCount - missing.length
  const list = missing.join(", ") + (unlisted > 0 ? `, and ${unlisted} more` : "")
  return `${missingCount} acknowledged batch(es) are missing: ${list}`
}
