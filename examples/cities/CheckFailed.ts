import { Data } from "effect"

/** The database does not hold what was put into it. */
export class CheckFailed extends Data.TaggedError("CheckFailed")<{ readonly message: string }> {}
