import { expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DirectoryTime from "../../layers/directory/DirectoryTime.ts"

it("The directory's time grows with the clock, stands still where that is set back, and makes no leaps", () => {
  let now = 1_000_000
  const time = DirectoryTime.make({ ...Clock.make(), unsafeCurrentTimeMillis: () => now })
  const after = (millis: number) => {
    now += millis
    return time()
  }
  expect(after(0)).toBe(0)
  expect(after(500)).toBe(500)
  expect(after(-3_600_000)).toBe(500)
  expect(after(250)).toBe(750)
  expect(after(7 * 86_400_000)).toBe(60_750)
})
