/** What the writer of a store counts and measures. */
import * as instruments from "../monitor/instruments.ts"

/** Requests that wait for the writer. */
export const waiting = instruments.gauge(
  "optimystic_store_requests_waiting",
  "Requests that wait for the writer of the store"
)

/** Requests that were answered together, by one durable write at most. */
export const batch = instruments.histogram(
  "optimystic_store_batch_requests",
  [1, 2, 4, 8, 16, 32, 64, 128, 256],
  "Requests that the writer of the store answered together, by one durable write at most"
)

/** How long a durable write took, in seconds. */
export const write = instruments.histogram(
  "optimystic_store_write_seconds",
  instruments.SECONDS,
  "Time of a durable write of the store, its sync included where it has one"
)

/** Writes that the store did not take. */
export const failedWrite = instruments.counter(
  "optimystic_store_write_failures_total",
  "Writes that the store did not take: a full disk, an error of it"
)

/** Requests of peers that were told `Busy`. */
export const refused = instruments.counter(
  "optimystic_store_refusals_total",
  "Requests that were told Busy, as too many waited for the writer of the store"
)
