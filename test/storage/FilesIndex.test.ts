import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as BegunFile from "../../layers/storage/files/BegunFile.ts"
import * as FilesIndex from "../../layers/storage/files/FilesIndex.ts"
import * as FilesRecovery from "../../layers/storage/files/FilesRecovery.ts"
import { RecordNames } from "../../layers/storage/files/RecordNames.ts"
import * as StoreFiles from "../../layers/storage/files/StoreFiles.ts"
import * as Turns from "../../layers/storage/files/Turns.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

it.scoped("the files of a store never say of fewer batches that parts of them may be there", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory
    const files = StoreFiles.make(yield* FileSystem.FileSystem, directory)
    yield* files.tidy
    yield* BegunFile.write(files, 9)
    const [names, progress] = [new RecordNames(), new FilesIndex.Progress()]
    const index = FilesIndex.make(files, names, Turns.make(), progress)
    expect(yield* FilesRecovery.make(directory, files, names, progress, index).account).toEqual({ begun: 9, runs: [] })
    const begunAfter = (first: number, last: number) =>
      Effect.zipRight(
        Effect.promise(() => index.begin().commit({ first, last })),
        BegunFile.read(files, directory)
      )
    // Batches that an earlier process had begun with are taken up again.
    expect(yield* begunAfter(4, 5)).toBe(9)
    expect(yield* begunAfter(6, 12)).toBe(12)
  }).pipe(Effect.provide(NodeFileSystem.layer))
)
