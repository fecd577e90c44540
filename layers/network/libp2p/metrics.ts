/** What is counted on the wire. */
import * as instruments from "../../monitor/instruments.ts"
import type { WireEvent } from "./WireEvents.ts"

const events = instruments.counterBy<WireEvent>(
  "optimystic_wire_events_total",
  {
    name: "event",
    values: [
      "ConnectionRefused",
      "TooManyConnections",
      "TooManyStreams",
      "WrongIdentity",
      "OtherNetwork",
      "BootstrapFailed",
      "DialFailed",
      "MalformedFrame",
      "FrameTooLarge",
      "HalfFrame",
      "DuplicateQuestion",
      "TooManyQuestions",
      "StalledReader",
      "MalformedQuestion",
      "MalformedAnswer",
      "HandlerDied"
    ]
  },
  "What went wrong with other peers on the wire, by event"
)

const DIRECTION: instruments.Label<"received" | "sent"> = { name: "direction", values: ["received", "sent"] }

/** Bytes of frames, before they are encrypted. */
export const bytes = instruments.counterBy(
  "optimystic_wire_bytes_total",
  DIRECTION,
  "Bytes of questions and answers on the wire, before they are encrypted"
)

/** Frames: questions, answers, and what tells that a question was given up. */
export const messages = instruments.counterBy(
  "optimystic_wire_messages_total",
  DIRECTION,
  "Questions and answers on the wire, and questions that were given up"
)

/** Counts an event. */
export const count = (event: WireEvent): void => events(event, 1)
