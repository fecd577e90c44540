/** What is in the directory of a database: loaded only when a command asks. */
import * as Files from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Node from "../layers/Node.ts"
import { IDENTITY_FILE, STORE_DIRECTORY, storeKindIn } from "../layers/NodeDirectory.ts"
import { Transactor } from "../services/Transactor.ts"
import * as Collections from "../src/collection/Collections.ts"
import { print, type Result, type Speech } from "./run.ts"

/** What a file that is gone again, as those of a store in use may be, adds to a size. */
const NOTHING_BYTES = 0

const sizeOf = (directory: string): Effect.Effect<number> =>
  Effect.promise(async () => {
    const entries = await Files.readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
    let bytes = 0
    for (const entry of entries) {
      if (!entry.isFile()) continue
      const size = Files.stat(Path.join(entry.parentPath, entry.name)).then(({ size }) => size)
      bytes += await size.catch(() => NOTHING_BYTES)
    }
    return bytes
  })

/** What its database tells; `undefined` where another process has it open. */
const inside = (directory: string) =>
  Effect.gen(function* () {
    const { network } = yield* Transactor
    return { collections: yield* Stream.runCount(Collections.survey), network }
  }).pipe(
    Effect.provide(Node.layerLocal({ directory })),
    Effect.catchTag("StorageLocked", () => Effect.succeed(undefined))
  )

/** A key is not made to look at a directory. */
const peerOf = (directory: string) =>
  Effect.flatMap(
    Effect.promise(() =>
      Files.access(Path.join(directory, IDENTITY_FILE)).then(
        () => true,
        () => false
      )
    ),
    (isThere) => (isThere ? Node.peerIn(directory) : Effect.succeed(undefined))
  )

/** Prints what a directory holds. */
export const directoryStatus = (directory: string, speech: Speech) =>
  Effect.gen(function* () {
    const peer = yield* peerOf(directory)
    const kind = yield* storeKindIn(directory)
    const bytes = yield* sizeOf(Path.join(directory, STORE_DIRECTORY))
    const found = yield* inside(directory)
    const storage = kind?.name ?? "level"
    const holds = found === undefined ? "in use by another process" : `${found.collections} collections`
    const result: Result = {
      object: {
        directory,
        ...(peer !== undefined && { peer }),
        storage,
        bytes,
        inUse: found === undefined,
        ...found
      },
      text: [
        ...(peer === undefined ? [] : [`node ${peer}`]),
        ...(found === undefined ? [] : [`network ${found.network}`]),
        `storage ${storage}, ${bytes} bytes`,
        holds
      ].join("\n")
    }
    yield* print(speech, [result])
  })
