import * as Effect from "effect/Effect"
import { CorruptStore, type OpenError, type StorageUnavailable } from "../../../schemas/Errors.ts"
import * as BatchSequence from "../../../src/storage/BatchSequence.ts"
import * as JournalRecovery from "../../../src/storage/JournalRecovery.ts"
import * as JournalScan from "../../../src/storage/JournalScan.ts"
import type { Checkpoint } from "../../../src/storage/StoreRecords.ts"
import * as Checksum from "../Checksum.ts"
import { unavailable } from "../StorageFailure.ts"
import * as Journal from "./Journal.ts"
import type { JournalFilesService } from "./JournalFiles.ts"
import { applyTo, type JournalIndex } from "./JournalIndex.ts"
import { latestOperations } from "./Unindexed.ts"

/** A journal that may have been left behind, and the index that it stood before. */
export interface JournalLeft<E> {
  readonly directory: string
  readonly files: JournalFilesService
  readonly index: JournalIndex
  /** The checkpoint as the index has it. */
  readonly checkpoint: Checkpoint
  /** Reads what the index says of itself. */
  readonly account: Effect.Effect<JournalRecovery.IndexAccount, E>
}

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, StorageUnavailable> =>
  Effect.tryPromise({ try: run, catch: unavailable("bring the journal into the store") })

/** Why files of a journal that must be there cannot be all of it, if so. */
const refusalOf = (
  { segmentBytes = 0, segments }: Checkpoint,
  announced: ReadonlyArray<Uint8Array>
): string | undefined => {
  if (announced.length < segments) {
    return `of the ${segments} file(s) of its journal ${announced.length} are there`
  }
  const short = announced.find((bytes) => bytes.length < segmentBytes)
  return short && `a file of its journal has ${short.length} bytes instead of ${segmentBytes}`
}

/** From where a store goes on. */
export interface Recovered {
  readonly checkpoint: Checkpoint
  /** The number of its last batch. */
  readonly last: number
  /** What its journal still holds for the index. */
  readonly remains: Journal.JournalRemains
}

/** From where a store goes on that has no journal. */
export const closedAt = (checkpoint: Checkpoint): Recovered => ({
  checkpoint,
  last: checkpoint.sequence,
  remains: { batches: [], files: [], indexed: checkpoint.sequence }
})

/**
 * Decides from where to go on with a journal that may have been left behind. One that holds all since the checkpoint stays:
 * the batches that the index lacks follow into it while the store is in use. One of which the index has to prove a part is
 * brought into the index at once, and removed: what the index has since the checkpoint it may yet lose. So is one of which
 * the index has later batches without earlier ones: step by step these would undo what the index says it has.
 */
export const recover = Effect.fn("JournalReplay.recover")(function* <E>({
  account,
  checkpoint,
  directory,
  files,
  index
}: JournalLeft<E>): Effect.fn.Return<Recovered, E | OpenError> {
  const paths = Journal.paths(directory)
  const announced = yield* attempt(() => Journal.readFiles(files, paths.slice(0, checkpoint.segments)))
  const unannounced = yield* attempt(() => Journal.readFiles(files, paths.slice(checkpoint.segments)))
  const refusal = refusalOf(checkpoint, announced)
  if (refusal !== undefined) {
    const reason = `it was not closed, and ${refusal}: batches after ${checkpoint.sequence} may be missing`
    return yield* new CorruptStore({ directory, reason })
  }
  const present = [...announced, ...unannounced]
  if (present.length === 0) return closedAt(checkpoint)

  const scan = JournalScan.scan(present, Checksum.ofBytes)
  const recovery = JournalRecovery.recover({ checkpoint: checkpoint.sequence, index: yield* account, scan })
  if (recovery._tag === "Lost") {
    return yield* new CorruptStore({ directory, reason: BatchSequence.describeMissing(recovery.missing) })
  }
  const { batches, hasGap, held, last, torn } = recovery
  if (torn !== undefined) {
    yield* Effect.logWarning(
      `${directory}: batch ${torn} is dropped, it was being written when the store was last open`
    )
  }
  const remains: Journal.JournalRemains = {
    batches: batches
      .filter(([sequence]) => sequence > held)
      .map(([sequence, operations]) => ({ operations, sequence })),
    files: scan.files.slice(0, checkpoint.segments),
    indexed: held
  }
  const others = scan.files.slice(checkpoint.segments)
  const isWhole = batches.length === last - checkpoint.sequence
  if (isWhole && !hasGap && others.every((file) => file.last <= checkpoint.sequence)) {
    // What was made and not announced, or announced no more and not removed.
    for (const path of paths.slice(checkpoint.segments)) yield* attempt(() => files.remove(path))
    return { checkpoint, last, remains }
  }
  const recovered: Checkpoint = { segments: 0, sequence: last }
  yield* attempt(async () => {
    // In one step: a process that ends before the last batch must leave no older values with what the index says it has.
    const operations = latestOperations(batches.map(([, operations]) => ({ operations })))
    if (batches.length > 0) await applyTo(index, operations, { first: batches[0]![0], last })
    // First durable, then said to be; and that, too, before the files are gone.
    await index.flush()
    await index.setCheckpoint(recovered)
    await index.flush()
    for (const path of paths) await files.remove(path)
  })
  return closedAt(recovered)
})
