import { describe, expect, it } from "@effect/vitest"
import * as Progress from "../../cli/Progress.ts"

const shownOn = (isTTY: boolean, columns?: number) => {
  const written: Array<string> = []
  let now = 0
  const progress = Progress.make(
    { isTTY, ...(columns !== undefined && { columns }), write: (text) => written.push(text) },
    () => now
  )
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
    const { progress, written } = shownOn(false)
    progress.advance("imported 5", Progress.shareOf(5, 10))
    progress.end()
    expect(written).toEqual([])
  })

  it("is a bar where the total is known, drawn over again no more than ten times a second, and taken away", () => {
    const { progress, wait, written } = shownOn(true)
    progress.advance("imported 5", Progress.shareOf(5, 10))
    progress.advance("imported 6", Progress.shareOf(6, 10))
    wait(100)
    progress.advance("imported 10", Progress.shareOf(10, 10))
    progress.end()
    expect(written).toEqual([
      "\r\u001b[2Kimported 5  [############------------] 50%",
      "\r\u001b[2Kimported 10  [########################] 100%",
      "\r\u001b[2K"
    ])
  })

  it("counts where there is no total", () => {
    const { progress, written } = shownOn(true)
    progress.advance("exported 3", Progress.shareOf(3, undefined))
    expect(written).toEqual(["\r\u001b[2Kexported 3"])
  })

  it("fits the line: a longer one could not be taken away", () => {
    const { progress, wait, written } = shownOn(true, 40)
    progress.advance("a name that is longer than that", 0.5)
    wait(100)
    progress.advance("a name that is longer than that, by far, for there is no bar")
    expect(written.map((text) => text.slice("\r\u001b[2K".length))).toEqual([
      "a name…  [############------------] 50%",
      "a name that is longer than that, by fa…"
    ])
  })

  it("takes a terminal that does not tell its width for an ordinary one", () => {
    const { progress, written } = shownOn(true, 0)
    progress.advance("imported 5", 0.5)
    expect(written).toEqual(["\r\u001b[2Kimported 5  [############------------] 50%"])
  })
})
