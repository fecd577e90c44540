import { inspect } from "node:util"
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { fromSeed, generate, type Identity } from "../../layers/crypto/Identity.ts"
import { loadOrCreate } from "../../layers/crypto/IdentityFile.ts"
import * as NodeEntropy from "../../layers/crypto/NodeEntropy.ts"
import * as Base32 from "../../src/encoding/Base32.ts"

const services = Layer.merge(NodeContext.layer, NodeEntropy.layer)

/** A path in a new folder, where nothing stands yet. */
const freshPath = Effect.gen(function* () {
  const fileSystem = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  return join(yield* fileSystem.makeTempDirectoryScoped(), "identity.json")
})

const writeKeyFile = (path: string, content: string, mode = 0o600) =>
  Effect.gen(function* () {
    const fileSystem = yield* FileSystem.FileSystem
    yield* fileSystem.writeFileString(path, content)
    yield* fileSystem.chmod(path, mode)
  })

const namesBeside = (path: string) =>
  Effect.gen(function* () {
    const fileSystem = yield* FileSystem.FileSystem
    const { dirname } = yield* Path.Path
    return yield* fileSystem.readDirectory(dirname(path))
  })

const seedOf = (identity: Identity) => Base32.encode(Redacted.value(identity.seed))
const seed = Base32.encode(new Uint8Array(32).fill(0x5e))
const keyFile = (fields: object = {}) => `${JSON.stringify({ format: 1, type: "ed25519", seed, ...fields })}\n`

describe("IdentityFile", () => {
  it.scoped("creates a key file of the documented format for its owner alone, and reads it from then on", () =>
    Effect.gen(function* () {
      const fileSystem = yield* FileSystem.FileSystem
      const path = yield* freshPath
      const created = yield* loadOrCreate(path)
      expect(JSON.parse(yield* fileSystem.readFileString(path))).toEqual({
        format: 1,
        type: "ed25519",
        seed: seedOf(created)
      })
      expect((yield* fileSystem.stat(path)).mode & 0o777).toBe(0o600)
      expect(yield* namesBeside(path)).toEqual(["identity.json"])
      expect(seedOf(yield* loadOrCreate(path))).toBe(seedOf(created))
    }).pipe(Effect.provide(services))
  )

  it.scoped("gives each folder an identity of its own", () =>
    Effect.gen(function* () {
      const identities = yield* Effect.all([
        Effect.flatMap(freshPath, loadOrCreate),
        Effect.flatMap(freshPath, loadOrCreate)
      ])
      expect(seedOf(identities[0])).not.toBe(seedOf(identities[1]))
    }).pipe(Effect.provide(services))
  )

  it.scoped("gives all that create at once the same identity", () =>
    Effect.gen(function* () {
      const path = yield* freshPath
      const identities = yield* Effect.all(
        Array.from({ length: 16 }, () => loadOrCreate(path)),
        {
          concurrency: "unbounded"
        }
      )
      expect(new Set(identities.map(seedOf)).size).toBe(1)
      expect(yield* namesBeside(path)).toEqual(["identity.json"])
    }).pipe(Effect.provide(services))
  )

  it.scoped("takes the identity of another process that comes first at the last moment", () =>
    Effect.gen(function* () {
      const fileSystem = yield* FileSystem.FileSystem
      const path = yield* freshPath
      const beaten = FileSystem.FileSystem.of({
        ...fileSystem,
        link: (from, to) =>
          writeKeyFile(path, keyFile()).pipe(
            Effect.provideService(FileSystem.FileSystem, fileSystem),
            Effect.zipRight(fileSystem.link(from, to))
          )
      })
      const identity = yield* Effect.provideService(loadOrCreate(path), FileSystem.FileSystem, beaten)
      expect(seedOf(identity)).toBe(seed)
      expect(yield* namesBeside(path)).toEqual(["identity.json"])
    }).pipe(Effect.provide(services))
  )

  it.scoped("gives the file its name only once its bytes are on disk, and answers only once its name is", () =>
    Effect.gen(function* () {
      const fileSystem = yield* FileSystem.FileSystem
      const { dirname } = yield* Path.Path
      const path = yield* freshPath
      const steps: Array<string> = []
      const nameOf = (opened: string) => (opened === path ? "file" : opened === dirname(path) ? "folder" : "temporary")
      const recording = FileSystem.FileSystem.of({
        ...fileSystem,
        open: (opened, options) =>
          Effect.map(fileSystem.open(opened, options), (file) => {
            steps.push(`open ${nameOf(opened)} ${options?.flag} ${options?.mode?.toString(8) ?? ""}`.trim())
            const record = <A, E>(step: string, effect: Effect.Effect<A, E>) =>
              Effect.tap(effect, () => Effect.sync(() => steps.push(`${step} ${nameOf(opened)}`)))
            const wrapped = Object.create(file) as { -readonly [name in keyof FileSystem.File]: FileSystem.File[name] }
            Object.defineProperty(wrapped, "sync", { value: record("sync", file.sync) })
            Object.defineProperty(wrapped, "writeAll", {
              value: (bytes: Uint8Array) => record("write", file.writeAll(bytes))
            })
            return wrapped
          }),
        link: (from, to) =>
          Effect.tap(fileSystem.link(from, to), () =>
            Effect.sync(() => steps.push(`link ${nameOf(from)} ${nameOf(to)}`))
          )
      })
      yield* Effect.provideService(loadOrCreate(path), FileSystem.FileSystem, recording)
      expect(steps).toEqual([
        "open temporary wx 600",
        "write temporary",
        "sync temporary",
        "link temporary file",
        "open folder r",
        "sync folder",
        "open file r"
      ])
    }).pipe(Effect.provide(services))
  )

  it.scoped("refuses a file that others may read or write, and names the command that mends it", () =>
    Effect.gen(function* () {
      const path = yield* freshPath
      for (const mode of [0o640, 0o604, 0o620, 0o644, 0o666, 0o777, 0o601]) {
        yield* writeKeyFile(path, keyFile(), mode)
        const error = yield* Effect.flip(loadOrCreate(path))
        expect(error.reason).toBe("too-open")
        expect(error.message).toContain(`chmod 600 ${path}`)
        expect(error.message).toContain(mode.toString(8))
      }
      for (const mode of [0o600, 0o400]) {
        yield* writeKeyFile(path, keyFile(), 0o600)
        yield* Effect.flatMap(FileSystem.FileSystem, (fileSystem) => fileSystem.chmod(path, mode))
        expect(seedOf(yield* loadOrCreate(path))).toBe(seed)
      }
    }).pipe(Effect.provide(services))
  )

  it.scoped("refuses what is no key file, tells nothing of what is in it, and leaves it as it is", () =>
    Effect.gen(function* () {
      const fileSystem = yield* FileSystem.FileSystem
      const path = yield* freshPath
      const cases: ReadonlyArray<readonly [reason: string, content: string]> = [
        ["malformed", ""],
        ["malformed", seed],
        ["malformed", `"${seed}"`],
        ["malformed", keyFile().slice(0, -3)],
        ["malformed", keyFile({ format: 2 })],
        ["malformed", keyFile({ type: "rsa" })],
        ["malformed", keyFile({ seed: [seed] })],
        ["malformed", keyFile({ note: seed.repeat(100) })],
        ["wrong-seed", keyFile({ seed: seed.slice(0, -1) })],
        ["wrong-seed", keyFile({ seed: `${seed}aa` })],
        ["wrong-seed", keyFile({ seed: seed.toUpperCase() })],
        ["wrong-seed", keyFile({ seed: `${seed.slice(0, -1)}b` })]
      ]
      for (const [reason, content] of cases) {
        yield* writeKeyFile(path, content)
        const error = yield* Effect.flip(loadOrCreate(path))
        expect(error.reason, content).toBe(reason)
        const shown = [String(error), error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9 })]
        for (const text of shown) expect(text?.toLowerCase()).not.toContain(seed.slice(0, 8))
        expect(yield* fileSystem.readFileString(path)).toBe(content)
      }
    }).pipe(Effect.provide(services))
  )

  it.scoped("refuses a path that is a folder, or in a folder that is not there", () =>
    Effect.gen(function* () {
      const fileSystem = yield* FileSystem.FileSystem
      const path = yield* freshPath
      expect((yield* Effect.flip(loadOrCreate(`${path}/below/identity.json`))).reason).toBe("unwritable")
      yield* fileSystem.makeDirectory(path, { mode: 0o700 })
      expect((yield* Effect.flip(loadOrCreate(path))).reason).toBe("unreadable")
    }).pipe(Effect.provide(services))
  )

  it.scoped("leaves nothing behind where the file cannot be completed", () =>
    Effect.gen(function* () {
      const fileSystem = yield* FileSystem.FileSystem
      const path = yield* freshPath
      const full = FileSystem.FileSystem.of({
        ...fileSystem,
        link: () =>
          Effect.fail(
            new SystemError({ module: "FileSystem", method: "link", reason: "Unknown", description: "no space" })
          )
      })
      const error = yield* Effect.flip(Effect.provideService(loadOrCreate(path), FileSystem.FileSystem, full))
      expect(error.reason).toBe("unwritable")
      expect(error.message).toContain("no space")
      expect(yield* namesBeside(path)).toEqual([])
    }).pipe(Effect.provide(services))
  )
})

describe("Identity", () => {
  it.effect("shows its seed to nobody who does not ask for it", () =>
    Effect.gen(function* () {
      const identity = yield* generate
      const secret = Redacted.value(identity.seed)
      const spellings = [seedOf(identity), Buffer.from(secret).toString("hex"), Array.from(secret).join(",")]
      const shown = [String(identity.seed), JSON.stringify(identity), inspect(identity, { depth: 9, showHidden: true })]
      for (const text of shown) {
        expect(text).toContain("redacted")
        for (const spelling of spellings) expect(text.replaceAll(/\s/g, "")).not.toContain(spelling)
      }
    }).pipe(Effect.provide(services))
  )

  it("keeps a copy of a given seed, of 32 bytes only", () => {
    const given = new Uint8Array(32).fill(1)
    const identity = fromSeed(given)
    given.fill(2)
    expect(Redacted.value(identity.seed)).toEqual(new Uint8Array(32).fill(1))
    for (const length of [0, 31, 33, 64]) expect(() => fromSeed(new Uint8Array(length))).toThrow(RangeError)
  })
})
