/**
 * What can be shown to somebody in a state. Signatures never go away, and anybody may put them together: a fact holds as soon as
 * enough members have signed. How many are enough is asked of the machine, so that one which counts wrongly is believed
 * by all, as it would be by its own kind.
 */
import type { Certificate, Decision } from "../../schemas/Proof.ts"
import type { Bit, Claims } from "./Claims.ts"
import type { Machine } from "./Machine.ts"
import { type Cluster, certify, type Says, type Scene, type Transaction } from "./Scene.ts"
import { needsPends } from "./Statements.ts"
import { acceptancesBelow, says } from "./says.ts"

/** The number of something that can be shown. */
export type Fact = number

/** So many honest members have signed a claim; none, where liars are enough. */
interface Threshold extends Bit {
  readonly honest: number
}

/** All of these together show something. */
type Proof = ReadonlyArray<Threshold>

/** What can be shown of one transaction. */
export interface Facts {
  /** Pend certificates of all shards, as whoever accepts in ballot 0 is shown them. §3. */
  readonly pended: Fact
  /** The pend certificate of each shard, counted in that shard alone. */
  readonly shardPended: ReadonlyArray<Fact>
  /** A refusal certificate of each shard. §2. */
  readonly refused: ReadonlyArray<Fact>
  /** What proves each acceptance: in ballot 0 pend certificates, later a prepare certificate, and what goes with it. §4. */
  readonly provable: ReadonlyArray<Fact>
  /** A decision certificate. §3. */
  readonly committed: Fact
  readonly aborted: Fact
  /** What proves the revisions that it writes in each shard. §3, *Apply*. */
  readonly applicable: ReadonlyArray<Fact>
}

/** Looks at who has signed what. */
export class Evidence {
  /** Whether each fact holds in the state that was read last. */
  readonly facts: Uint8Array
  readonly of: ReadonlyArray<Facts>
  readonly #proofs: Array<ReadonlyArray<Proof>> = []
  readonly #words: number
  readonly #most: number
  /** For each number of members and each word: the claims that at least so many have signed. */
  readonly #signed: Int32Array

  constructor(scene: Scene, claims: Claims, machine: Machine) {
    this.#words = claims.words
    this.#most = Math.max(...scene.clusters.map(({ honest }) => honest.length))
    this.#signed = new Int32Array((this.#most + 1) * claims.words)
    this.of = scene.transactions.map((transaction) => this.#factsOf(scene, claims, machine, transaction))
    this.facts = new Uint8Array(this.#proofs.length)
  }

  /** Reads what can be shown: `words` holds what each condition has signed, `members` the conditions of the members. */
  read(words: Int32Array, members: Uint32Array): void {
    const signed = this.#signed
    const width = this.#words
    signed.fill(0)
    for (let word = 0; word < width; word++) {
      signed[word] = -1
      for (let member = 0; member < members.length; member++) {
        const own = words[members[member]! * width + word]!
        for (let count = this.#most; count > 0; count--) {
          signed[count * width + word]! |= signed[(count - 1) * width + word]! & own
        }
      }
    }
    for (let fact = 0; fact < this.facts.length; fact++) this.facts[fact] = this.#holds(this.#proofs[fact]!) ? 1 : 0
  }

  #holds(proofs: ReadonlyArray<Proof>): boolean {
    for (let i = 0; i < proofs.length; i++) {
      const proof = proofs[i]!
      let j = 0
      for (; j < proof.length; j++) {
        const { honest, shift, word } = proof[j]!
        if (((this.#signed[honest * this.#words + word]! >>> shift) & 1) === 0) break
      }
      if (j === proof.length) return true
    }
    return false
  }

  #fact(proofs: ReadonlyArray<Proof>): Fact {
    return this.#proofs.push(proofs) - 1
  }

  #factsOf(scene: Scene, claims: Claims, machine: Machine, transaction: Transaction): Facts {
    const { action, shards, signed } = transaction
    const { manifest } = signed
    const clusters = shards.map((cluster) => scene.clusters[cluster]!)
    const primary = clusters[0]!
    const rules = primary.context
    /** How a claim is shown, if so many signatures of a cluster are ever enough. */
    const shown = (
      cluster: Cluster,
      claim: Says,
      problem: (certificate: Certificate) => string | undefined
    ): ReadonlyArray<Proof> => {
      const needed = fewest(cluster, (count) => problem(certify(cluster, transaction, claim, count)) === undefined)
      if (needed === undefined) return []
      return [[{ ...claims.bit(transaction, claim), honest: Math.max(0, needed - cluster.liars) }]]
    }
    const pend = (slot: number, shard: number) =>
      shown(clusters[shard]!, says.approval(shard), (certificate) =>
        machine.pendProblem(rules, action, manifest, slot, certificate)
      )
    const own = clusters.map((_, shard) => pend(shard, shard))
    // A certificate of one shard is no certificate of another; a machine that takes it for one is shown it.
    const pended = clusters
      .map((_, slot) => clusters.flatMap((_cluster, shard) => pend(slot, shard)))
      .reduce(both, [[]])
    const prepared = (ballot: number, value: Decision): ReadonlyArray<Proof> => {
      const proved = shown(primary, says.prepared(transaction, ballot, value), (certificate) =>
        machine.preparedProblem(rules, action, manifest, transaction.ballots[ballot]!, value, certificate)
      )
      return needsPends(scene, machine, transaction, ballot, value) ? both(proved, pended) : proved
    }
    const decided = (decision: Decision) =>
      [says.approval(0), ...transaction.ballots.map((_, ballot) => says.accepted(transaction, ballot, decision))]
        .filter(({ ballot, kind }) => kind === "approve" || ballot !== null || decision === "commit")
        .flatMap((claim) =>
          shown(primary, claim, (certificate) =>
            machine.decisionProblem(rules, action, manifest, decision, certificate)
          )
        )
    const committed = decided("commit")
    const applicable = clusters.map((cluster, shard) => {
      const decision = certify(primary, transaction, says.accepted(transaction, 0, "commit"), primary.signers.length)
      const problem = machine.shardProofProblem(rules, action, manifest, shard, cluster.peers, { decision })
      return problem === undefined ? committed : both(committed, own[shard]!)
    })
    return {
      aborted: this.#fact(decided("abort")),
      applicable: applicable.map((proofs) => this.#fact(proofs)),
      committed: this.#fact(committed),
      pended: this.#fact(pended),
      provable: acceptancesBelow(transaction, transaction.ballots.length).map(({ ballot, value }) =>
        this.#fact(ballot === null ? pended : prepared(ballot.n, value))
      ),
      refused: clusters.map((cluster, shard) =>
        this.#fact(
          shown(cluster, says.refusal(shard), (certificate) =>
            machine.refusalsProblem(rules, action, manifest, certificate)
          )
        )
      ),
      shardPended: own.map((proofs) => this.#fact(proofs))
    }
  }
}

/** How many signatures of a cluster are enough for something. */
const fewest = ({ signers }: Cluster, isEnough: (count: number) => boolean): number | undefined =>
  signers.map((_, i) => i + 1).find(isEnough)

/** Each way to show the one with each way to show the other. */
const both = (a: ReadonlyArray<Proof>, b: ReadonlyArray<Proof>): ReadonlyArray<Proof> =>
  a.flatMap((one) => b.map((other) => [...one, ...other]))
