/** How patiently is read. */
export interface ReadPolicy {
  /** How long the first members asked are waited for before all others are asked, too, in milliseconds. */
  readonly readHedgeMillis: number
  /** How often a read is begun again that met undecided locks. */
  readonly maxReadRounds: number
  /** How often several collections are read again to see whether all were as they are at one instant. Then locks have to tell. */
  readonly maxSnapshotReads: number
}

/** What suits a laptop. */
export const defaultReadPolicy: ReadPolicy = { maxReadRounds: 1_000, maxSnapshotReads: 4, readHedgeMillis: 50 }
