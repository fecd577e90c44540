/**
 * The file that keeps a node's {@link Identity}: one JSON object `{ "format": 1, "type": "ed25519", "seed": … }`, the
 * seed in base32, readable by its owner alone. POSIX file systems with hard links.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Entropy } from "../../services/Entropy.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { SEED_BYTES } from "./Ed25519.ts"
import { fromSeed, generate, type Identity, IdentityError, type IdentityErrorReason } from "./Identity.ts"

/** The version of the file's format. */
const FORMAT = 1
const OWNER_ONLY = 0o600
const PERMISSIONS = 0o777
const PERMISSIONS_OF_OTHERS = 0o077
/** More than any key file: what is longer is something else, and is not read. */
const MAXIMUM_BYTES = 1024
/** Random bytes in the name of a temporary file. */
const TEMPORARY_NAME_BYTES = 10

const Document = Schema.parseJson(
  Schema.Struct({ format: Schema.Literal(FORMAT), type: Schema.Literal("ed25519"), seed: Schema.String })
)
const decodeDocument = Schema.decodeUnknownOption(Document)
const encodeDocument = Schema.encodeSync(Document)

/**
 * The identity kept in a key file; a new one, made durable first, where there is no such file. Of several processes
 * that do this at once, all get the same identity. An existing file is never changed.
 */
export const loadOrCreate: (
  path: string
) => Effect.Effect<Identity, IdentityError, Entropy | FileSystem.FileSystem | Path.Path> = Effect.fn(
  "IdentityFile.loadOrCreate"
)(function* (path: string) {
  const found = yield* read(path)
  if (Option.isSome(found)) {
    // Its creator may have been killed just before its own sync. A folder that cannot be opened was not made by us.
    yield* Effect.ignore(syncFolder(path))
    return found.value
  }
  yield* Effect.mapError(create(path, yield* generate), failure("unwritable", path))
  yield* Effect.mapError(syncFolder(path), failure("unwritable", path))
  // Whoever was first: what counts is what is in the file now.
  const created = yield* read(path)
  if (Option.isSome(created)) return created.value
  return yield* new IdentityError({ reason: "unreadable", path, detail: "it vanished while being created" })
})

const failure =
  (reason: IdentityErrorReason, path: string) =>
  (error: PlatformError): IdentityError =>
    new IdentityError({ reason, path, detail: error.message })

const hasReason = (error: PlatformError, reason: "NotFound" | "AlreadyExists") =>
  error._tag === "SystemError" && error.reason === reason

/** The identity in a file, or none where there is no file. Checks and reads one open file, not a name twice. */
const read = (path: string) =>
  Effect.gen(function* () {
    const fileSystem = yield* FileSystem.FileSystem
    const file = yield* fileSystem.open(path, { flag: "r" })
    const { type, mode } = yield* file.stat
    if (type !== "File") return yield* new IdentityError({ reason: "unreadable", path, detail: `it is a ${type}` })
    if ((mode & PERMISSIONS_OF_OTHERS) !== 0) {
      const permissions = (mode & PERMISSIONS).toString(8)
      const detail = `its permissions are ${permissions}; make it yours alone with: chmod 600 ${path}`
      return yield* new IdentityError({ reason: "too-open", path, detail })
    }
    const bytes = yield* file.readAlloc(MAXIMUM_BYTES)
    return Option.some(yield* parse(path, new TextDecoder().decode(Option.getOrUndefined(bytes))))
  }).pipe(
    Effect.scoped,
    Effect.catchIf(
      (error) => error._tag !== "IdentityError" && hasReason(error, "NotFound"),
      () => Effect.succeed(Option.none<Identity>())
    ),
    Effect.mapError((error) => (error._tag === "IdentityError" ? error : failure("unreadable", path)(error)))
  )

/** Parse errors quote their input, so none is passed on. */
const parse = (path: string, text: string): Effect.Effect<Identity, IdentityError> => {
  const document = decodeDocument(text)
  if (Option.isNone(document)) {
    const detail = `expected { "format": ${FORMAT}, "type": "ed25519", "seed": … }`
    return new IdentityError({ reason: "malformed", path, detail })
  }
  const seed = Base32.decode(document.value.seed)
  return seed?.length === SEED_BYTES
    ? Effect.succeed(fromSeed(seed))
    : new IdentityError({ reason: "wrong-seed", path, detail: `expected ${SEED_BYTES} bytes in base32` })
}

/**
 * Writes a key file under a temporary name, then links it to its own: a link, unlike a rename, never replaces a file.
 * Does nothing where another process came first.
 */
const create = (path: string, identity: Identity) =>
  Effect.gen(function* () {
    const fileSystem = yield* FileSystem.FileSystem
    const entropy = yield* Entropy
    const temporary = `${path}.${Base32.encode(entropy.bytes(TEMPORARY_NAME_BYTES))}.tmp`
    const file = yield* fileSystem.open(temporary, { flag: "wx", mode: OWNER_ONLY })
    yield* Effect.addFinalizer(() => Effect.ignore(fileSystem.remove(temporary)))
    const seed = Base32.encode(Redacted.value(identity.seed))
    yield* file.writeAll(new TextEncoder().encode(`${encodeDocument({ format: FORMAT, type: "ed25519", seed })}\n`))
    yield* file.sync
    yield* fileSystem.link(temporary, path)
  }).pipe(
    Effect.scoped,
    Effect.catchIf(
      (error) => hasReason(error, "AlreadyExists"),
      () => Effect.void
    )
  )

/** Makes the name of a file as durable as its content. */
const syncFolder = (path: string) =>
  Effect.gen(function* () {
    const fileSystem = yield* FileSystem.FileSystem
    const { dirname } = yield* Path.Path
    const folder = yield* fileSystem.open(dirname(path), { flag: "r" })
    yield* folder.sync
  }).pipe(Effect.scoped)
