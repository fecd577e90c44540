import { StorageUnavailable } from "../../schemas/Errors.ts"

/** What went wrong, as the platform or the database below says it. */
export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Whether a file could not be opened because there is none. */
export const isAbsent = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ENOENT"

/** Turns what was thrown during an operation, such as "read", into a typed error. */
export const unavailable =
  (operation: string) =>
  (cause: unknown): StorageUnavailable =>
    new StorageUnavailable({ operation, reason: reasonOf(cause) })
