/** Why a peer could not be reached. */
export interface DialFailure {
  readonly reason: string
  /** Whether whoever was there is not who was to be there. */
  readonly isSomebodyElse: boolean
}

/** Of what libp2p says, so much is told. */
const MAX_REASON = 200
const SOMEBODY_ELSE = /does not match expected remote identity key|UnexpectedPeer|Payload identity key/i

/** What libp2p says of a failed dial, with what it says of each address. */
export const dialFailure = (error: unknown): DialFailure => {
  const all = error instanceof AggregateError ? [error, ...error.errors] : [error]
  const texts = all.map((each) => (each instanceof Error ? `${each.name}: ${each.message}` : String(each)))
  const reason = (texts.length > 1 ? texts.slice(1) : texts).join("; ").slice(0, MAX_REASON)
  return { isSomebodyElse: texts.some((text) => SOMEBODY_ELSE.test(text)), reason }
}
