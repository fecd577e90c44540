/**
 * What the figures were measured on, and where benchmarks write.
 */
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { percentile, type Workplace } from "./harness.ts"

/** A machine and a folder on it. */
export interface Environment {
  readonly node: string
  readonly platform: string
  readonly cores: number
  /** Programs that wanted to run on average in the last minute. With many, figures say little. */
  readonly load: number
  /** The type of the folder's file system, by name where it is known. */
  readonly filesystem: string
  /** Whether what is synced there outlives the machine's power: figures of durable writes count. */
  readonly durable: boolean
  /** Half of the syncs of a small append take no longer, in milliseconds. */
  readonly fdatasyncMillis: number
}

/** The file systems that `statfs` tells apart by a number. Source: linux/magic.h, statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, "ext4"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0xf2f52010, "f2fs"],
  [0x2fc12fc1, "zfs"],
  [0x794c7630, "overlayfs"],
  [0x6969, "nfs"],
  [0x65735546, "fuse"],
  [0x01021997, "9p"],
  [0x1a, "apfs"]
])

/** Where a sync returns at once, for there is no disk. */
const IN_MEMORY: ReadonlySet<string> = new Set(["tmpfs", "ramfs"])

const SYNCS = 200
const APPENDED = Buffer.alloc(200, "x")

const fdatasyncMillis = async (folder: string): Promise<number> => {
  const file = await FileSystem.open(Path.join(folder, "fdatasync"), "a")
  try {
    const millis: Array<number> = []
    for (let i = 0; i < SYNCS; i++) {
      await file.write(APPENDED)
      const started = performance.now()
      await file.datasync()
      millis.push(performance.now() - started)
    }
    return percentile(millis, 0.5)
  } finally {
    await file.close()
  }
}

/** Folders below a directory, each removed with its scope. */
export const workplaceIn = (directory: string): Workplace => ({
  folder: Effect.acquireRelease(
    Effect.promise(() => FileSystem.mkdtemp(Path.join(directory, "optimystic-bench-"))),
    (folder) => Effect.promise(() => FileSystem.rm(folder, { force: true, recursive: true }))
  )
})

/** Where benchmarks write unless told otherwise. */
export const defaultDirectory = Os.tmpdir

/** Looks at the machine, and at the disk below a workplace. */
export const inspect = ({ folder }: Workplace): Effect.Effect<Environment, unknown, Scope.Scope> =>
  Effect.flatMap(folder, (path) =>
    Effect.promise(async () => {
      const { type } = await FileSystem.statfs(path)
      const filesystem = FILE_SYSTEMS.get(type) ?? `0x${type.toString(16)}`
      return {
        cores: Os.availableParallelism(),
        durable: !IN_MEMORY.has(filesystem),
        fdatasyncMillis: await fdatasyncMillis(path),
        filesystem,
        load: Os.loadavg()[0]!,
        node: process.versions.node,
        platform: `${process.platform} ${process.arch}`
      }
    })
  )
