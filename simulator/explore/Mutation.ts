/**
 * Deliberate mistakes. An explorer that has never found anything may be blind: so each rule that looks fussy is left out once, and
 * what comes of it must be found. A mistake is a change of the built code, so that the code itself knows nothing of it.
 */
import type { Configuration } from "./Configuration.ts"

/** A text that stands once in a file of the build, and what stands there instead. */
export interface Replacement {
  /** From the folder of the build. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A mistake, and a small world in which it shows. */
export interface Mutation {
  readonly name: string
  readonly configuration: Configuration
  readonly replacements: readonly [Replacement, ...ReadonlyArray<Replacement>]
}

/** The text with the mistake in it. Dies where the place is not found, or is not the only one: a mistake that is not made is found by nobody. */
export const mutated = (text: string, { file, find, replace }: Replacement): string => {
  const [before, after, ...others] = text.split(find)
  if (after === undefined || others.length > 0) {
    throw new Error(`${after === undefined ? "nothing" : "more than one place"} in ${file} reads: ${find}`)
  }
  return `${before}${replace}${after}`
}
