import * as Effect from "effect/Effect"
import { CorruptBlock, Invalid, LimitExceeded, NotEnoughPeers } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { BlockFault, type BlockReader } from "./BlockStore.ts"

/** Blocks of which some are in memory, and the rest can be loaded. */
export interface BlockSource<E> extends BlockReader {
  /** Brings blocks into memory, where they stay until `settle`. */
  readonly load: (ids: ReadonlyArray<BlockId>) => Effect.Effect<void, E>
  /** Lets go of what was loaded for the procedure that has just ended. */
  readonly settle: () => void
}

/** A procedure that still faults after this many loads does not end: a broken invariant, not an error. */
const MAX_FAULTS = 1_000_000

const isExpected = (thrown: unknown): thrown is ProcedureFailure =>
  thrown instanceof CorruptBlock ||
  thrown instanceof Invalid ||
  thrown instanceof LimitExceeded ||
  thrown instanceof NotEnoughPeers

/** What a procedure may fail with by itself. */
export type ProcedureFailure = CorruptBlock | Invalid | LimitExceeded | NotEnoughPeers

/** Runs a procedure at once: its outcome, or the fault where a block is not in memory. */
export const tryProcedure = <A, E>(
  source: BlockSource<E>,
  procedure: () => A
): Effect.Effect<A, ProcedureFailure> | BlockFault => {
  let result: A
  try {
    result = procedure()
  } catch (thrown) {
    if (thrown instanceof BlockFault) return thrown
    source.settle()
    if (isExpected(thrown)) return Effect.fail(thrown)
    throw thrown
  }
  source.settle()
  return Effect.succeed(result)
}

/**
 * Runs a plain procedure over a source: where a block is not in memory, loads it and starts the procedure again. What it
 * changes must therefore be undone when it throws (`atomically`). What a procedure throws on purpose becomes the error.
 */
export const runProcedure = <A, E>(
  source: BlockSource<E>,
  procedure: () => A
): Effect.Effect<A, E | ProcedureFailure> => {
  let faults = 0
  const attempt = (): Effect.Effect<A, E | ProcedureFailure> => {
    const outcome = tryProcedure(source, procedure)
    if (!(outcome instanceof BlockFault)) return outcome
    if (faults++ === MAX_FAULTS) return Effect.dieMessage("a procedure that never ends")
    return Effect.flatMap(source.load(outcome.ids), attempt)
  }
  return Effect.suspend(attempt)
}
