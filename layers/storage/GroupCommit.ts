import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { StorageUnavailable } from "../../schemas/Errors.ts"
import { reasonOf } from "./StorageFailure.ts"

/** How a {@link GroupCommit} writes, and how much it takes at once. */
export interface GroupCommitOptions<Operation> {
  /** Writes operations as one durable batch, with its number in the sequence of batches. */
  readonly commit: (operations: ReadonlyArray<Operation>, sequence: number) => Promise<void>
  /** The number of the last batch written. */
  readonly last: number
  /** Whether nothing of a batch that failed with this can have landed, so that writing may go on. */
  readonly isUndone: (cause: unknown) => boolean
  /** A group takes no further write once it has this many operations. */
  readonly maxGroupOperations: number
  /** The sizes of its operations in sum are at most this, unless it is of a single write. */
  readonly maxGroupSize: number
  readonly sizeOf: (operation: Operation) => number
  /** Writes beyond this many waiting ones are refused. */
  readonly maxWaitingWrites: number
}

/** One write at a time; what arrives meanwhile goes out together, as one batch with one sync. */
export interface GroupCommit<Operation> {
  /**
   * Writes operations, whole or not at all. Once interrupted it is over: either it never began, or it is done. After a
   * failure that could not be undone, which says that it `mayHaveLanded`, every further write fails too: nothing may be put
   * behind that.
   */
  readonly write: (operations: ReadonlyArray<Operation>) => Effect.Effect<void, StorageUnavailable>
  /** Refuses further writes, lets accepted ones finish, and gives the number of the last batch written. */
  readonly close: Effect.Effect<number>
}

interface WaitingWrite<Operation> {
  readonly operations: ReadonlyArray<Operation>
  readonly done: (exit: Exit.Exit<void, StorageUnavailable>) => void
}

const refused = (reason: string, mayHaveLanded = false) =>
  new StorageUnavailable({ mayHaveLanded, operation: "write", reason })

/** A group commit over a durable batch write. */
export const make = <Operation>(options: GroupCommitOptions<Operation>): GroupCommit<Operation> => {
  const waiting: Array<WaitingWrite<Operation>> = []
  let last = options.last
  let refusal: string | undefined
  let running: Promise<void> | undefined
  let groupInFlight = Promise.resolve()

  const takeGroup = (): ReadonlyArray<WaitingWrite<Operation>> => {
    let operations = 0
    let size = 0
    let count = 0
    while (count < waiting.length && operations < options.maxGroupOperations) {
      const next = waiting[count]!.operations
      size = next.reduce((sum, operation) => sum + options.sizeOf(operation), size)
      if (count > 0 && size > options.maxGroupSize) break
      operations += next.length
      count += 1
    }
    return waiting.splice(0, count)
  }

  const commitGroup = async (group: ReadonlyArray<WaitingWrite<Operation>>): Promise<void> => {
    try {
      const [first, ...others] = group
      const operations = others.length === 0 ? first!.operations : group.flatMap((write) => write.operations)
      await options.commit(operations, last + 1)
      last += 1
      for (const write of group) write.done(Exit.void)
    } catch (cause) {
      const isUndone = options.isUndone(cause)
      for (const write of group) write.done(Exit.fail(refused(reasonOf(cause), !isUndone)))
      if (isUndone) return
      refusal = `an earlier write failed (${reasonOf(cause)}); the store must be opened again`
      for (const write of waiting.splice(0)) write.done(Exit.fail(refused(refusal)))
    }
  }

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      groupInFlight = commitGroup(takeGroup())
      await groupInFlight
    }
    running = undefined
  }

  const write = (operations: ReadonlyArray<Operation>) =>
    Effect.async<void, StorageUnavailable>((resume) => {
      if (refusal !== undefined) return resume(refused(refusal))
      if (waiting.length >= options.maxWaitingWrites) return resume(refused(`${waiting.length} writes are waiting`))
      const waitingWrite = { operations, done: resume }
      waiting.push(waitingWrite)
      running ??= run()
      return Effect.suspend(() => {
        const place = waiting.indexOf(waitingWrite)
        if (place < 0) return Effect.promise(() => groupInFlight)
        waiting.splice(place, 1)
        return Effect.void
      })
    })

  const close = Effect.promise(async () => {
    refusal ??= "the store is closed"
    await running
    return last
  })

  return { write, close }
}
