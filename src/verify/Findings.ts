import * as Effect from "effect/Effect"
import type { CollectionError } from "../collection/Collection.ts"

/** Something that is wrong, and where: the block, and the revision if it is about one. */
export interface VerifyProblem {
  /** `log`: links and entries. `proof`: manifests and signatures. `content`: blocks as stored. `structure`: the data. */
  readonly kind: "log" | "proof" | "content" | "structure"
  readonly block: string
  readonly rev?: number
  readonly reason: string
}

/** Where something is wrong. */
export type Culprit = Omit<VerifyProblem, "reason">

/** What a check has found and counted so far. */
export class Findings {
  readonly problems: Array<VerifyProblem> = []
  revisions = 0
  blockRevisions = 0
  pruned = 0
  structureBlocks = 0
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Whether enough was found. */
  get isFull(): boolean {
    return this.problems.length >= this.#most
  }

  /** Notes what is wrong, if anything is. */
  note(culprit: Culprit, reason: string | undefined): void {
    if (reason !== undefined && !this.isFull) this.problems.push({ ...culprit, reason })
  }

  /**
   * Runs a part of a check. What of it cannot be read, for it is corrupt or absent, is a problem too, and gives undefined; so
   * does what is no longer kept, which is none. Storage that does not answer ends the check.
   */
  attempt<A>(culprit: Culprit, part: Effect.Effect<A, CollectionError>): Effect.Effect<A | undefined, CollectionError> {
    return Effect.catchAll(part, (error): Effect.Effect<undefined, CollectionError> => {
      switch (error._tag) {
        case "RevisionPruned":
          this.pruned += 1
          return Effect.succeed(undefined)
        case "CorruptBlock":
        case "BlockUnavailable":
          this.note({ ...culprit, block: error.block }, error.reason)
          return Effect.succeed(undefined)
        case "CorruptRecord":
          this.note(culprit, error.message)
          return Effect.succeed(undefined)
        default:
          return Effect.fail(error)
      }
    })
  }
}
