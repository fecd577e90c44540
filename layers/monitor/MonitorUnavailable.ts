import * as Data from "effect/Data"

/** A monitor that could not be started: its port is in use, or its host is none of this machine. */
export class MonitorUnavailable extends Data.TaggedError("MonitorUnavailable")<{
  readonly host: string
  readonly port: number
  readonly reason: string
}> {
  override get message() {
    return `The monitor cannot listen at ${this.host}, port ${this.port}: ${this.reason}`
  }
}
