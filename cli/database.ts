/** The database as commands use it: loaded only when a command needs it. */
import * as Option from "effect/Option"
import * as Node from "../layers/Node.ts"

/** Where a database is, and how it is kept, for the case that it has to be made. */
export interface Place {
  readonly data: string
  readonly storage?: Option.Option<"level" | "files">
}

/** A node on a directory. */
export const layer = ({ data: directory, storage = Option.none() }: Place) =>
  Node.layerLocal({ directory, ...(Option.isSome(storage) && { storage: storage.value }) })
