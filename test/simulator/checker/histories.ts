import type { History, Operation, Transaction, Value } from "../../../simulator/checker/History.ts"
import type { Prng } from "../../../src/random/Prng.ts"

/** How often each thing happens in {@link randomHistory}, of 1. */
export interface Faults {
  /** A read shows the list as it was some appends ago. */
  readonly staleRead: number
  /** An append is acknowledged but not made. */
  readonly lostAppend: number
  /** A transaction takes effect at several instants instead of one. */
  readonly torn: number
  /** A transaction reads at its start and appends at its end, whatever happened in between. */
  readonly unvalidated: number
  readonly aborted: number
  /** A transaction aborts, but its appends are made. */
  readonly leaked: number
  readonly unknown: number
  /** A read shows values twice, in another order, not at all, or such as nobody appended. */
  readonly scrambled: number
}

export const NO_FAULTS: Faults = {
  staleRead: 0,
  lostAppend: 0,
  torn: 0,
  unvalidated: 0,
  aborted: 0,
  leaked: 0,
  unknown: 0,
  scrambled: 0
}

interface Shape {
  readonly transactions: number
  readonly keys: number
  readonly operations: number
  /** How many transactions run at a time. */
  readonly concurrency: number
  /** Whether a last transaction reads all lists. */
  readonly finalReads: boolean
}

interface Draft {
  readonly id: string
  readonly start: number
  readonly end: number
  readonly steps: ReadonlyArray<{ readonly at: number; readonly key: string; readonly append: boolean }>
}

const draft = (prng: Prng, id: string, shape: Shape, faults: Faults, slot: number): Draft => {
  const start = slot + prng.nextInt(shape.concurrency)
  const end = start + 1 + prng.nextInt(shape.concurrency)
  const effect = () => start + prng.nextFloat() * (end - start)
  const at = effect()
  const isTorn = prng.nextFloat() < faults.torn
  const isUnvalidated = prng.nextFloat() < faults.unvalidated
  const instant = (append: boolean) => (isUnvalidated ? (append ? end : start) : isTorn ? effect() : at)
  const steps = Array.from({ length: 1 + prng.nextInt(shape.operations) }, () => {
    const append = prng.nextInt(2) === 0
    return { at: instant(append), key: `k${prng.nextInt(shape.keys)}`, append }
  }).sort((left, right) => left.at - right.at)
  return { id, start, end, steps }
}

const scramble = (prng: Prng, values: ReadonlyArray<Value>): ReadonlyArray<Value> => {
  const place = prng.nextInt(values.length + 1)
  return prng.pick([
    prng.shuffle(values),
    values.toSpliced(place, 1),
    values.toSpliced(place, 0, ...values.slice(0, 1)),
    values.toSpliced(place, 0, "nobody's")
  ])
}

/** A history of transactions that took effect at one instant each within their time, but for the faults. */
export const randomHistory = (prng: Prng, shape: Shape, faults: Faults): History => {
  const happens = (share: number) => prng.nextFloat() < share
  const drafts = Array.from({ length: shape.transactions }, (_, i) => draft(prng, `T${i + 1}`, shape, faults, i))
  const lists = new Map<string, Array<Value>>()
  const listOf = (key: string) => lists.get(key) ?? []
  const outcomes = new Map<Draft, { committed: boolean | "unknown"; isMade: boolean; operations: Array<Operation> }>()
  for (const one of drafts) {
    const committed = happens(faults.aborted) ? false : happens(faults.unknown) ? ("unknown" as const) : true
    const isMade = committed === true || (committed === false ? happens(faults.leaked) : happens(0.5))
    outcomes.set(one, { committed, isMade, operations: [] })
  }
  const steps = drafts.flatMap((one) => one.steps.map((step) => ({ ...step, one })))
  let appended = 0
  for (const { append, key, one } of steps.sort((left, right) => left.at - right.at)) {
    const { isMade, operations } = outcomes.get(one)!
    if (append) {
      const value = ++appended
      operations.push({ type: "append", key, value })
      if (isMade && !happens(faults.lostAppend)) lists.set(key, [...listOf(key), value])
    } else {
      const stale = happens(faults.staleRead) ? 1 + prng.nextInt(2) : 0
      const values = listOf(key).slice(0, Math.max(0, listOf(key).length - stale))
      operations.push({ type: "read", key, values: happens(faults.scrambled) ? scramble(prng, values) : values })
    }
  }
  const history = drafts.map((one): Transaction => {
    const { committed, operations } = outcomes.get(one)!
    return { id: one.id, start: one.start, end: committed === "unknown" ? undefined : one.end, committed, operations }
  })
  if (!shape.finalReads) return history
  const after = Math.max(...drafts.map(({ end }) => end)) + 1
  const operations = Array.from({ length: shape.keys }, (_, i): Operation => {
    const key = `k${i}`
    return { type: "read", key, values: listOf(key) }
  })
  return [...history, { id: "final", start: after, end: after + 1, committed: true, operations }]
}
