/** What two nodes have to tell each other, as whoever asked sees it. */
import {
  type DirectoryAnswer,
  type DirectoryQuestion,
  MAX_RECORDS,
  type RecordSummary,
  type ToldRecord
} from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { type AnsweringContext, ownOf, recordsOf, writtenDigest } from "./Answering.ts"
import { digestsOf, entriesByPart, partsFor } from "./Digests.ts"

/** The question that begins a comparison. */
export const exchangeQuestion = ({ hasher, registry }: AnsweringContext): DirectoryQuestion => {
  const byPart = entriesByPart(registry.table, partsFor(registry.table.size))
  return { _tag: "Exchange", digests: digestsOf(hasher, byPart), ...ownOf(registry) }
}

/** Records for a peer, and peers whose records it is to give: as many as go into one message. */
export const differences = (
  { hasher, prng, registry }: AnsweringContext,
  parts: number,
  { parts: differing, summaries }: Extract<DirectoryAnswer, { _tag: "Exchange" }>,
  nowMillis: number
): { readonly given: ReadonlyArray<ToldRecord>; readonly wanted: ReadonlyArray<PeerId> } => {
  const { table } = registry
  const there = new Map(summaries.map((summary) => [summary.peer, summary]))
  const isWanted = ({ digest, peer, sequence }: RecordSummary): boolean => {
    if (peer === registry.self) return sequence > (registry.own?.sequence ?? Number.POSITIVE_INFINITY)
    const entry = table.get(peer)
    if (entry === undefined) return !registry.isDropped(peer, sequence)
    if (entry.record.sequence !== sequence) return sequence > entry.record.sequence
    return writtenDigest(hasher, entry) !== digest
  }
  const wanted = prng.shuffle([...there.values()].filter(isWanted)).slice(0, MAX_RECORDS)
  const byPart = entriesByPart(table, parts)
  const lacking = [...new Set(differing)]
    .flatMap((part) => byPart[part] ?? [])
    .filter((entry) => {
      const summary = there.get(entry.peer)
      if (summary === undefined || summary.sequence !== entry.record.sequence) {
        return (summary?.sequence ?? 0) < entry.record.sequence
      }
      return writtenDigest(hasher, entry) !== summary.digest
    })
    .map(({ peer }) => peer)
  return { given: recordsOf(registry, prng.shuffle(lacking), nowMillis), wanted: wanted.map(({ peer }) => peer) }
}
