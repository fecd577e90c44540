import * as FileSystem from "node:fs"
import { fileURLToPath } from "node:url"
import { expect } from "@effect/vitest"

/** Set to write the golden values anew instead of comparing with them; see test/fixtures/README.md. */
const isUpdating = process.env.UPDATE_FIXTURES === "1"

/** Fails unless named texts are exactly those of a fixture: the same names in the same order, the same bytes. */
export const expectGolden = (fixture: string, actual: Readonly<Record<string, string>>): void => {
  const path = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))
  if (isUpdating) FileSystem.writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`)
  const golden = JSON.parse(FileSystem.readFileSync(path, "utf8")) as Record<string, string>
  expect(Object.entries(actual)).toEqual(Object.entries(golden))
}
