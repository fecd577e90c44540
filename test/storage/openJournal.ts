/** Opens journals over a disk and an index in memory. */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { Journal, type JournalOptions } from "../../layers/storage/journal/Journal.ts"
import * as JournalReplay from "../../layers/storage/journal/JournalReplay.ts"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import type { MemoryJournalFiles } from "./MemoryJournalFiles.ts"
import type { MemoryJournalIndex } from "./MemoryJournalIndex.ts"

const DIRECTORY = "store"
export const SEGMENT_BYTES = 1024

export const OPTIONS: JournalOptions = {
  bufferBytes: 512,
  firstRetryMillis: 1,
  lastRetryMillis: 4,
  lingerMillis: 1,
  segment: { maxFrames: 16, sizeBytes: SEGMENT_BYTES },
  stepOperations: 8
}

export const put = (key: string, value: string): JournalOperation => ({ key, value })

/** A journal over a disk and an index, opened as a store opens it. */
export const open = async (files: MemoryJournalFiles, index: MemoryJournalIndex, options = OPTIONS) => {
  const { checkpoint, last, remains } = await Effect.runPromise(
    JournalReplay.recover({
      account: Effect.sync(() => ({ begun: 0, runs: index.runs })),
      checkpoint: index.checkpoint,
      directory: DIRECTORY,
      files,
      index
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )
  const warnings: Array<string> = []
  const warn = (message: string) => warnings.push(message)
  const journal = await Journal.open({ checkpoint, directory: DIRECTORY, files, index, warn }, remains, options)
  return { journal, last, warnings }
}

/** The same, once the index holds what the journal held. */
export const openSettled = async (files: MemoryJournalFiles, index: MemoryJournalIndex) => {
  const opened = await open(files, index)
  await opened.journal.indexer.settled()
  return opened
}

/** What a reader of the journal and its index sees. */
export const seen = (journal: Journal, index: MemoryJournalIndex, key: string): string | undefined => {
  const unindexed = journal.indexer.get(key)
  return unindexed === undefined ? index.state.get(key) : unindexed.value
}
