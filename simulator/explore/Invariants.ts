/**
 * What must never be, whatever anybody sends. These are the explorer's own; of the machine it takes only how many signatures show
 * something (`Evidence`). Protocol §6.
 */
import type { BlockId } from "../../schemas/Ids.ts"
import type { Base, Shard } from "../../schemas/Manifest.ts"
import type { MemberState } from "../../src/cluster/member/MemberState.ts"
import { entriesOf } from "../../src/storage/manifestRules.ts"
import type { Claims } from "./Claims.ts"
import type { Condition, ConditionTable } from "./ConditionTable.ts"
import { contested } from "./Events.ts"
import type { Evidence } from "./Evidence.ts"
import type { Scene, Transaction } from "./Scene.ts"
import { says } from "./says.ts"

/** What a condition says about a transaction. */
const APPLIED = 1
const DROPPED = 2
const BITS_PER_TRANSACTION = 2
const UNKNOWN = -1

/** Two transactions of which one writes what the other reads. */
interface ReadWrite {
  readonly reader: number
  readonly writer: number
}

/** Looks for what must never be. */
export class Invariants {
  readonly #scene: Scene
  readonly #claims: Claims
  readonly #evidence: Evidence
  readonly #conditions: ConditionTable
  readonly #about: Array<number> = []
  /** Pairs that write one block. */
  readonly #rivals: ReadonlyArray<readonly [number, number]>
  readonly #readWrites: ReadonlyArray<ReadWrite>
  /**
   * Whether all clusters have no more liars than they may. One that has more can show every member another decision, so that
   * nothing is promised but that a shard applies only what it has approved. §6, *Assumed*.
   */
  readonly isTrusted: boolean
  /** Whether any transaction has several shards. */
  readonly #isSpread: boolean

  constructor(scene: Scene, claims: Claims, evidence: Evidence, conditions: ConditionTable) {
    this.#scene = scene
    this.#claims = claims
    this.#evidence = evidence
    this.#conditions = conditions
    const { clusters, transactions } = scene
    const pairs = transactions.flatMap((_, i) => transactions.map((_other, j) => [i, j] as const))
    this.#rivals = pairs.filter(([i, j]) => i < j && contested(transactions[i]!, transactions[j]!).length > 0)
    this.#readWrites = pairs
      .filter(([i, j]) => i !== j && reads(transactions[j]!, transactions[i]!))
      .map(([writer, reader]) => ({ reader, writer }))
    this.isTrusted = clusters.every(({ isTrusted }) => isTrusted)
    this.#isSpread = transactions.some(({ shards }) => shards.length > 1)
  }

  /**
   * What remains to be remembered of the order of decisions: a bit for each writer that has committed before the reader of what
   * it wrote.
   */
  order(before: number): number {
    let order = before
    for (const [i, { reader, writer }] of this.#readWrites.entries()) {
      if (this.#isCommitted(writer) && !this.#isCommitted(reader)) order |= 1 << i
    }
    return order
  }

  /** What is wrong with the state that was read last, in which members have these conditions. */
  violation(members: Uint32Array, order: number): string | undefined {
    const problem = this.isTrusted ? (this.#decisionsProblem(members) ?? this.#exclusionProblem(order)) : undefined
    return problem ?? (this.#isSpread ? this.#applyProblem(members) : undefined)
  }

  #decisionsProblem(members: Uint32Array): string | undefined {
    const { transactions } = this.#scene
    let about = 0
    for (let member = 0; member < members.length; member++) about |= this.#of(members[member]!)
    for (let index = 0; index < transactions.length; index++) {
      const says = about >>> (BITS_PER_TRANSACTION * index)
      const problem = this.#decisionProblem(index, (says & APPLIED) !== 0, (says & DROPPED) !== 0)
      if (problem !== undefined) return `${problem}: ${transactions[index]!.name}`
    }
    return undefined
  }

  #exclusionProblem(order: number): string | undefined {
    for (const [one, other] of this.#rivals) {
      if (this.#isCommitted(one) && this.#isCommitted(other)) return "exclusion: both rivals are committed"
    }
    for (let i = 0; i < this.#readWrites.length; i++) {
      if ((order >>> i) & 1 && this.#isCommitted(this.#readWrites[i]!.reader)) {
        return "exclusion: a reader is committed after the writer of what it read"
      }
    }
    return undefined
  }

  #decisionProblem(index: number, isApplied: boolean, isDropped: boolean): string | undefined {
    const { facts, of } = this.#evidence
    const { aborted, refused, shardPended } = of[index]!
    const isCommitted = this.#isCommitted(index)
    if (isApplied && isDropped) return "atomicity: one member has applied what another has dropped"
    if (isApplied && !isCommitted) return "atomicity: a member has applied what is not decided"
    if (!isCommitted) return undefined
    if (facts[aborted]) return "agreement: committed and aborted"
    for (const fact of refused) if (facts[fact]) return "refusal excludes commit: committed and refused"
    if (shardPended.length > 1) {
      for (const fact of shardPended) if (!facts[fact]) return "atomicity: committed, though a shard has not approved"
    }
    return isDropped
      ? "locks are kept while it can commit: committed, though a member has dropped its locks"
      : undefined
  }

  /** §3, *Apply*: the decision alone proves nothing to a shard that has not approved. */
  #applyProblem(members: Uint32Array): string | undefined {
    const { facts, of } = this.#evidence
    const { transactions } = this.#scene
    for (let member = 0; member < members.length; member++) {
      const about = this.#of(members[member]!)
      if (about === 0) continue
      for (const [index, { name, shards }] of transactions.entries()) {
        if (shards.length === 1 || ((about >>> (BITS_PER_TRANSACTION * index)) & APPLIED) === 0) continue
        const own = shards.indexOf(this.#clusterOf(members[member]!))
        if (!facts[of[index]!.shardPended[own]!]) {
          return `atomicity: a member has applied what its own shard has not approved: ${name}`
        }
      }
    }
    return undefined
  }

  #isCommitted(index: number): boolean {
    const { facts, of } = this.#evidence
    return facts[of[index]!.committed] === 1
  }

  #clusterOf(condition: Condition): number {
    return this.#conditions.table.states[this.#conditions.states.array[condition]!]!.cluster
  }

  #of(condition: Condition): number {
    const known = this.#about[condition] ?? UNKNOWN
    if (known !== UNKNOWN) return known
    const { cluster, state } = this.#conditions.table.states[this.#conditions.states.array[condition]!]!
    let about = 0
    for (const [index, transaction] of this.#scene.transactions.entries()) {
      if (!transaction.shards.includes(cluster)) continue
      const record = state.transactions.get(transaction.action)
      const said =
        record?._tag === "Committed"
          ? APPLIED
          : record?._tag === "Aborted" || this.#hasLost(condition, cluster, state, transaction)
            ? DROPPED
            : 0
      about |= said << (BITS_PER_TRANSACTION * index)
    }
    // Conditions are numbered as they are found, and looked at in about that order.
    while (this.#about.length < condition) this.#about.push(UNKNOWN)
    this.#about[condition] = about
    return about
  }

  /** Whether a member has approved and yet holds no lock on one of the blocks, though that is as the transaction found it. */
  #hasLost(condition: Condition, cluster: number, state: MemberState, transaction: Transaction): boolean {
    const shard = transaction.shards.indexOf(cluster)
    const { shift, word } = this.#claims.bit(transaction, says.approval(shard))
    const signed = this.#conditions.signed.array[condition * this.#claims.words + word]!
    if (((signed >>> shift) & 1) === 0) return false
    return basesOf(transaction.signed.manifest.shards[shard]!).some(([block, base]) => {
      const latest = state.blocks.get(block)?.latest.rev ?? 0
      const isSuperseded = latest > (base === "none" ? 0 : base.rev)
      return !isSuperseded && !state.locks.get(block)?.some(({ holder }) => holder === transaction.action)
    })
  }
}

/** What a transaction starts from in a shard. */
const basesOf = ({ reads: read, writes }: Shard): ReadonlyArray<readonly [BlockId, Base]> => [
  ...entriesOf(writes).map(([block, { base }]) => [block, base] as const),
  ...entriesOf(read)
]

/** Whether a transaction reads a block that another writes. */
const reads = (reader: Transaction, writer: Transaction): boolean => {
  const written = new Set(writer.signed.manifest.shards.flatMap(({ writes }) => Object.keys(writes)))
  return reader.signed.manifest.shards.some(({ reads: read }) => Object.keys(read).some((block) => written.has(block)))
}
