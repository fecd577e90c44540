/** The records of active peers in the store of a node: it counts them from its start on, those too that are away. Decision 33. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { PeerRecord, type ToldRecord } from "../../schemas/Directory.ts"
import type { StorageError } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { Directory } from "../../services/Directory.ts"
import {
  RawStorage,
  type RawStorageService,
  type StorageKey,
  type StorageRecord,
  type StorageWrite
} from "../../services/RawStorage.ts"

const KIND = { block: "", kind: "peer", space: "store" } as const
const keyOf = (peer: PeerId): StorageKey => [KIND.space, KIND.block, KIND.kind, peer]

/** A record, and when there was last a sign of its peer, by this node's clock, in milliseconds. */
const Recalled = Schema.Struct({ record: PeerRecord, seenMillis: Schema.Number })
const decode = Schema.decodeUnknownOption(Schema.parseJson(Recalled))

/** Records that are read, or written, in one go. */
const PAGE = 256
/** What is new is written so often, at most: one sync for all that came meanwhile. */
const WRITE_MILLIS = 1_000
/** A record is written anew for a sign of its peer after so much of its lifetime. */
const RENEWED_SHARE = 0.125

/** What a node knew when it last ran. What cannot be read is nothing that it knows. */
export const recalled = (raw: RawStorageService): Effect.Effect<ReadonlyArray<ToldRecord>, StorageError> =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const told: Array<ToldRecord> = []
    let from = ""
    for (;;) {
      const page: ReadonlyArray<StorageRecord> = yield* raw.range({ ...KIND, from, limit: PAGE })
      for (const { value } of page) {
        const one = Option.getOrUndefined(decode(value))
        // A clock that was set back does not make a record younger than new.
        if (one !== undefined) told.push({ record: one.record, silentMillis: Math.max(0, nowMillis - one.seenMillis) })
      }
      if (page.length < PAGE) return told
      from = `${page.at(-1)!.key[3]}\u0000`
    }
  })

const make = Effect.gen(function* () {
  const directory = yield* Directory
  const raw = yield* RawStorage
  /** What is written of whom. */
  const written = new Map<PeerId, typeof Recalled.Type>()
  for (const { record, silentMillis } of yield* recalled(raw)) {
    written.set(record.peer, { record, seenMillis: (yield* Clock.currentTimeMillis) - silentMillis })
  }

  const due = (nowMillis: number): ReadonlyArray<readonly [PeerId, typeof Recalled.Type | undefined]> => {
    const changed: Array<readonly [PeerId, typeof Recalled.Type | undefined]> = []
    const left = new Set(written.keys())
    for (const { isReachable, record } of directory.known()) {
      if (!record.active || record.peer === directory.self) continue
      left.delete(record.peer)
      const before = written.get(record.peer)
      const isOld =
        before !== undefined && isReachable && nowMillis - before.seenMillis > record.lifetimeMillis * RENEWED_SHARE
      if (before?.record.signature === record.signature && !isOld) continue
      changed.push([record.peer, { record, seenMillis: nowMillis }])
    }
    for (const peer of left) changed.push([peer, undefined])
    return changed.slice(0, PAGE)
  }

  const write = Effect.gen(function* () {
    const changed = due(yield* Clock.currentTimeMillis)
    if (changed.length === 0) return
    const writes = changed.map(
      ([peer, one]): StorageWrite =>
        one === undefined
          ? { key: keyOf(peer), type: "delete" }
          : { key: keyOf(peer), type: "put", value: JSON.stringify(one) }
    )
    yield* raw.write(writes)
    for (const [peer, one] of changed) {
      if (one === undefined) written.delete(peer)
      else written.set(peer, one)
    }
  }).pipe(
    Effect.catchAll((error) => Effect.logWarning("Who is in the network was not written down", error)),
    Effect.zipRight(Effect.sleep(Duration.millis(WRITE_MILLIS)))
  )
  yield* Effect.forkScoped(Effect.forever(write))
})

/** Writes down who is active, as the directory comes to know it. */
export const layer: Layer.Layer<never, StorageError, Directory | RawStorage> = Layer.scopedDiscard(make)
