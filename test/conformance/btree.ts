/** The B+tree against a sorted array, by random operations. Plain functions: no test runner needed. */
import type { Json } from "../../schemas/Json.ts"
import * as BTree from "../../src/btree/BTree.ts"
import * as Prng from "../../src/random/Prng.ts"
import { MemoryBlockStore } from "../btree/MemoryBlockStore.ts"
import { SortedArray } from "../reference/SortedArray.ts"

/** What to run. A seed decides the kind of keys and entries, and whether blocks come and go from memory. */
export interface BTreeFuzzOptions {
  readonly seed: number
  readonly operations: number
}

/** How a run went. `violation` says what first went wrong, and at which operation. */
export interface BTreeFuzzReport {
  readonly seed: number
  readonly profile: string
  readonly operations: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  /** The most entries the tree held. */
  readonly largest: number
  readonly faults: number
  readonly violation: string | undefined
}

/** Strings by UTF-16 code units, numbers, and tuples of them, item by item. */
export const compareKeys = (a: Json, b: Json): number => {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compareKeys(a[i], b[i])
      if (order !== 0) return order
    }
    return a.length - b.length
  }
  return a! < b! ? -1 : a! > b! ? 1 : 0
}

// ── Keys and entries ─────────────────────────────────────────────────────────────────────────────────────────────────

const KEYS = {
  long: (prng: Prng.Prng, n: number): Json => text(prng) + (prng.nextInt(8) === 0 ? "k".repeat(n % LONG_KEY) : ""),
  number: (_: Prng.Prng, n: number): Json => (n % 2 === 0 ? n : -n / 8),
  text: (prng: Prng.Prng): Json => text(prng),
  tuple: (prng: Prng.Prng, n: number): Json => [text(prng).slice(0, 1), n]
}

const LONG_KEY = 12_000
const KEY_DIGITS = 4

const text = (prng: Prng.Prng): string => {
  let digits = ""
  for (let i = 0; i < KEY_DIGITS; i++) digits += String.fromCharCode(0x61 + prng.nextInt(26), 0x61 + prng.nextInt(26))
  return digits + digits.toUpperCase()
}

const ENTRIES = {
  mixed: (prng: Prng.Prng, n: number): Json => ({ n, text: "é".repeat(prng.nextInt(MIXED_SIZES[prng.nextInt(8)]!)) }),
  small: (_: Prng.Prng, n: number): Json => ({ n, text: "small" }),
  tiny: (_: Prng.Prng, n: number): Json => n % 3
}

const MIXED_SIZES = [1, 8, 64, 64, 64, 256, 1_024, 10_000]

interface Profile {
  readonly keys: keyof typeof KEYS
  readonly entries: keyof typeof ENTRIES
  readonly faults: boolean
}

/** Seeds take these in turn. */
const PROFILES: ReadonlyArray<Profile> = [
  { entries: "small", faults: false, keys: "text" },
  { entries: "mixed", faults: false, keys: "text" },
  { entries: "tiny", faults: true, keys: "number" },
  { entries: "mixed", faults: true, keys: "tuple" },
  { entries: "small", faults: false, keys: "tuple" },
  { entries: "mixed", faults: false, keys: "long" }
]

const FAULT_ONE_IN = 50

// ── The run ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** How much of the run each phase lasts, and how many of a hundred operations in it write rather than delete. */
const PHASES = [
  { percent: 40, writes: 85 },
  { percent: 30, writes: 50 },
  { percent: 30, writes: 25 }
]
/** There are this many keys for each hundred operations. */
const KEYS_PERCENT = 40
/** The whole tree is compared with the model this many times in a run. */
const COMPARISONS = 15
const CURSOR_WALKS = 50
const MAX_PAGE = 400

class Violation extends Error {}

const check = (holds: boolean, otherwise: () => string): void => {
  if (!holds) throw new Violation(otherwise())
}

/** Runs one seed: writes and deletes in random order, then all point reads, then deletion of all that is left. */
export const fuzzBTree = ({ operations, seed }: BTreeFuzzOptions): BTreeFuzzReport => {
  const profile = PROFILES[seed % PROFILES.length]!
  const run = new Run(Prng.make(seed), profile, Math.max(1, Math.ceil((operations * KEYS_PERCENT) / 100)))
  let violation: string | undefined
  let done = 0
  try {
    run.compare()
    for (const { percent, writes } of PHASES) {
      const end = Math.min(operations, done + Math.ceil((operations * percent) / 100))
      for (; done < end; done++) {
        run.step(writes)
        if (done % Math.ceil(operations / COMPARISONS) === 0) run.compare()
      }
    }
    run.compare()
    run.readAll()
    run.removeAll()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    violation = `operation ${done}: ${error instanceof Violation ? error.message : error.stack}`
  }
  const { deleted, inserted, largest, store, updated } = run
  return {
    deleted,
    faults: store.faults.length,
    inserted,
    largest,
    operations: done,
    profile: `${profile.keys} keys, ${profile.entries} entries${profile.faults ? ", faults" : ""}`,
    seed,
    updated,
    violation
  }
}

class Run {
  readonly store: MemoryBlockStore
  inserted = 0
  updated = 0
  deleted = 0
  largest = 0
  readonly #prng: Prng.Prng
  readonly #profile: Profile
  readonly #keys: ReadonlyArray<Json>
  readonly #model = new SortedArray(compareKeys)
  readonly #root: ReturnType<typeof BTree.create>

  constructor(prng: Prng.Prng, profile: Profile, keys: number) {
    this.#prng = prng
    this.#profile = profile
    this.#keys = Array.from({ length: keys }, (_, n) => KEYS[profile.keys](prng, n))
    const faults = prng.fork("faults")
    this.store = new MemoryBlockStore(() => profile.faults && faults.nextInt(FAULT_ONE_IN) === 0)
    this.#root = BTree.create(this.store)
  }

  step(writes: number): void {
    const key = this.#prng.pick(this.#keys)
    if (this.#prng.nextInt(100) < writes) this.#set(key)
    // Most keys to delete are there; some are not.
    else
      this.#remove(this.#model.keys.length > 0 && this.#prng.nextInt(4) > 0 ? this.#prng.pick(this.#model.keys) : key)
  }

  #set(key: Json): void {
    const entry = ENTRIES[this.#profile.entries](this.#prng, this.inserted + this.updated)
    const before = this.store.run(() => BTree.set(this.store, this.#root, compareKeys, key, entry))
    const expected = this.#model.set(key, entry)
    check(before === expected, () => `set ${show(key)} returned ${show(before)}, expected ${show(expected)}`)
    if (expected === undefined) this.inserted++
    else this.updated++
    this.largest = Math.max(this.largest, this.#model.keys.length)
  }

  #remove(key: Json): void {
    const before = this.store.run(() => BTree.remove(this.store, this.#root, compareKeys, key))
    const expected = this.#model.remove(key)
    check(before === expected, () => `remove ${show(key)} returned ${show(before)}, expected ${show(expected)}`)
    if (expected !== undefined) this.deleted++
  }

  /** Soundness, both scans, a range, cursors. */
  compare(): void {
    const heaviest = this.#profile.entries === "mixed" ? undefined : 1
    const violations = BTree.verifyTree(this.store, this.#root, compareKeys, heaviest)
    check(violations.length === 0, () => violations.join("\n"))
    this.#compareRange({}, false)
    this.#compareRange({}, true)
    const [from, to] = [this.#prng.pick(this.#keys), this.#prng.pick(this.#keys)]
    const bounds = { from, fromExclusive: this.#prng.nextInt(2) === 0, to, toExclusive: this.#prng.nextInt(2) === 0 }
    this.#compareRange(bounds, this.#prng.nextInt(2) === 0)
    for (let i = 0; i < CURSOR_WALKS; i++) this.#compareCursor(this.#prng.pick(this.#keys))
  }

  #compareRange(range: BTree.KeyRange, reverse: boolean): void {
    const [start, end] = this.#model.range(range)
    const total = this.store.run(() => BTree.count(this.store, this.#root, compareKeys, range))
    check(total === end - start, () => `count of ${show(range)} is ${total}, expected ${end - start}`)
    let at = reverse ? end - 1 : start
    let after: Json | undefined
    do {
      const options = { after, limit: 1 + this.#prng.nextInt(MAX_PAGE), reverse }
      const page = this.store.run(() => BTree.rangePage(this.store, this.#root, compareKeys, range, options))
      for (const slice of page.slices) {
        for (let i = 0; i < slice.end - slice.start; i++, at += reverse ? -1 : 1) {
          const index = reverse ? slice.end - 1 - i : slice.start + i
          const same =
            slice.leaf.keys[index] === this.#model.keys[at] && slice.leaf.entries[index] === this.#model.entries[at]
          check(
            same,
            () => `scan of ${show(range)} met ${show(slice.leaf.keys[index])}, expected ${show(this.#model.keys[at])}`
          )
        }
      }
      after = page.resumeAfter
    } while (after !== undefined)
    check(
      at === (reverse ? start - 1 : end),
      () => `scan of ${show(range)} ended ${Math.abs(at - end)} keys early or late`
    )
  }

  #compareCursor(key: Json): void {
    const { keys } = this.#model
    const rank = this.#model.rank(key)
    const path = this.store.run(() => BTree.find(this.store, this.#root, compareKeys, key))
    check(path.on === this.#model.has(key), () => `find ${show(key)} is ${path.on ? "on" : "off"} an entry`)
    const next = this.store.run(() => BTree.next(this.store, path))
    const prior = this.store.run(() => BTree.prior(this.store, path))
    const expectedNext = keys[path.on ? rank + 1 : rank]
    check(BTree.at(this.store, next)?.[0] === expectedNext, () => `next of ${show(key)} is not ${show(expectedNext)}`)
    check(
      BTree.at(this.store, prior)?.[0] === keys[rank - 1],
      () => `prior of ${show(key)} is not ${show(keys[rank - 1])}`
    )
  }

  readAll(): void {
    for (const key of this.#keys) {
      const entry = this.store.run(() => BTree.get(this.store, this.#root, compareKeys, key))
      const expected = this.#model.get(key)
      check(entry === expected, () => `get ${show(key)} returned ${show(entry)}, expected ${show(expected)}`)
    }
  }

  removeAll(): void {
    for (const key of this.#prng.shuffle(this.#model.keys)) this.#remove(key)
    this.compare()
    for (const key of this.#keys) {
      const entry = BTree.get(this.store, this.#root, compareKeys, key)
      check(entry === undefined, () => `${show(key)} came back after its deletion`)
    }
    check(this.store.blocks.size === 2, () => `an empty tree has ${this.store.blocks.size} blocks, expected 2`)
  }
}

const SHOWN = 80

const show = (value: unknown): string => (JSON.stringify(value) ?? "undefined").slice(0, SHOWN)
