import * as Effect from "effect/Effect"
import type { StorageError } from "../../schemas/Errors.ts"
import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { RawStorageService, StorageRecord } from "../../services/RawStorage.ts"
import { parse } from "./BlockStorage.ts"
import { LockTable } from "./Overlay.ts"
import type { LockRecord } from "./records.ts"
import { visitBlocks } from "./visitBlocks.ts"

/** Records that are read in one go. */
const PAGE = 1_000

/** The text that follows another in the order of names. */
const nextName = (name: string): string => `${name}\u0000`

const loadLocksOn = Effect.fnUntraced(function* (raw: RawStorageService, block: BlockId, table: LockTable) {
  let from = ""
  for (;;) {
    const range = { block, from, kind: "", limit: PAGE, space: "lock" } as const
    const records: ReadonlyArray<StorageRecord> = yield* raw.range(range)
    for (const { key, value } of records) {
      const { mode } = yield* parse<LockRecord>(key, value)
      table.add(block, { holder: key[3] as ActionId, mode })
    }
    if (records.length < PAGE) return
    from = nextName(String(records.at(-1)!.key[3]))
  }
})

/** The locks that were durable when the store was closed, or its process died. */
export const loadLocks = Effect.fn("loadLocks")(function* (
  raw: RawStorageService
): Effect.fn.Return<LockTable, StorageError> {
  const table = new LockTable()
  yield* visitBlocks(raw, "lock", (block) => loadLocksOn(raw, block as BlockId, table))
  return table
})
