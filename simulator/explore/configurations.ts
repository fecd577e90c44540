/** The small worlds that are explored. */
import type { FaultModel } from "../../schemas/Proof.ts"
import type { ClusterOf, Configuration, Housekeeping } from "./Configuration.ts"

const HOME = ["ann", "bob", "cat"]
const AWAY = ["eve", "fay", "gus"]

/** Three members that follow the rules; with a fourth that lies, where members may. */
const cluster = (faultModel: FaultModel, honest: ReadonlyArray<string>, liar: string): ClusterOf => ({
  honest,
  liars: faultModel === "byzantine" ? [liar] : []
})

const home = (faultModel: FaultModel) => ({ clusters: { home: cluster(faultModel, HOME, "dan") }, faultModel })

const homeAndAway = (faultModel: FaultModel) => ({
  clusters: { away: cluster(faultModel, AWAY, "hal"), home: cluster(faultModel, HOME, "dan") },
  faultModel
})

const size = (faultModel: FaultModel) => (faultModel === "byzantine" ? "K = 4, one lies" : "K = 3, crash")

const ALL: ReadonlyArray<Housekeeping> = ["apply", "end", "forget"]
/** No world here that is to be looked at completely has as many. */
const UNLIMITED = 200_000_000
/** Worlds that are too large are looked at this far: all that happens in some ten to twenty steps. */
const BUDGET = 2_000_000

/** One transaction of one shard. */
const one = (faultModel: FaultModel, ballots: number): Configuration => ({
  ...home(faultModel),
  about: `one transaction of one shard, ${size(faultModel)}, ballots up to ${ballots}`,
  collections: { books: "home" },
  housekeeping: ALL,
  maxStates: UNLIMITED,
  name: `one-${faultModel}-${ballots}`,
  transactions: [{ ballots, name: "X", writes: ["books"] }]
})

/** One transaction of two shards in different clusters. */
const spread = (faultModel: FaultModel, ballots: number): Configuration => ({
  ...homeAndAway(faultModel),
  about: `one transaction of two shards in different clusters, ${size(faultModel)}, ballots up to ${ballots}`,
  collections: { books: "home", films: "away" },
  housekeeping: ALL,
  maxStates: UNLIMITED,
  name: `spread-${faultModel}-${ballots}`,
  transactions: [{ ballots, name: "X", writes: ["books", "films"] }]
})

/** Two transactions that write the same, each of one shard. */
const rivals = (faultModel: FaultModel, ballots: readonly [number, number] = [1, 1]): Configuration => ({
  ...home(faultModel),
  about: `two rivals of one shard, ${size(faultModel)}, ballots up to ${ballots.join(" and ")}`,
  collections: { books: "home" },
  housekeeping: ALL,
  isSymmetric: ballots[0] === ballots[1],
  maxStates: UNLIMITED,
  name: `rivals-${faultModel}-${ballots.join("-")}`,
  transactions: [
    { ballots: ballots[0], name: "X", writes: ["books"] },
    { ballots: ballots[1], name: "Y", writes: ["books"] }
  ]
})

/** A transaction reads what another writes. */
const readerAndWriter = (faultModel: FaultModel, ballots: readonly [number, number] = [1, 1]): Configuration => ({
  ...home(faultModel),
  about: `a writer and a reader of what it writes, ${size(faultModel)}, ballots up to ${ballots.join(" and ")}`,
  collections: { books: "home", films: "home" },
  housekeeping: ALL,
  maxStates: UNLIMITED,
  name: `reader-${faultModel}-${ballots.join("-")}`,
  transactions: [
    { ballots: ballots[0], name: "X", writes: ["books"] },
    { ballots: ballots[1], name: "Y", reads: ["books"], writes: ["films"] }
  ]
})

/** The same, where what the reader writes is kept by another cluster: it leaves no revision where it has read. */
const readerFromAway = (faultModel: FaultModel, ballots: readonly [number, number]): Configuration => ({
  ...readerAndWriter(faultModel, ballots),
  ...homeAndAway(faultModel),
  about: `a writer and a reader that writes in another cluster, ${size(faultModel)}, ballots up to ${ballots.join(" and ")}`,
  collections: { books: "home", films: "away" },
  maxStates: BUDGET,
  name: `reader-away-${faultModel}-${ballots.join("-")}`
})

/** A transaction only reads, in two clusters, while another writes in its primary one: it leaves no revision anywhere. */
const writerAndOnlyReader = (faultModel: FaultModel, ballots: readonly [number, number]): Configuration => ({
  ...homeAndAway(faultModel),
  about: `a writer and a transaction that only reads, in two clusters, ${size(faultModel)}, ballots up to ${ballots.join(" and ")}`,
  collections: { books: "home", films: "away" },
  housekeeping: ALL,
  maxStates: UNLIMITED,
  name: `only-reads-${faultModel}-${ballots.join("-")}`,
  transactions: [
    { ballots: ballots[0], name: "X", writes: ["books"] },
    { ballots: ballots[1], name: "R", reads: ["books", "films"], writes: [] }
  ]
})

/** Two shards in different clusters against one. */
const spreadAndSingle = (faultModel: FaultModel, ballots: readonly [number, number] = [1, 1]): Configuration => ({
  ...homeAndAway(faultModel),
  about: `two shards in different clusters against one, ${size(faultModel)}, ballots up to ${ballots.join(" and ")}`,
  collections: { books: "home", films: "away" },
  housekeeping: ALL,
  maxStates: BUDGET,
  name: `spread-single-${faultModel}-${ballots.join("-")}`,
  transactions: [
    { ballots: ballots[0], name: "X", writes: ["books", "films"] },
    { ballots: ballots[1], name: "Y", writes: ["films"] }
  ]
})

/**
 * The author names friends as the primary cluster. They decide whatever they like, to each member something else: nothing is promised
 * but that a shard applies only what it has approved.
 */
const authorsOwn: Configuration = {
  about: "a transaction whose author owns the primary cluster, against one of an honest cluster",
  clusters: { away: cluster("byzantine", AWAY, "hal"), home: { honest: [], liars: ["dan", "ida", "jon", "kim"] } },
  collections: { books: "home", films: "away" },
  faultModel: "byzantine",
  housekeeping: ALL,
  maxStates: UNLIMITED,
  name: "authors-own",
  transactions: [
    { ballots: 0, name: "X", writes: ["books", "films"] },
    { ballots: 0, name: "Y", writes: ["films"] }
  ]
}

const only = (configuration: Configuration, ...housekeeping: ReadonlyArray<Housekeeping>): Configuration => ({
  ...configuration,
  housekeeping
})

/** The same, from where a transaction is approved by all. */
const approved = (name: string, configuration: Configuration): Configuration => ({ ...configuration, approved: [name] })

/** Worlds to choose from. */
export const worlds = {
  approved,
  authorsOwn,
  one,
  only,
  readerAndWriter,
  readerFromAway,
  rivals,
  spread,
  spreadAndSingle,
  writerAndOnlyReader
}

/** What holds the protocol to its promises. */
export const configurations: ReadonlyArray<Configuration> = [
  one("byzantine", 2),
  one("crash", 2),
  spread("byzantine", 2),
  spread("crash", 2),
  only(rivals("byzantine"), "end"),
  rivals("crash"),
  rivals("byzantine", [1, 0]),
  only(readerAndWriter("byzantine"), "end"),
  only(readerAndWriter("crash"), "end"),
  readerAndWriter("byzantine", [1, 0]),
  readerFromAway("byzantine", [0, 0]),
  readerFromAway("byzantine", [0, 1]),
  spreadAndSingle("byzantine"),
  writerAndOnlyReader("byzantine", [0, 1]),
  authorsOwn
]
