import * as FileSystem from "node:fs/promises"

const isAbsent = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "ENOENT"

/** What a promise gives, or undefined where a file that it needs is not there. */
export const ifThere = <A>(promise: Promise<A>): Promise<A | undefined> =>
  promise.catch((cause: unknown) => {
    if (isAbsent(cause)) return undefined
    throw cause
  })

/** Copies a file, durably but for its name. Where the file system can, both share their content until one changes. */
export const copyFile = async (from: string, to: string): Promise<void> => {
  await FileSystem.copyFile(from, to, FileSystem.constants.COPYFILE_FICLONE)
  const handle = await FileSystem.open(to, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
