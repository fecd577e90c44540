import type { Stats } from "node:fs"
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { copyFile, ifThere } from "./CopyFile.ts"

const TABLE = /^[0-9]+\.(?:ldb|sst)$/

/** What changes with a file. */
const versionOf = ({ ino, mtimeMs, size }: Stats): string => [ino, mtimeMs, size].join()

/** A table as it was copied: one that was still being written then is to be copied again. */
interface TableCopy {
  readonly sourceVersion: string
  readonly version: string
}

/**
 * Tables of a store that is being copied, each copied once. They lie apart from the copies of the store, which are made of links
 * to them, and may be opened in vain.
 */
export class TableCopies {
  readonly #directory: string
  readonly #copies = new Map<string, TableCopy>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Copies the tables of a store that are there now. Keeps those that the store drops later. */
  async gather(from: string, signal: AbortSignal): Promise<void> {
    await this.#forgetChanged()
    for (const name of (await FileSystem.readdir(from)).filter((name) => TABLE.test(name))) {
      signal.throwIfAborted()
      const [source, target] = [Path.join(from, name), Path.join(this.#directory, name)]
      const stats = await ifThere(FileSystem.stat(source))
      if (stats === undefined) continue
      const sourceVersion = versionOf(stats)
      if (this.#copies.get(name)?.sourceVersion === sourceVersion) continue
      await this.#forget(name)
      if (!(await ifThere(copyFile(source, target).then(() => true)))) continue
      this.#copies.set(name, { sourceVersion, version: versionOf(await FileSystem.stat(target)) })
    }
  }

  /** Puts all of them into a copy of the store, which removes those that it does not need when it is opened. */
  async placeIn(to: string): Promise<void> {
    for (const name of this.#copies.keys()) {
      const [source, target] = [Path.join(this.#directory, name), Path.join(to, name)]
      await FileSystem.link(source, target).catch(() => copyFile(source, target))
    }
  }

  /** A copy of the store that was opened may have written, through its link, to one that came after its manifest. */
  async #forgetChanged(): Promise<void> {
    for (const [name, { version }] of this.#copies) {
      const stats = await FileSystem.stat(Path.join(this.#directory, name))
      if (versionOf(stats) !== version) await this.#forget(name)
    }
  }

  async #forget(name: string): Promise<void> {
    this.#copies.delete(name)
    // Its name alone: a copy of the store may have the file as its own.
    await FileSystem.rm(Path.join(this.#directory, name), { force: true })
  }
}
