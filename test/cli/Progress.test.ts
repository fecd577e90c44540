import { describe, expect, it } from "@effect/vitest"
import * as Progress from "../../cli/Progress.ts"

const shownOn = (isTTY: boolean, total: number | undefined) => {
  const written: Array<string> = []
  let now = 0
  const progress = Progress.make(total, { isTTY, write: (text) => written.push(text) }, () => now)
  return {
    progress,
    wait: (millis: number) => {
      now += millis
    },
    written
  }
}

describe("Progress", () => {
  it("is shown on a terminal alone", () => {
    const { progress, written } = shownOn(false, 10)
    progress.advance("imported 5", 5)
    progress.end()
    expect(written).toEqual([])
  })

  it("is a bar where the total is known, drawn over again no more than ten times a second, and taken away", () => {
    const { progress, wait, written } = shownOn(true, 10)
    progress.advance("imported 5", 5)
    progress.advance("imported 6", 6)
    wait(100)
    progress.advance("imported 10", 10)
    progress.end()
    expect(written).toEqual([
      "\r\u001b[2Kimported 5  [############------------] 50%",
      "\r\u001b[2Kimported 10  [########################] 100%",
      "\r\u001b[2K"
    ])
  })

  it("counts where there is no total", () => {
    const { progress, written } = shownOn(true, undefined)
    progress.advance("exported 3", 3)
    expect(written).toEqual(["\r\u001b[2Kexported 3"])
  })
})
