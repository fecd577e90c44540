import * as Effect from "effect/Effect"
import type { StorageError } from "../../schemas/Errors.ts"
import type { RawStorageService, Space } from "../../services/RawStorage.ts"

/** Ids that are read in one go. */
const PAGE = 1_000

/** Visits all blocks of a space, in order, a page at a time. */
export const visitBlocks = Effect.fnUntraced(function* <E>(
  raw: RawStorageService,
  space: Space,
  visit: (block: string) => Effect.Effect<void, E>
): Effect.fn.Return<void, StorageError | E> {
  let after: string | undefined
  for (;;) {
    const blocks: ReadonlyArray<string> = yield* raw.blocks(space, {
      limit: PAGE,
      ...(after !== undefined && { after })
    })
    for (const block of blocks) yield* visit(block)
    after = blocks.at(-1)
    if (blocks.length < PAGE) return
  }
})
