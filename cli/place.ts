/** Where a database is that a command works on: in a directory, or kept by a network that runs. */
import * as Options from "@effect/cli/Options"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { AnyFailure } from "./failure.ts"
import { constants, several, text } from "./networkOptions.ts"
import { data, given } from "./options.ts"

/** A database in a directory, and how it is kept where it has to be made. */
export interface DirectoryPlace {
  readonly _tag: "Directory"
  readonly directory: string
  readonly storage?: "level" | "files"
}

/** A database that a network keeps, as a client finds it. */
export interface NetworkPlace {
  readonly _tag: "Network"
  readonly network: string
  readonly bootstrap: ReadonlyArray<string>
  readonly clusterSize?: number
  readonly faultModel?: "byzantine" | "crash"
  readonly identityFile?: string
}

/** Either. */
export type Place = DirectoryPlace | NetworkPlace

/** Says where. */
export const place = {
  bootstrap: several(
    "bootstrap",
    "ADDRESS",
    "In place of --data, a node of a network that runs: /ip4/198.51.100.7/tcp/4001/p2p/12D3KooW…."
  ),
  ...constants,
  data: Options.optional(data),
  identityFile: Options.optional(
    text("identity", "FILE", "With --bootstrap, the file of the key to sign with. Without it, a new key.")
  ),
  network: Options.optional(text("network", "NAME", "With --bootstrap, the name of the network."))
}

/** What a command line says of it. */
export interface PlaceOptions {
  readonly bootstrap: Option.Option<ReadonlyArray<string>>
  readonly clusterSize: Option.Option<number>
  readonly data: Option.Option<string>
  readonly faultModel: Option.Option<"byzantine" | "crash">
  readonly identityFile: Option.Option<string>
  readonly network: Option.Option<string>
  readonly storage?: Option.Option<"level" | "files">
}

const usage = (message: string, fix: string): Either.Either<never, AnyFailure> =>
  Either.left({ _tag: "Usage", fix, message })

/** What only makes sense of a network. */
const OF_NETWORKS = [
  ["clusterSize", "--cluster-size"],
  ["faultModel", "--fault-model"],
  ["identityFile", "--identity"],
  ["network", "--network"]
] as const

/** Where a command is to work. */
export const placeOf = (options: PlaceOptions): Either.Either<Place, AnyFailure> => {
  const { bootstrap, data, storage = Option.none() } = options
  if (Option.isSome(bootstrap)) {
    const { clusterSize, faultModel, identityFile } = options
    if (Option.isSome(data)) return usage("--data and --bootstrap exclude each other", "name one database")
    if (Option.isSome(storage))
      return usage("--storage is for a database in a directory", "leave it out, or give --data")
    if (Option.isNone(options.network)) return usage("--bootstrap needs the name of the network", "add --network NAME")
    const network = options.network.value
    const rest = given({ clusterSize, faultModel, identityFile })
    return Either.right({ _tag: "Network", bootstrap: bootstrap.value, network, ...rest })
  }
  if (Option.isNone(data)) {
    return usage("the database is not named", "add --data DIR, or --bootstrap ADDRESS and --network NAME of a network")
  }
  const stray = OF_NETWORKS.find(([name]) => options[name]._tag === "Some")
  if (stray !== undefined) return usage(`${stray[1]} is for a network`, "leave it out, or give --bootstrap, not --data")
  return Either.right({ _tag: "Directory", directory: data.value, ...given({ storage }) })
}
