import * as Effect from "effect/Effect"
import { CorruptBlock, LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { BlockFault, type BlockReader } from "./BlockStore.ts"

/** Blocks of which some are in memory, and the rest can be loaded. */
export interface BlockSource<E> extends BlockReader {
  /** Brings blocks into memory, where they stay until `settle`. */
  readonly load: (ids: ReadonlyArray<BlockId>) => Effect.Effect<void, E>
  /** Lets go of what was loaded for the procedure that has just ended. */
  readonly settle: () => void
}

/** How a procedure goes on after loading, when other fibers may have had their turn. */
export type Resume = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** A procedure that still faults after this many loads does not end: a broken invariant, not an error. */
const MAX_FAULTS = 1_000_000

/**
 * Runs a plain procedure over a source: where a block is not in memory, loads it and starts the procedure again. What it
 * changes must therefore be undone when it throws (`atomically`). What a procedure throws on purpose becomes the error.
 */
export const runProcedure = <A, E>(
  source: BlockSource<E>,
  procedure: () => A,
  resume: Resume = (effect) => effect
): Effect.Effect<A, E | CorruptBlock | LimitExceeded> => {
  let faults = 0
  const attempt = (): Effect.Effect<A, E | CorruptBlock | LimitExceeded> => {
    let result: A
    try {
      result = procedure()
    } catch (thrown) {
      if (thrown instanceof BlockFault && faults++ < MAX_FAULTS) {
        return Effect.flatMap(source.load(thrown.ids), () => resume(Effect.suspend(attempt)))
      }
      source.settle()
      if (thrown instanceof CorruptBlock || thrown instanceof LimitExceeded) return Effect.fail(thrown)
      throw thrown
    }
    source.settle()
    return Effect.succeed(result)
  }
  return Effect.suspend(attempt)
}
