import * as Schema from "effect/Schema"

/** A multiaddr, at most 256 characters, without the id of the peer that it leads to: `/ip4/127.0.0.1/tcp/4001`. */
export const Address = Schema.String.pipe(
  Schema.pattern(/^(\/[^/\s]+)+$/),
  Schema.maxLength(256),
  Schema.brand("Address")
)
export type Address = typeof Address.Type
