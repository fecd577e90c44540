import { MAX_LIFETIME_MILLIS } from "../../schemas/Directory.ts"

/** What peers say of themselves where there are no sockets: active, and never out of date within a simulation. */
export const CLAIM = {
  active: true,
  addresses: [],
  duties: [],
  lifetimeMillis: MAX_LIFETIME_MILLIS,
  role: "transaction" as const,
  takesOverFrom: []
}
