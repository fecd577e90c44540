import * as Schema from "effect/Schema"

/** A JSON value as it stands in a block: no `undefined`, no non-finite number. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject

/** A JSON object. Never mutated once it is part of a block. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** Schema of {@link Json}, for values that come from outside. */
export const Json: Schema.Schema<Json> = Schema.suspend(() =>
  Schema.Union(Schema.Null, Schema.Boolean, Schema.JsonNumber, Schema.String, Schema.Array(Json), JsonObject)
).annotations({ identifier: "Json" })

/** Schema of {@link JsonObject}. */
export const JsonObject: Schema.Schema<JsonObject> = Schema.Record({
  key: Schema.String,
  value: Schema.suspend(() => Json)
}).annotations({ identifier: "JsonObject" })
