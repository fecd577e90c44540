import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { StorageError } from "../schemas/Errors.ts"

/**
 * The spaces of a store, in the order of their keys. Votes, locks, ballots, ended marks, proofs and the cluster index are
 * the cluster member's; in `store`, kinds `format`, `checkpoint` and `sequence` of block `""` are the storage's own. Only
 * append: keys on disk hold the position.
 */
export const SPACES = [
  "store",
  "block",
  "transaction",
  "vote",
  "lock",
  "ballot",
  "ended",
  "proof",
  "cluster-index"
] as const
export type Space = (typeof SPACES)[number]

/**
 * A key: `[space, block, kind, name]`. Ordered part by part: texts by code point, numbers (whole, 0 ≤ n < 2^53; any other is
 * a defect) before texts.
 */
export type StorageKey = readonly [space: Space, block: string, kind: string, name: string | number]

/** A record: its key, and its value as JSON text, without lone surrogates (`JSON.stringify` escapes them). */
export interface StorageRecord {
  readonly key: StorageKey
  readonly value: string
}

/** A change of one record. */
export type StorageWrite =
  | { readonly type: "put"; readonly key: StorageKey; readonly value: string }
  | { readonly type: "delete"; readonly key: StorageKey }

/** A range of names below one `[space, block, kind]`, bounds included. */
export interface StorageRange {
  readonly space: Space
  readonly block: string
  readonly kind: string
  readonly from?: string | number
  readonly to?: string | number
  readonly reverse?: boolean
  /** At most this many records. Required: an answer is never unbounded. */
  readonly limit: number
}

/** An ordered map from keys to JSON texts with an atomic, durable batch write. */
export interface RawStorageService {
  /** The value of a key, or undefined. */
  readonly get: (key: StorageKey) => Effect.Effect<string | undefined, StorageError>
  /** The values of several keys, in the order asked. */
  readonly getMany: (keys: ReadonlyArray<StorageKey>) => Effect.Effect<ReadonlyArray<string | undefined>, StorageError>
  /** The records of a range, in order. */
  readonly range: (range: StorageRange) => Effect.Effect<ReadonlyArray<StorageRecord>, StorageError>
  /** The distinct second parts (`block`) of a space, in order, after `after`, at most `limit`. */
  readonly blocks: (
    space: Space,
    options: { readonly after?: string; readonly limit: number }
  ) => Effect.Effect<ReadonlyArray<string>, StorageError>
  /**
   * Writes a batch: all of it durable when it succeeds, none of it visible when it fails. Later writes of a key win. One that
   * failed with `mayHaveLanded` may yet be found whole when the store is opened again; no other is.
   */
  readonly write: (batch: ReadonlyArray<StorageWrite>) => Effect.Effect<void, StorageError>
}

/** The port for storage. */
export class RawStorage extends Context.Tag("optimystic/RawStorage")<RawStorage, RawStorageService>() {}
