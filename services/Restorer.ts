import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Block } from "../schemas/Block.ts"
import type { BlockUnavailable } from "../schemas/Errors.ts"
import type { BlockId } from "../schemas/Ids.ts"
import type { Revision } from "../schemas/Revision.ts"

/** Where to get the content of a revision that this node knows of, but does not hold. */
export interface RestorerService {
  /** The block at a revision, or none. Whoever asks checks the content against `revision.after`. */
  readonly restore: (block: BlockId, revision: Revision) => Effect.Effect<Option.Option<Block>, BlockUnavailable>
}

/** The port for restoration: archives, other members. */
export class Restorer extends Context.Tag("optimystic/Restorer")<Restorer, RestorerService>() {}
