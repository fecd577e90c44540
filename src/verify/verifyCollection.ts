/** The check of all that is kept of a collection: that its history is what was signed, and that it hangs together. */
import * as Effect from "effect/Effect"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { CollectionError, OpenCollection, Read } from "../collection/Collection.ts"
import { checkCount } from "../collection/limits.ts"
import { hashText } from "../encoding/BlockIds.ts"
import { entriesOf, type LocatedEntry } from "../log/EntryPage.ts"
import { readLogBlock } from "../log/LogBlock.ts"
import { verifyLog } from "../log/VerifyLog.ts"
import { Findings, type VerifyProblem } from "./Findings.ts"
import type { StructureCheck } from "./Structure.ts"
import { entryProofProblem, type VerifyContext, writeProblem, writesIn } from "./verifyRevision.ts"

export type { VerifyProblem } from "./Findings.ts"

/** How far a check is: revisions done of all, then blocks of the data structure, whose number is not known before. */
export interface VerifyProgress {
  readonly phase: "history" | "structure"
  readonly done: number
  readonly total: number | undefined
}

/** How to check. */
export interface VerifyOptions {
  /** Told after each log block, and after each part of the structure. */
  readonly onProgress?: (progress: VerifyProgress) => Effect.Effect<void>
  /** The check ends when it has found so many problems. Default: 20. */
  readonly maxProblems?: number
}

/** What a check found. */
export interface VerifyReport {
  /** The revision that was the latest when the check began. */
  readonly rev: number
  /** Revisions of the collection whose proof was checked. */
  readonly revisions: number
  /** Revisions of its blocks whose content was checked. */
  readonly blockRevisions: number
  /** Revisions of its blocks whose content is no longer kept: only their proof was checked. */
  readonly pruned: number
  /** Blocks of its data structure that were checked. */
  readonly structureBlocks: number
  /** What is wrong, in the order in which it was found; nothing, if all is well. */
  readonly problems: ReadonlyArray<VerifyProblem>
  /** Whether everything was looked at; not so where a problem stood in the way, or there were too many. */
  readonly isComplete: boolean
}

const MAX_PROBLEMS = 20

/** What the parts of one check share. */
interface Check extends VerifyContext {
  readonly findings: Findings
  readonly read: Read
  readonly tell: (phase: VerifyProgress["phase"], done: number, total?: number) => Effect.Effect<void>
}

/**
 * Checks all that is kept of a collection, up to its latest revision: the hash links of its log; of each revision the
 * manifest, its author's signature and the certificate of its members, and that the log entry is what they signed; each
 * block at each revision against the hash in the manifest; then the data structure. Reads what is stored, not what is in
 * memory, bit by bit: one log block, one transaction, or one branch of a tree at a time.
 */
export const verifyCollection = <State = never>(
  collection: OpenCollection,
  structure?: StructureCheck<State>,
  { maxProblems = MAX_PROBLEMS, onProgress = () => Effect.void }: VerifyOptions = {}
): Effect.Effect<VerifyReport, CollectionError> =>
  Effect.gen(function* () {
    yield* checkCount("maxProblems", maxProblems)
    const findings = new Findings(Math.max(1, maxProblems))
    const begun = yield* findings.attempt({ block: collection.id, kind: "content" }, begin(collection))
    if (begun === undefined) return reportOf(findings, 0, false)
    const { header, read, rev } = begun
    const { hasher, transactor, verifier } = collection.database
    const check: Check = {
      collection: collection.id,
      faultModel: transactor.faultModel,
      findings,
      hasher,
      members: header.members,
      network: transactor.network,
      read,
      tell: (phase, done, total) => onProgress({ done, phase, total }),
      transactor,
      verifier
    }
    const isHistoryWhole = yield* verifyHistory(check, header, rev)
    const isStructureWhole = structure === undefined || (yield* verifyStructure(check, structure))
    return reportOf(findings, rev, isHistoryWhole && isStructureWhole)
  })

const begin = (collection: OpenCollection) =>
  Effect.flatMap(collection.snapshot, ({ read, rev }) =>
    Effect.map(
      read((_reader, header) => header),
      (header) => ({ header, read, rev })
    )
  )

const reportOf = (findings: Findings, rev: number, isWhole: boolean): VerifyReport => {
  const { blockRevisions, isFull, problems, pruned, revisions, structureBlocks } = findings
  return { blockRevisions, isComplete: isWhole && !isFull, problems, pruned, rev, revisions, structureBlocks }
}

/** Checks the log block by block, from its head, and the revisions in it. False where the way on is barred. */
const verifyHistory = (check: Check, { log }: CollectionBlock, rev: number) =>
  Effect.gen(function* () {
    const { findings } = check
    let isWhole = true
    let after: BlockId | undefined
    while (!findings.isFull) {
      const block: BlockId = after ?? log.head
      const page: LogPage | undefined = yield* findings.attempt({ block, kind: "log" }, readLog(check, after))
      if (page === undefined) return false
      for (const violation of page.violations) findings.note({ block: page.block, kind: "log" }, violation)
      for (const located of page.entries) {
        if (findings.isFull) return false
        isWhole = (yield* verifyRevision(check, located)) && isWhole
      }
      yield* check.tell("history", findings.revisions, rev)
      if (page.block === log.tail) return isWhole
      if (page.resume === undefined) return false
      after = page.resume
    }
    return false
  })

/** A block of a log, what is wrong with its links, and whether it leads on. */
interface LogPage {
  readonly block: BlockId
  readonly entries: ReadonlyArray<LocatedEntry>
  readonly resume: BlockId | undefined
  readonly violations: ReadonlyArray<string>
}

/** Checks the log block after one that is checked; payloads are left to the check of their revisions. */
const readLog = ({ hasher, read }: Check, after: BlockId | undefined): Effect.Effect<LogPage, CollectionError> =>
  read((reader, { log }) => {
    const page = { limit: 1, payloads: false, ...(after !== undefined && { after }) }
    const { resume, violations } = verifyLog(reader, (text) => hashText(hasher, text), log.head, log.tail, page)
    const block = after === undefined ? log.head : readLogBlock(reader, after).next
    if (block === undefined) return { block: after!, entries: [], resume, violations }
    return { block, entries: entriesOf(readLogBlock(reader, block)), resume, violations }
  })

/** Checks one revision. False where its contents cannot be checked, as nothing proves what they should be. */
const verifyRevision = (check: Check, located: LocatedEntry) =>
  Effect.gen(function* () {
    const { findings, read, transactor } = check
    const { rev } = located.entry
    const culprit = { block: located.block, kind: "proof", rev } as const
    findings.revisions += 1
    const proved = yield* findings.attempt(
      culprit,
      Effect.filterOrFail(
        transactor.proof(located.block, rev),
        (proved) => proved !== undefined,
        () => new CorruptBlock({ block: located.block, reason: "nothing proves its revision" })
      )
    )
    if (proved === undefined) return false
    const proof = yield* findings.attempt(
      culprit,
      Effect.map(
        read((reader) => entryProofProblem(check, reader, located, proved)),
        (problem) => ({ problem })
      )
    )
    findings.note(culprit, proof?.problem)
    if (proof === undefined || proof.problem !== undefined) return false
    for (const write of writesIn(proved.signed.manifest, check.collection)) {
      const culprit = { block: write[0], kind: "content", rev } as const
      const content = yield* findings.attempt(
        culprit,
        Effect.map(writeProblem(check, rev, write, proved.revision), (problem) => ({ problem }))
      )
      if (content === undefined) continue
      findings.blockRevisions += 1
      findings.note(culprit, content.problem)
    }
    return true
  })

/** Checks the data structure part by part. False where a part cannot be read, or reached. */
const verifyStructure = <State>({ findings, read, tell }: Check, structure: StructureCheck<State>) =>
  Effect.gen(function* () {
    let at: State | undefined
    let isWhole = true
    while (!findings.isFull) {
      const begun: State | undefined = at
      const page = yield* findings.attempt(
        { block: "", kind: "structure" },
        read((reader, header) => structure(reader, header, begun))
      )
      if (page === undefined) return false
      isWhole = page.isWhole && isWhole
      for (const { block, reason } of page.violations) findings.note({ block, kind: "structure" }, reason)
      findings.structureBlocks += page.blocks
      yield* tell("structure", findings.structureBlocks)
      if (page.next === undefined) return isWhole
      at = page.next
    }
    return false
  })
