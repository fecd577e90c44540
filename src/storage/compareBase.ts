import type { Base } from "../../schemas/Manifest.ts"
import type { BlockState } from "./BlockState.ts"

/** How a base stands to what is stored: older, newer, or of the same revision with another content. */
export type BaseProblem = "stale" | "behind" | "diverged"

/**
 * Why a base is not the latest revision of a block: it is `stale`; it is newer than what is here, which is `behind`; or it
 * has `diverged`. A tombstone is never a base, and its id never unused again. Protocol §2.
 */
export const compareBase = (state: BlockState | undefined, base: Base): BaseProblem | undefined => {
  if (state === undefined) return base === "none" ? undefined : "behind"
  if (base === "none") return "stale"
  const { after, rev } = state.latest
  if (base.rev !== rev) return base.rev < rev ? "stale" : "behind"
  return base.hash === after ? undefined : "diverged"
}
