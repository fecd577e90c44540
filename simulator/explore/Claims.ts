/**
 * All that a member can ever sign in a scene, a bit for each. What somebody has signed is known by its text, so that two claims
 * which a machine signs with one text are one bit: a signature for the one is a signature for the other.
 */
import type { PublicKey } from "../../schemas/Ids.ts"
import type { JoinValue } from "../../schemas/Proof.ts"
import type { Claim } from "../../src/encoding/Statements.ts"
import type { Machine } from "./Machine.ts"
import type { Says, Scene, Transaction } from "./Scene.ts"
import { approvalsMatter } from "./Statements.ts"
import { acceptancesBelow, DECISIONS, says } from "./says.ts"

/** The place of a bit. */
export interface Bit {
  readonly word: number
  readonly shift: number
}

/** The join statements of one ballot: consecutive bits of one word. */
export interface JoinClaims extends Bit {
  readonly values: ReadonlyArray<JoinValue>
}

/** Bits of a word. */
const WORD_BITS = 32
/** Stands for whoever signed: members of a cluster play one role. */
const ANYBODY = "the signer" as PublicKey

/** The bits of a scene. */
export class Claims {
  /** Words that it takes to hold all of them. */
  words = 0
  readonly #machine: Machine
  readonly #network: Scene["clusters"][number]["context"]["network"]
  readonly #bits = new Map<string, Bit>()
  readonly #joins = new Map<string, JoinClaims>()
  #used = WORD_BITS

  constructor(scene: Scene, machine: Machine) {
    const { clusters, transactions } = scene
    this.#machine = machine
    this.#network = clusters[0]!.context.network
    for (const transaction of transactions) {
      this.#addJoins(scene, transaction)
      for (const shard of transaction.shards.keys()) {
        this.#add(transaction, says.approval(shard))
        this.#add(transaction, says.refusal(shard))
      }
      for (const ballot of transaction.ballots.keys()) {
        for (const value of DECISIONS) {
          if (ballot > 0) this.#add(transaction, says.prepared(transaction, ballot, value))
          if (ballot > 0 || value === "commit") this.#add(transaction, says.accepted(transaction, ballot, value))
        }
      }
    }
  }

  /** The bit of a claim about a transaction. */
  bit(transaction: Transaction, claim: Says): Bit {
    return this.#bits.get(this.#text(ANYBODY, { ...claim, action: transaction.action }))!
  }

  /** The join statements of a ballot: of each acceptance below it, or of none; with and without an approval, where that matters. */
  joins({ name }: Transaction, ballot: number): JoinClaims {
    return this.#joins.get(`${name} ${ballot}`)!
  }

  /** The bit of a text that somebody signed. */
  signed(signer: PublicKey, text: string): Bit {
    const bit = this.#bits.get(text.replaceAll(signer, ANYBODY))
    if (bit === undefined) throw new Error(`a member signed what the explorer does not know: ${text}`)
    return bit
  }

  #addJoins(scene: Scene, transaction: Transaction): void {
    for (const [ballot, named] of transaction.ballots.entries()) {
      if (named === null) continue
      const told = approvalsMatter(scene, this.#machine, transaction, ballot) ? [false, true] : [false]
      const values = [null, ...acceptancesBelow(transaction, ballot)].flatMap((acceptance) =>
        told.map((approved): JoinValue => ({ acceptance, approved }))
      )
      this.#reserve(values.length)
      this.#joins.set(`${transaction.name} ${ballot}`, { shift: this.#used, values, word: this.words - 1 })
      for (const value of values) {
        const claim = { action: transaction.action, ballot: named, kind: "join", value } as const
        const bit = this.#addClaim(claim)
        if (told.length === 1)
          this.#bits.set(this.#text(ANYBODY, { ...claim, value: { ...value, approved: true } }), bit)
      }
    }
  }

  #add({ action }: Transaction, claim: Says): void {
    this.#addClaim({ ...claim, action })
  }

  #addClaim(claim: Claim): Bit {
    const text = this.#text(ANYBODY, claim)
    const known = this.#bits.get(text)
    if (known !== undefined) return known
    this.#reserve(1)
    const bit = { shift: this.#used++, word: this.words - 1 }
    this.#bits.set(text, bit)
    return bit
  }

  /** Begins another word where so many bits do not fit into this one. */
  #reserve(bits: number): void {
    if (this.#used + bits <= WORD_BITS) return
    this.words += 1
    this.#used = 0
  }

  #text(signer: PublicKey, claim: Claim): string {
    return this.#machine.statementText(this.#network, signer, claim)
  }
}
