import * as Data from "effect/Data"

/** A node that could not be started: an address that is in use, or not one of this machine. */
export class HostUnavailable extends Data.TaggedError("HostUnavailable")<{ readonly reason: string }> {
  override get message() {
    return `The node cannot be reached by others: ${this.reason}`
  }
}
