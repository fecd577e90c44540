/** What a node answers other peers from what it knows. */
import {
  type DirectoryAnswer,
  type DirectoryQuestion,
  MAX_LIFETIME_MILLIS,
  MAX_RECORDS,
  MAX_SUMMARIES,
  type RecordSummary,
  type ToldRecord
} from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { HasherService } from "../../services/Hasher.ts"
import * as Base32 from "../encoding/Base32.ts"
import { pointOf } from "../network/Point.ts"
import type { Prng } from "../random/Prng.ts"
import { digestsOf, entriesByPart, isPartCount } from "./Digests.ts"
import type { Entry } from "./DirectoryTable.ts"
import { digestOfRecord } from "./PeerRecords.ts"
import type { Registry } from "./Registry.ts"

/** A record as this node passes it on. */
export const told = ({ record, signMillis }: Entry, nowMillis: number): ToldRecord => ({
  record,
  silentMillis: Math.floor(Math.min(MAX_LIFETIME_MILLIS, Math.max(0, nowMillis - signMillis)))
})

/** This node's own record, as it goes with questions and answers. */
export const ownOf = ({ own }: Registry) => (own === undefined ? {} : { own })

/** The digest of a record as it is written. */
export const writtenDigest = (hasher: HasherService, { record }: Entry): RecordSummary["digest"] =>
  Base32.encode(digestOfRecord(hasher, record)) as RecordSummary["digest"]

type Exchange = Extract<DirectoryQuestion, { _tag: "Exchange" }>
type ClosestQuestion = Extract<DirectoryQuestion, { _tag: "Closest" }>

/** Compares what is known, part by part from a random one on, as much as goes into one answer. */
const compare = (
  { registry, hasher, prng }: AnsweringContext,
  { digests }: Exchange
): Extract<DirectoryAnswer, { _tag: "Exchange" }> => {
  const own = ownOf(registry)
  if (!isPartCount(digests.length)) return { _tag: "Exchange", ...own, parts: [], summaries: [] }
  const byPart = entriesByPart(registry.table, digests.length)
  const here = digestsOf(hasher, byPart)
  const parts: Array<number> = []
  const summaries: Array<RecordSummary> = []
  const first = prng.nextInt(digests.length)
  for (let i = 0; i < digests.length; i++) {
    const part = (first + i) % digests.length
    if (here[part] === digests[part]) continue
    const entries = byPart[part]!
    if (summaries.length + entries.length > MAX_SUMMARIES && parts.length > 0) break
    parts.push(part)
    // Who cut the key space too coarsely knows few: some of what it lacks is enough to begin with.
    const some = entries.length > MAX_SUMMARIES ? prng.shuffle(entries).slice(0, MAX_SUMMARIES) : entries
    for (const entry of some) {
      summaries.push({ digest: writtenDigest(hasher, entry), peer: entry.peer, sequence: entry.record.sequence })
    }
  }
  return { _tag: "Exchange", ...own, parts, summaries }
}

const closest = (
  registry: Registry,
  { count, onlyActive, place }: ClosestQuestion,
  nowMillis: number
): DirectoryAnswer => {
  const bytes = Base32.decode(place)
  const entries = bytes === undefined ? [] : registry.table.nearest(pointOf(bytes), count, onlyActive)
  return { _tag: "Closest", found: entries.map((entry) => told(entry, nowMillis)), ...ownOf(registry) }
}

/** The records of some peers, as many as go into one message. */
export const recordsOf = (
  registry: Registry,
  peers: Iterable<PeerId>,
  nowMillis: number
): ReadonlyArray<ToldRecord> => {
  const found: Array<ToldRecord> = []
  for (const peer of peers) {
    const entry = registry.table.get(peer)
    if (entry !== undefined && found.length < MAX_RECORDS) found.push(told(entry, nowMillis))
  }
  return found
}

/** What it takes to answer. */
export interface AnsweringContext {
  readonly registry: Registry
  readonly hasher: HasherService
  readonly prng: Prng
}

/** The answer to a question. What the question tells is learned elsewhere. */
export const answerTo = (
  context: AnsweringContext,
  question: DirectoryQuestion,
  nowMillis: number
): DirectoryAnswer => {
  const { registry } = context
  switch (question._tag) {
    case "Ping":
      return { _tag: "Ping", ...ownOf(registry) }
    case "Exchange":
      return compare(context, question)
    case "Records":
      return { _tag: "Records", given: recordsOf(registry, question.wanted, nowMillis) }
    case "Closest":
      return closest(registry, question, nowMillis)
  }
}
