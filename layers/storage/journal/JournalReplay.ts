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

/** Batches that are applied to the index in one step. */
const STEP_BATCHES = 64

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

/** Brings a journal that was left behind into its index, removes it, and gives the checkpoint from which to go on. */
export const replay = Effect.fn("JournalReplay.replay")(function* <E>({
  account,
  checkpoint,
  directory,
  files,
  index
}: JournalLeft<E>): Effect.fn.Return<Checkpoint, E | OpenError> {
  const paths = Journal.paths(directory)
  const announced = yield* attempt(() => Journal.readFiles(files, paths.slice(0, checkpoint.segments)))
  const others = yield* attempt(() => Journal.readFiles(files, paths.slice(checkpoint.segments)))
  const refusal = refusalOf(checkpoint, announced)
  if (refusal !== undefined) {
    const reason = `it was not closed, and ${refusal}: batches after ${checkpoint.sequence} may be missing`
    return yield* new CorruptStore({ directory, reason })
  }
  const present = [...announced, ...others]
  if (present.length === 0) return checkpoint

  const recovery = JournalRecovery.recover({
    checkpoint: checkpoint.sequence,
    index: yield* account,
    scan: JournalScan.scan(present, Checksum.ofBytes)
  })
  if (recovery._tag === "Lost") {
    return yield* new CorruptStore({ directory, reason: BatchSequence.describeMissing(recovery.missing) })
  }
  const { batches, last, torn } = recovery
  if (torn !== undefined) {
    yield* Effect.logWarning(
      `${directory}: batch ${torn} is dropped, it was being written when the store was last open`
    )
  }
  const recovered: Checkpoint = { segments: 0, sequence: last }
  yield* attempt(async () => {
    for (let start = 0; start < batches.length; start += STEP_BATCHES) {
      const step = batches.slice(start, start + STEP_BATCHES)
      const run = { first: step[0]![0], last: step.at(-1)![0] }
      await applyTo(index, latestOperations(step.map(([, operations]) => ({ operations }))), run)
    }
    // First durable, then said to be; and that, too, before the files are gone.
    await index.flush()
    await index.setCheckpoint(recovered)
    await index.flush()
    for (const path of paths) await files.remove(path)
  })
  return recovered
})
