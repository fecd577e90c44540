/**
 * A disk that survives the crashes of its node. What is written takes time; a crash leaves of a write that has not returned
 * nothing or all of it, as the seed has it. Reads can meet a damaged record, which its checksum tells.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { CorruptRecord, type StorageError, StorageUnavailable } from "../../schemas/Errors.ts"
import type { RawStorageService, StorageKey, StorageWrite } from "../../services/RawStorage.ts"
import type { Prng } from "../../src/random/Prng.ts"
import { crc32 } from "../../src/storage/Crc32.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import type { FaultCounts } from "../FaultCounts.ts"
import { type VirtualClock, withVirtualClock } from "../VirtualClock.ts"

/** How a disk treats its records. Shares are from 0 to 1. */
export interface DiskWeather {
  /** Of reads that meet a damaged record. */
  corruptShare: number
  /** Of writes that are refused, as by a full disk. */
  refusedShare: number
  /** A write takes so long at most, in milliseconds, half of it before anything of it can be durable. */
  writeMillis: number
}

/** A disk that is well. */
export const FAIR_WEATHER: Readonly<DiskWeather> = { corruptShare: 0, refusedShare: 0, writeMillis: 2 }

const crashed = (operation: string) =>
  new StorageUnavailable({ mayHaveLanded: true, operation, reason: "the node has crashed" })

/** The disk of one node. */
export class SimulatedDisk {
  /** May be changed at any time. */
  readonly weather: DiskWeather = { ...FAIR_WEATHER }
  readonly #prng: Prng
  readonly #counts: FaultCounts
  readonly #durable = MemoryStorage.make()
  /** Batches that are being written, in their order. */
  readonly #unsynced = new Set<ReadonlyArray<StorageWrite>>()
  /** Batches that are durable, and not yet said to be. */
  #unheard = 0
  /** Who waits for a batch that is being written. */
  #awaiting: Array<() => void> = []
  /** Grows with each crash: whoever opened the disk before has lost it. */
  #incarnation = 0

  constructor(prng: Prng, counts: FaultCounts) {
    this.#prng = prng
    this.#counts = counts
  }

  /** What is on the disk, as it is, for who checks it. */
  get content(): RawStorageService {
    return this.#durable
  }

  /** Waits until something is being written, and nothing of it durable yet. */
  readonly writing: Effect.Effect<void> = Effect.async((resume) => {
    this.#awaiting.push(() => resume(Effect.void))
  })

  /** Ends all that is under way on it, as when the power goes. */
  crash(): void {
    this.#incarnation++
    for (let i = 0; i < this.#unheard; i++) this.#counts.add("write-unheard")
    this.#unheard = 0
    let isKept = true
    for (const batch of this.#unsynced) {
      // A journal is cut at one place: nothing is there without what was written before it.
      isKept &&= this.#prng.nextInt(2) === 0
      this.#counts.add(isKept ? "write-kept" : "write-lost")
      if (isKept) Effect.runSync(this.#durable.write(batch))
    }
    this.#unsynced.clear()
  }

  /** The disk as the node sees it that starts on it now, until the next crash. */
  open(): RawStorageService {
    const incarnation = this.#incarnation
    const isUp = () => this.#incarnation === incarnation
    const whileUp = <A>(operation: string, effect: () => Effect.Effect<A, StorageError>) =>
      Effect.suspend(() => (isUp() ? effect() : Effect.fail(crashed(operation))))
    const durable = this.#durable
    return {
      blocks: (space, options) => whileUp("list", () => durable.blocks(space, options)),
      get: (key) => whileUp("read", () => Effect.tap(durable.get(key), (value) => this.#check(key, value))),
      getMany: (keys) =>
        whileUp("read", () =>
          Effect.tap(durable.getMany(keys), (values) => this.#checkAny(values.map((value, i) => [keys[i]!, value])))
        ),
      range: (range) =>
        whileUp("read", () =>
          Effect.tap(durable.range(range), (records) => this.#checkAny(records.map(({ key, value }) => [key, value])))
        ),
      write: (batch) => whileUp("write", () => withVirtualClock((clock) => this.#write(clock, batch, isUp)))
    }
  }

  /** By calls of the clock: a write by fibers that sleep costs several times as much. */
  #write(
    clock: VirtualClock,
    batch: ReadonlyArray<StorageWrite>,
    isUp: () => boolean
  ): Effect.Effect<void, StorageError> {
    if (this.#falls(this.weather.refusedShare)) {
      this.#counts.add("write-refused")
      return Effect.fail(new StorageUnavailable({ operation: "write", reason: "the disk is full" }))
    }
    const inPart = (then: () => void) =>
      clock.at(clock.nowMillis + (this.#prng.nextFloat() * this.weather.writeMillis) / 2, then)
    return Effect.async<void, StorageError>((resume) => {
      const sync = () => {
        if (!isUp()) return resume(Effect.fail(crashed("write")))
        const written = Effect.runSyncExit(this.#durable.write(batch))
        if (Exit.isFailure(written)) return resume(written)
        this.#unsynced.delete(batch)
        this.#unheard++
        inPart(done)
      }
      const done = () => {
        if (!isUp()) return resume(Effect.fail(crashed("write")))
        this.#unheard--
        resume(Effect.void)
      }
      this.#unsynced.add(batch)
      for (const awaiting of this.#awaiting.splice(0)) awaiting()
      inPart(sync)
    }).pipe(Effect.uninterruptible)
  }

  #falls(share: number): boolean {
    return share > 0 && this.#prng.nextFloat() < share
  }

  #checkAny(records: ReadonlyArray<readonly [StorageKey, string | undefined]>): Effect.Effect<void, CorruptRecord> {
    const [key, value] = records.length === 0 || this.weather.corruptShare === 0 ? [] : this.#prng.pick(records)
    return key === undefined ? Effect.void : this.#check(key, value)
  }

  /** Now and then flips a bit of what lies on the disk, and looks at it as a store does. */
  #check(key: StorageKey, value: string | undefined): Effect.Effect<void, CorruptRecord> {
    if (value === undefined || !this.#falls(this.weather.corruptShare)) return Effect.void
    const encoded = StorageKeyCodec.encode(key)
    const sealed = Envelope.seal(encoded, value, crc32)
    const at = this.#prng.nextInt(sealed.length)
    const flipped = String.fromCharCode(sealed.charCodeAt(at) ^ (1 << this.#prng.nextInt(BITS)))
    const opened = Envelope.open(encoded, sealed.slice(0, at) + flipped + sealed.slice(at + 1), crc32)
    if (!("corrupt" in opened)) return Effect.die(new Error(`A flipped bit of ${encoded} was not noticed`))
    this.#counts.add("corrupt-read")
    return new CorruptRecord({ key: key.join("/"), reason: opened.corrupt })
  }
}

/** Of a character of what lies on the disk. */
const BITS = 7
