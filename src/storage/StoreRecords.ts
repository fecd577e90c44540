/** The records that a store keeps about itself: its format, how far its index is durable, and the numbers of its batches. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageKey } from "../../services/RawStorage.ts"
import * as BatchSequence from "./BatchSequence.ts"
import * as StorageKeyCodec from "./StorageKeyCodec.ts"

/** The format that this program writes, and the newest that it reads. */
export const FORMAT = 1

/** The key of the record that names a store's format. */
export const FORMAT_KEY: StorageKey = ["store", "", "format", ""]

/** The format record of a new store, as JSON text. */
export const formatValue: string = JSON.stringify({ format: FORMAT })

const FormatRecord = Schema.parseJson(Schema.Struct({ format: Schema.Int.pipe(Schema.positive()) }))
const decodeFormat = Schema.decodeUnknownEither(FormatRecord)

/** Why a store with this format record cannot be used, or undefined where it can. */
export const refusal = (value: string): string | undefined => {
  const record = decodeFormat(value)
  if (Either.isLeft(record)) return "its format record cannot be read"
  const { format } = record.right
  return format > FORMAT ? `its format ${format} is newer than this program, which knows format ${FORMAT}` : undefined
}

/** The key of the record that says how far the index of a store is durable. */
export const CHECKPOINT_KEY: StorageKey = ["store", "", "checkpoint", ""]

/** How far the index of a store is durable, and what stands before it. */
export interface Checkpoint {
  /** Batches up to this one are in the index, durably. */
  readonly sequence: number
  /** Journal files that must be there, for they may hold later batches: none after a clean close. */
  readonly segments: number
  /** How long each of them is at least: a shorter one was cut off, and with it perhaps the last batches. */
  readonly segmentBytes?: number
}

const CheckpointRecord = Schema.parseJson(
  Schema.Struct({
    segmentBytes: Schema.optionalWith(Schema.Int.pipe(Schema.positive()), { exact: true }),
    segments: Schema.Int.pipe(Schema.nonNegative()),
    sequence: Schema.Int.pipe(Schema.positive())
  })
)
const decodeCheckpoint = Schema.decodeUnknownOption(CheckpointRecord)

/** A checkpoint record, as JSON text. */
export const checkpointValue = ({ segmentBytes, segments, sequence }: Checkpoint): string =>
  JSON.stringify({ segmentBytes, segments, sequence })

/** The checkpoint in a record, if it is one. */
export const readCheckpoint = (value: string): Checkpoint | undefined => Option.getOrUndefined(decodeCheckpoint(value))

const OWN_KINDS: ReadonlyArray<string> = [FORMAT_KEY[2], CHECKPOINT_KEY[2], BatchSequence.RING.kind]

/** Throws where a user of a store writes a record that is the store's own. */
export const assertNotOwn = (key: StorageKey): void => {
  if (key[0] === FORMAT_KEY[0] && key[1] === FORMAT_KEY[1] && OWN_KINDS.includes(key[2])) {
    throw new TypeError(`Record ${StorageKeyCodec.describe(key)} is the store's own`)
  }
}
