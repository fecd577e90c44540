/**
 * Every error that can cross a wire or a disk, grouped by what its receiver can do about it. Block ids in them are any
 * text: a corrupt reference must not keep its own report from being made.
 */
import { toStringUnknown } from "effect/Inspectable"
import * as Schema from "effect/Schema"
import { CollectionId, PeerId } from "./Ids.ts"
import { TransactionRef } from "./Manifest.ts"

/** Any key, for people. */
const described = (key: unknown): string => (typeof key === "string" ? JSON.stringify(key) : toStringUnknown(key, 0))

// ── Retry: the same again may succeed ────────────────────────────────────────────────────────────────────────────────

/** Another transaction got there first; raised once the retry policy is used up. */
export class Conflict extends Schema.TaggedError<Conflict>("optimystic/Conflict")("Conflict", {
  attempts: Schema.Int,
  collections: Schema.Array(CollectionId)
}) {
  override get message() {
    return `Lost to concurrent transactions ${this.attempts} time(s) on ${this.collections.join(", ") || "a collection"}; retry, or allow more retries`
  }
}

/**
 * The storage below did not take or give something: a full disk, an I/O error. A write that failed so left nothing, unless it
 * `mayHaveLanded`: then it is found whole or not at all when the store is opened again.
 */
export class StorageUnavailable extends Schema.TaggedError<StorageUnavailable>("optimystic/StorageUnavailable")(
  "StorageUnavailable",
  {
    mayHaveLanded: Schema.optionalWith(Schema.Boolean, { default: () => false }),
    operation: Schema.String,
    reason: Schema.String
  }
) {
  override get message() {
    const open = this.mayHaveLanded ? "; whether it landed shows when the store is opened again" : ""
    return `Storage cannot ${this.operation}: ${this.reason}${open}`
  }
}

/** Another process has the directory open. */
export class StorageLocked extends Schema.TaggedError<StorageLocked>("optimystic/StorageLocked")("StorageLocked", {
  directory: Schema.String
}) {
  override get message() {
    return `${this.directory} is in use by another process; one process at a time may open it`
  }
}

/** A mailbox or a limit of concurrent work is full; try again later. */
export class Busy extends Schema.TaggedError<Busy>("optimystic/Busy")("Busy", { what: Schema.String }) {
  override get message() {
    return `${this.what} is busy`
  }
}

/** A peer does not answer: it is not connected, the connection broke, or its time is up. */
export class PeerUnreachable extends Schema.TaggedError<PeerUnreachable>("optimystic/PeerUnreachable")(
  "PeerUnreachable",
  { peer: PeerId, reason: Schema.String }
) {
  override get message() {
    return `Peer ${this.peer} does not answer: ${this.reason}`
  }
}

/** A peer sent something that no peer may send. */
export class PeerMisbehaved extends Schema.TaggedError<PeerMisbehaved>("optimystic/PeerMisbehaved")("PeerMisbehaved", {
  peer: PeerId,
  reason: Schema.String
}) {
  override get message() {
    return `Peer ${this.peer} misbehaved: ${this.reason}`
  }
}

/** Too few members of a cluster answered to decide anything. */
export class QuorumUnavailable extends Schema.TaggedError<QuorumUnavailable>("optimystic/QuorumUnavailable")(
  "QuorumUnavailable",
  { answered: Schema.Array(PeerId), need: Schema.Int, silent: Schema.Array(PeerId) }
) {
  override get message() {
    return `${this.need} members must answer; ${this.answered.length} did, not ${this.silent.join(", ") || "enough"}`
  }
}

/** The network is too small, as far as it is known here: a new collection could not be kept by as many peers as it must. */
export class NotEnoughPeers extends Schema.TaggedError<NotEnoughPeers>("optimystic/NotEnoughPeers")("NotEnoughPeers", {
  known: Schema.Int,
  need: Schema.Int
}) {
  override get message() {
    return `A collection needs ${this.need} peers to keep it; ${this.known} are known`
  }
}

// ── Ask again: the outcome is not known ──────────────────────────────────────────────────────────────────────────────

/** The answer to a commit was lost: it may or may not have happened. `Transaction.outcome(ref)` finds out. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>("optimystic/OutcomeUnknown")("OutcomeUnknown", {
  reason: Schema.String,
  ref: TransactionRef
}) {
  override get message() {
    return `The outcome of ${this.ref.actionId} is unknown: ${this.reason}`
  }
}

// ── Give up: the request itself must change ──────────────────────────────────────────────────────────────────────────

/** No collection of this name. `openOrCreate` would make it. */
export class CollectionNotFound extends Schema.TaggedError<CollectionNotFound>("optimystic/CollectionNotFound")(
  "CollectionNotFound",
  { name: Schema.String }
) {
  override get message() {
    return `No collection is named ${JSON.stringify(this.name)}; openOrCreate makes it`
  }
}

/** The collection exists, but was created as something else. */
export class CollectionMismatch extends Schema.TaggedError<CollectionMismatch>("optimystic/CollectionMismatch")(
  "CollectionMismatch",
  { name: Schema.String, property: Schema.String, expected: Schema.String, found: Schema.String }
) {
  override get message() {
    return `Collection ${JSON.stringify(this.name)} has ${this.property} ${this.found}, not ${this.expected}`
  }
}

/** The store exists, but was made as something else. */
export class StoreMismatch extends Schema.TaggedError<StoreMismatch>("optimystic/StoreMismatch")("StoreMismatch", {
  directory: Schema.String,
  property: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `Store ${this.directory} has ${this.property} ${this.found}, not ${this.expected}; open it as what it is`
  }
}

/** `modify` of a key that has no entry. */
export class EntryNotFound extends Schema.TaggedError<EntryNotFound>("optimystic/EntryNotFound")("EntryNotFound", {
  collection: Schema.String,
  key: Schema.Unknown
}) {
  override get message() {
    return `${JSON.stringify(this.collection)} has no entry with key ${described(this.key)}`
  }
}

/** User data that does not fit the collection's schema, with the key it came from where there is one. */
export class DecodeError extends Schema.TaggedError<DecodeError>("optimystic/DecodeError")("DecodeError", {
  collection: Schema.String,
  key: Schema.Unknown,
  reason: Schema.String
}) {
  override get message() {
    return `Entry ${described(this.key)} of ${JSON.stringify(this.collection)} does not fit its schema: ${this.reason}`
  }
}

/** A request that breaks a rule, and would break it every time. */
export class Invalid extends Schema.TaggedError<Invalid>("optimystic/Invalid")("Invalid", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** Something is larger, or more, than a documented limit allows. */
export class LimitExceeded extends Schema.TaggedError<LimitExceeded>("optimystic/LimitExceeded")("LimitExceeded", {
  what: Schema.String,
  limit: Schema.Number,
  actual: Schema.Number
}) {
  override get message() {
    return `${this.what} is ${this.actual}; the limit is ${this.limit}`
  }
}

/** The signer has no authority over what it wants to write. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("optimystic/Unauthorized")("Unauthorized", {
  collection: CollectionId,
  reason: Schema.String
}) {
  override get message() {
    return `Not authorized to write ${this.collection}: ${this.reason}`
  }
}

/** A revision that a collection does not have, or does not have yet. */
export class RevisionNotFound extends Schema.TaggedError<RevisionNotFound>("optimystic/RevisionNotFound")(
  "RevisionNotFound",
  { collection: Schema.String, latest: Schema.Number, rev: Schema.Number }
) {
  override get message() {
    return `${JSON.stringify(this.collection)} has no revision ${this.rev}; its revisions are 1 to ${this.latest}`
  }
}

/** A revision that existed, but is no longer kept here. */
export class RevisionPruned extends Schema.TaggedError<RevisionPruned>("optimystic/RevisionPruned")("RevisionPruned", {
  block: Schema.String,
  rev: Schema.Number
}) {
  override get message() {
    return `Revision ${this.rev} of block ${this.block} is no longer kept`
  }
}

/** A block that should exist, but that nobody asked could give. */
export class BlockUnavailable extends Schema.TaggedError<BlockUnavailable>("optimystic/BlockUnavailable")(
  "BlockUnavailable",
  { block: Schema.String, reason: Schema.String }
) {
  override get message() {
    return `Block ${this.block} is unavailable: ${this.reason}`
  }
}

// ── Call for help: what is stored is not what was written ────────────────────────────────────────────────────────────

/** A stored record fails its checksum, cannot be read, or is missing where another refers to it. */
export class CorruptRecord extends Schema.TaggedError<CorruptRecord>("optimystic/CorruptRecord")("CorruptRecord", {
  key: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `Stored record ${this.key} is corrupt: ${this.reason}`
  }
}

/** A block whose content is not what its revision or its type says. */
export class CorruptBlock extends Schema.TaggedError<CorruptBlock>("optimystic/CorruptBlock")("CorruptBlock", {
  block: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `Block ${this.block} is corrupt: ${this.reason}`
  }
}

/** A store as a whole cannot be trusted: batches are missing, or it is of another format. */
export class CorruptStore extends Schema.TaggedError<CorruptStore>("optimystic/CorruptStore")("CorruptStore", {
  directory: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `Store ${this.directory} cannot be opened: ${this.reason}`
  }
}

/** What any storage call may fail with. */
export type StorageError = StorageUnavailable | CorruptRecord
/** What opening a store may fail with. */
export type OpenError = StorageError | StorageLocked | StoreMismatch | CorruptStore
