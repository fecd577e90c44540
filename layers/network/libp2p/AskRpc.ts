/**
 * The one remote procedure there is: a text is asked, a text answers. What they say is the business of the protocol whose stream they are
 * on, and of its codec.
 */
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"

/** Of what is told of an error, so much: it has to fit in a head, however it is escaped. */
export const MAX_REASON = 300

const Reason = Schema.String.pipe(Schema.maxLength(MAX_REASON))

/** Why there is no answer. Nothing of what goes wrong inside a peer is told: that is `Failed`. */
export const AskError = Schema.Union(
  Schema.Struct({ _tag: Schema.Literal("Busy"), what: Reason }),
  Schema.Struct({ _tag: Schema.Literal("Malformed"), reason: Reason }),
  Schema.Struct({ _tag: Schema.Literal("Failed") })
)
export type AskError = typeof AskError.Type

/** That one procedure. */
export const askRpc = Rpc.make("ask", { error: AskError, payload: Schema.String, success: Schema.String })

/** A group of it alone. */
export const askRpcs = RpcGroup.make(askRpc)

/** What its callers and its handlers are typed by. */
export type AskRpcs = typeof askRpc
