import { describe, expect, it } from "@effect/vitest"
import { UndecidedFrame } from "../../layers/storage/journal/Segment.ts"
import { HEAD_BYTES } from "../../src/storage/JournalFrame.ts"
import { MemoryJournalFiles } from "./MemoryJournalFiles.ts"
import { MemoryJournalIndex } from "./MemoryJournalIndex.ts"
import { OPTIONS, open, openSettled, put, SEGMENT_BYTES, seen } from "./openJournal.ts"

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "it succeeded",
    (cause: unknown) => cause
  )

describe("a journal", () => {
  it("answers a batch after one write, and reads it before the index has it", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    expect(files.writes).toBe(1)
    expect(index.steps).toEqual([])
    expect(seen(journal, index, "a")).toBe("1")
    await journal.indexer.settled()
    expect(index.state.get("a")).toBe("1")
    expect(journal.indexer.get("a")).toBeUndefined()
    await journal.close()
    expect(files.contents.size).toBe(0)
    expect(index.checkpoint).toEqual({ segments: 0, sequence: 1 })
  })

  it("uses two files again and again, and makes one fit again after a batch that is larger", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    for (let n = 1; n <= 100; n++) await journal.append([put(`k${n % 7}`, "x".repeat(n === 50 ? 5_000 : n))], n)
    expect([...files.contents.values()].map((bytes) => bytes.length)).toEqual([SEGMENT_BYTES, SEGMENT_BYTES])
    expect(index.checkpoint.sequence).toBeGreaterThan(80)
    await journal.close()
    expect(index.state.get("k1")).toBe("x".repeat(99))
  })

  it("goes on after a write that failed and was undone, which is not found later", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    files.faults.push({ landed: 80, outcome: "error" })
    expect(await failureOf(journal.append([put("a", "2")], 2))).toMatchObject({ message: "EIO: i/o error" })
    expect(seen(journal, index, "a")).toBe("1")
    await journal.append([put("b", "3")], 2)
    files.faults.push({ landed: Number.POSITIVE_INFINITY, outcome: "error" })
    expect(await failureOf(journal.append([put("a", "4")], 3))).toMatchObject({ message: "EIO: i/o error" })
    const crashed = index.crash()
    await openSettled(new MemoryJournalFiles(files.contents), crashed)
    expect([...crashed.state]).toEqual([
      ["a", "1"],
      ["b", "3"]
    ])
  })

  it("says where a failed write could not be undone", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    files.faults.push({ landed: 80, outcome: "error" }, { landed: 0, outcome: "error" })
    expect(await failureOf(journal.append([put("a", "1")], 1))).toBeInstanceOf(UndecidedFrame)
  })

  it("completes a write of which the file took only a part", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    files.faults.push({ landed: 7, outcome: "short" }, { landed: 30, outcome: "short" })
    await journal.append([put("a", "1")], 1)
    const crashed = index.crash()
    await openSettled(new MemoryJournalFiles(files.contents), crashed)
    expect(crashed.state.get("a")).toBe("1")
  })

  it("fails a batch on a full disk, and takes the next one once there is room", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    files.roomBytes = SEGMENT_BYTES - 1
    expect(await failureOf(journal.append([put("a", "1")], 1))).toMatchObject({ message: /ENOSPC/ })
    files.roomBytes = 2 * SEGMENT_BYTES
    await journal.append([put("a", "1")], 1)
    expect(await failureOf(journal.append([put("a", "x".repeat(5_000))], 2))).toMatchObject({ message: /ENOSPC/ })
    for (let n = 2; n <= 60; n++) await journal.append([put("a", `${n}`)], n)
    await journal.close()
    expect(index.state.get("a")).toBe("60")
  })

  it("keeps taking batches and serving them while the index fails, refuses them once it is full, and loses none", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("k0", "0")], 1)
    await journal.indexer.settled()
    index.isBroken = true
    // The damaged log of the index drops everything when it is opened anew.
    index.survives = () => false
    let last = 1
    let failure: unknown
    while (failure === undefined && last < 100) {
      failure = await journal.append([put(`k${last}`, `${last}`)], last + 1).then(
        () => undefined,
        (cause: unknown) => cause
      )
      if (failure === undefined) last += 1
    }
    // The second file is not even made while nothing can say, durably, that it has to be there.
    expect(last).toBeGreaterThan(10)
    expect(failure).toMatchObject({ message: /cannot be brought into the index: the index fails/ })
    expect(seen(journal, index, `k${last - 1}`)).toBe(`${last - 1}`)
    expect(await failureOf(journal.indexer.settled())).toMatchObject({ message: /the index fails/ })
    index.isBroken = false
    while ((await failureOf(journal.append([put("late", "1")], last + 1))) !== "it succeeded") {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await journal.close()
    for (let n = 0; n < last; n++) expect(index.state.get(`k${n}`)).toBe(`${n}`)
    expect(index.state.get("late")).toBe("1")
  })

  it("lets its index be read while that has no room to start anew, and brings it up to date once it has", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    await journal.indexer.settled()
    index.hasRoom = false
    index.failures.push(true)
    await journal.append([put("b", "2")], 2)
    expect(await failureOf(journal.indexer.settled())).toMatchObject({ message: /the index fails/ })
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5))
    for (let turn = 0; turn < 4; turn++) {
      await pause()
      expect(journal.indexer.isReadable).toBe(true)
      expect([seen(journal, index, "a"), seen(journal, index, "b")]).toEqual(["1", "2"])
    }
    expect(await failureOf(journal.indexer.settled())).toMatchObject({ message: /no room to start anew/ })
    index.hasRoom = true
    while ((await failureOf(journal.indexer.settled())) !== "it succeeded") await pause()
    expect(index.state.get("b")).toBe("2")
    await journal.close()
  })

  it("stays where the index fails until the end, and is brought in the next time", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    index.isBroken = true
    expect(await failureOf(journal.close())).toMatchObject({ message: /the index fails/ })
    expect(files.contents.size).toBe(1)
    index.isBroken = false
    const again = await openSettled(files, index)
    expect(index.state.get("a")).toBe("1")
    await again.journal.close()
    expect(files.contents.size).toBe(0)
  })

  it("is gone on with where it ended, without waiting for the index, however often its process is killed", async () => {
    const files = new MemoryJournalFiles()
    let index = new MemoryJournalIndex()
    let last = 0
    for (let isFull = false; !isFull; ) {
      // Nothing reaches the index but that there is a journal.
      index.survives = () => false
      index = index.crash()
      index.isBroken = last > 0
      const { journal, last: found } = await open(files, index)
      expect([found, index.steps]).toEqual([last, []])
      for (let n = 0; n < last; n++) expect(seen(journal, index, `k${n}`)).toBe(`${n}`)
      isFull = (await failureOf(journal.append([put(`k${last}`, `${last}`)], last + 1))) !== "it succeeded"
      if (!isFull) last += 1
    }
    expect(last).toBe(OPTIONS.segment.maxFrames)
    index = index.crash()
    const { journal } = await openSettled(files, index)
    for (let n = 0; n < last; n++) expect(index.state.get(`k${n}`)).toBe(`${n}`)
    for (let n = last; n < 100; n++) await journal.append([put(`k${n}`, `${n}`)], n + 1)
    expect([...files.contents.values()].map((bytes) => bytes.length)).toEqual([SEGMENT_BYTES, SEGMENT_BYTES])
    await journal.close()
    expect([index.checkpoint, files.contents.size]).toEqual([{ segments: 0, sequence: 100 }, 0])
  })

  it("is brought in at once where its index has to prove a part of it, for the index might lose that later", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    await journal.append([put("b", "2")], 2)
    await journal.indexer.settled()
    // In the payload of the first frame.
    for (const bytes of files.contents.values()) bytes[HEAD_BYTES + 1]! ^= 1
    const proving = index.crash()
    await open(files, proving)
    proving.survives = () => false
    const left = proving.crash()
    expect([...left.state.keys()]).toEqual(["a", "b"])
    expect((await open(files, left)).last).toBe(2)
    expect(files.contents.size).toBe(0)
  })

  it("takes up again only what its index lacks: killed meanwhile, that would not have what it says it has", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index, { ...OPTIONS, stepOperations: 1 })
    for (let n = 1; n <= 6; n++) await journal.append([put("k", `${n}`)], n)
    await journal.indexer.settled()
    const tail = { left: 4 }
    index.survives = () => tail.left-- > 0
    const crashed = index.crash()
    const again = await openSettled(files, crashed)
    expect(crashed.runs.map(({ first, last }) => [first, last]).slice(4)).toEqual([[5, 6]])
    await again.journal.append([put("k", "7")], 7)
    await again.journal.close()
    expect([crashed.state.get("k"), crashed.checkpoint]).toEqual(["7", { segments: 0, sequence: 7 }])
  })

  it("is brought in at once, in one step, where its index lacks something before what it has", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index, { ...OPTIONS, stepOperations: 1 })
    for (let n = 1; n <= 6; n++) await journal.append([put("k", `${n}`)], n)
    await journal.indexer.settled()
    const steps = { seen: 0 }
    index.survives = () => ++steps.seen !== 3
    const crashed = index.crash()
    const { last } = await open(files, crashed)
    expect([last, crashed.state.get("k"), files.contents.size]).toEqual([6, "6", 0])
    expect(crashed.runs.slice(5)).toEqual([{ first: 1, last: 6 }])
  })

  it("keeps files as long as they were announced, though it is gone on with in shorter or longer ones", async () => {
    for (const sizeBytes of [SEGMENT_BYTES / 2, 2 * SEGMENT_BYTES]) {
      const files = new MemoryJournalFiles()
      let index = new MemoryJournalIndex()
      let last = 0
      for (const size of [SEGMENT_BYTES, sizeBytes, SEGMENT_BYTES]) {
        const options = { ...OPTIONS, segment: { ...OPTIONS.segment, sizeBytes: size } }
        const { journal, last: found } = await open(files, index, options)
        expect(found).toBe(last)
        const end = last + 40
        for (; last < end; last++) await journal.append([put("k", `${last}`.repeat(30))], last + 1)
        expect(seen(journal, index, "k")).toBe(`${last - 1}`.repeat(30))
        index = index.crash()
      }
      expect((await openSettled(files, index)).last).toBe(last)
    }
  })

  it("opens again with a second file that was made when larger ones were wanted than it began with", async () => {
    const files = new MemoryJournalFiles()
    let index = new MemoryJournalIndex()
    let last = 0
    for (const sizeBytes of [SEGMENT_BYTES, 3 * SEGMENT_BYTES]) {
      const options = { ...OPTIONS, segment: { ...OPTIONS.segment, sizeBytes } }
      const { journal } = await open(files, index, options)
      const end = last + OPTIONS.segment.maxFrames / 2
      for (; last < end || (last > end - 1 && sizeBytes > SEGMENT_BYTES && files.contents.size < 2); last++) {
        await journal.append([put("k", `${last}`.repeat(30))], last + 1)
      }
      index = index.crash()
    }
    expect(files.contents.size).toBe(2)
    expect((await openSettled(files, index)).last).toBe(last)
  })

  it("gives its index back nothing that is older than the checkpoint: killed meanwhile, it would stay", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    const last = OPTIONS.stepOperations + 2
    for (let n = 1; n <= last; n++) await journal.append([put("k", `${n}`)], n)
    await journal.indexer.checkpointed(last)
    // A step fails; the index starts anew, takes one step back in, and fails from then on.
    index.failures.push(true, false, false)
    await journal.append([put("other", "1")], last + 1)
    await failureOf(journal.indexer.settled())
    while (index.failures.length > 0) await new Promise((resolve) => setImmediate(resolve))
    index.isBroken = true
    const crashed = index.crash()
    expect((await openSettled(files, crashed)).last).toBe(last + 1)
    expect(Object.fromEntries(crashed.state)).toEqual({ k: `${last}`, other: "1" })
  })

  it("has what its process wrote before the switch made durable in the index, also after that was killed", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    let full = 0
    while (files.contents.size < 2) await journal.append([put(`k${full}`, "x".repeat(50))], ++full)
    const crashed = index.crash()
    expect(crashed.checkpoint.sequence).toBeLessThan(full - 1)
    const again = await open(files, crashed)
    while (crashed.checkpoint.sequence < full - 1) await new Promise((resolve) => setTimeout(resolve, 1))
    await again.journal.close()
  })

  it("warns of each failure of its index, and of the pause before the next try, which has a bound", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal, warnings } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    expect(warnings).toEqual([])
    index.isBroken = true
    const pauses = [1, 2, 4, 4, 4]
    while (warnings.length < pauses.length) await new Promise((resolve) => setTimeout(resolve, 1))
    index.isBroken = false
    const what = "the journal cannot be brought into the index: the index fails"
    expect(warnings.slice(0, pauses.length)).toEqual(
      pauses.map((millis, place) => `${what}; failure ${place + 1}, tried again in ${millis} ms`)
    )
    await journal.close()
    expect(index.state.get("a")).toBe("1")
  })

  it("lets an index that never lacks anything be read while it fails, and shows no older values meanwhile", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    index.staysReadable = true
    const { journal } = await open(files, index)
    for (let n = 1; n <= 20; n++) await journal.append([put("a", `${n}`)], n)
    await journal.indexer.settled()
    index.isBroken = true
    await journal.append([put("b", "21")], 21)
    expect(await failureOf(journal.indexer.settled())).toMatchObject({ message: /the index fails/ })
    const steps = index.steps.length
    index.isBroken = false
    // It is opened anew, and fails once more before it is up to date.
    index.failures.push(false, true)
    while ((await failureOf(journal.indexer.settled())) !== "it succeeded") {
      expect(journal.indexer.isReadable).toBe(true)
      expect([seen(journal, index, "a"), seen(journal, index, "b")]).toEqual(["20", "21"])
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const again = index.steps.slice(steps).flatMap(({ operations }) => operations)
    expect(again).toEqual([put("a", "20"), put("b", "21")])
    await journal.close()
  })

  it("does not open with a file that is shorter than it was, or with the second in place of the first", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    const [[path, bytes]] = [...files.contents] as [[string, Uint8Array]]
    const reopened = (contents: ReadonlyMap<string, Uint8Array>) =>
      failureOf(open(new MemoryJournalFiles(contents), index.crash()))
    const short = new Map([[path, bytes.subarray(0, SEGMENT_BYTES - 1)]])
    expect(await reopened(short)).toMatchObject({ message: /has 1023 bytes instead of 1024: batches after 0 may be/ })
    const second = new Map([[path.replace("journal-a", "journal-b"), bytes]])
    expect(await reopened(second)).toMatchObject({ message: /of the 1 file.* 0 are there/ })
    expect(await reopened(files.contents)).toBe("it succeeded")
  })

  it("does not open without a file that must be there", async () => {
    const [files, index] = [new MemoryJournalFiles(), new MemoryJournalIndex()]
    const { journal } = await open(files, index)
    await journal.append([put("a", "1")], 1)
    await journal.indexer.settled()
    files.contents.clear()
    expect(await failureOf(open(files, index.crash()))).toMatchObject({ message: /batches after 0 may be missing/ })
  })
})
