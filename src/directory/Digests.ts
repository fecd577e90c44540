/**
 * How two nodes find out what they know otherwise: the key space is cut into equal parts, and each part of what is known has a
 * digest, the XOR of those of its records.
 */
import { type DirectoryDigest, MAX_DIGESTS } from "../../schemas/Directory.ts"
import type { HasherService } from "../../services/Hasher.ts"
import * as Base32 from "../encoding/Base32.ts"
import type { Point } from "../network/Point.ts"
import type { DirectoryTable, Entry } from "./DirectoryTable.ts"
import { DIGEST_BYTES, digestOfRecord } from "./PeerRecords.ts"

/** Peers for each part, as a rule: so many summaries come of one difference. */
const PEERS_PER_PART = 8
const WORD = 2 ** 32

/** How many parts suit so many peers: a power of two. */
export const partsFor = (size: number): number => {
  let parts = 1
  while (parts < MAX_DIGESTS && parts * PEERS_PER_PART < size) parts *= 2
  return parts
}

/** The part that a point is in. */
export const partOf = (point: Point, parts: number): number => Math.floor((point[0] * parts) / WORD)

/** Whether somebody can have cut the key space into so many parts. */
export const isPartCount = (parts: number): boolean => Number.isInteger(Math.log2(parts))

/** What is known, by part. */
export const entriesByPart = (table: DirectoryTable, parts: number): ReadonlyArray<ReadonlyArray<Entry>> => {
  const byPart = Array.from({ length: parts }, (): Array<Entry> => [])
  for (const entry of table.entries) byPart[partOf(entry.point, parts)]!.push(entry)
  return byPart
}

/** The digest of some records. */
const digestOf = (hasher: HasherService, entries: ReadonlyArray<Entry>): DirectoryDigest => {
  const sum = new Uint8Array(DIGEST_BYTES)
  for (const { record } of entries) {
    const digest = digestOfRecord(hasher, record)
    for (let i = 0; i < DIGEST_BYTES; i++) sum[i]! ^= digest[i]!
  }
  return Base32.encode(sum) as DirectoryDigest
}

/** The digests of all parts. */
export const digestsOf = (
  hasher: HasherService,
  byPart: ReadonlyArray<ReadonlyArray<Entry>>
): ReadonlyArray<DirectoryDigest> => byPart.map((entries) => digestOf(hasher, entries))
