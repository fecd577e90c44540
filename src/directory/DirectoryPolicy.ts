/** How peers of their own are looked for when memory does not tell who is close to a place. */
export interface LookupPolicy {
  /** Ways that are gone at once, none of which asks whom another asked. */
  readonly paths: number
  /** So many at most, where some of them fail or contradict each other. */
  readonly maxPaths: number
  /** Peers that are asked at most. */
  readonly maxRequests: number
  /** Peers that each is asked for. */
  readonly answers: number
  /** Those found are too few for the size of the network, as estimated, if they are so many times farther off than usual. */
  readonly sparseness: number
}

/** So many at once, and so many more with each minute. */
export interface Allowance {
  readonly burst: number
  readonly perMinute: number
}

/** What a node does to know the others, and how much of it. All durations in milliseconds. */
export interface DirectoryPolicy {
  /** Peers that are known at most. Beyond it a node knows its neighbourhood, and of all others some from each distance. */
  readonly directoryLimit: number
  /** The least that count as neighbourhood: those closest to this node, all of whom are kept. */
  readonly neighbours: number
  /** How long this node's record may be kept by others without a sign of it. */
  readonly lifetimeMillis: number
  /** How often it is signed anew. */
  readonly renewMillis: number
  /** The least between two records that are signed because somebody else signs as this peer. */
  readonly contestMillis: number
  /** How often a node looks at what is due. */
  readonly tickMillis: number
  /** How long the answer of a peer is waited for. */
  readonly answerMillis: number
  /** Questions under way at once, at most, but for those of look-ups. */
  readonly maxCalls: number
  /** A peer that was not in contact for so long is asked whether it is there. */
  readonly silenceMillis: number
  /** So many are asked that with each tick, at most: it takes a large network longer to notice who is gone. */
  readonly pingsPerTick: number
  /** After so many failures in a row a peer counts as unreachable. */
  readonly failuresUntilUnreachable: number
  /** The pause before it is asked again; it doubles with each failure. */
  readonly backOffMillis: number
  readonly maxBackOffMillis: number
  /** How often what is known is compared with another peer. */
  readonly exchangeMillis: number
  /** The same, as long as a node has not caught up with the others: until then it is not active. */
  readonly catchUpMillis: number
  /** Beyond the limit: how often a neighbour is asked who is close to this node, instead. */
  readonly neighbourMillis: number
  /** Of a new record of its own a node tells so many peers itself, the closest; the others hear of it from them. */
  readonly announceTo: number
  /** Beyond the limit: how often the surroundings, or those of a random place, are looked up. */
  readonly refreshMillis: number
  /** A peer that misbehaved is not asked for anything for so long. */
  readonly shunMillis: number
  /** New peers that one peer may tell of. */
  readonly introductions: Allowance
  /** New peers that may tell of themselves, all together. */
  readonly strangers: Allowance
  /** New peers in all. */
  readonly newcomers: Allowance
  /** New records of one known peer. */
  readonly updates: Allowance
  /** Look-ups under way at once, at most; more wait. */
  readonly maxLookups: number
  readonly lookup: LookupPolicy
}

/** What is wrong with a policy: whoever is asked who is close to a place must know all who are close to itself. */
export const policyProblem = ({ directoryLimit, lookup, neighbours }: DirectoryPolicy): string | undefined => {
  if (neighbours < 2 * lookup.answers) return `${neighbours} neighbours are too few to answer with ${lookup.answers}`
  return directoryLimit < 2 * neighbours
    ? `a directory of ${directoryLimit} has no room beside ${neighbours} neighbours`
    : undefined
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What suits laptops and servers. Up to 80 peers that are gone are noticed in 12 s, of 4,096 in 5 minutes. */
export const defaultDirectoryPolicy: DirectoryPolicy = {
  announceTo: 32,
  answerMillis: 2 * SECOND,
  backOffMillis: SECOND,
  catchUpMillis: SECOND / 8,
  contestMillis: 10 * SECOND,
  directoryLimit: 4_096,
  exchangeMillis: SECOND,
  failuresUntilUnreachable: 2,
  introductions: { burst: 256, perMinute: 64 },
  lifetimeMillis: 7 * DAY,
  lookup: { answers: 12, maxPaths: 10, maxRequests: 64, paths: 4, sparseness: 2 },
  maxBackOffMillis: MINUTE,
  maxCalls: 16,
  maxLookups: 16,
  neighbourMillis: 4 * SECOND,
  neighbours: 64,
  newcomers: { burst: 4_096, perMinute: 1_024 },
  pingsPerTick: 4,
  refreshMillis: 30 * SECOND,
  renewMillis: 6 * HOUR,
  shunMillis: MINUTE,
  silenceMillis: 5 * SECOND,
  strangers: { burst: 256, perMinute: 128 },
  tickMillis: 250,
  updates: { burst: 8, perMinute: 12 }
}
