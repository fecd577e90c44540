import type { Transaction, Value } from "./History.ts"

/**
 * Why one transaction must come before another: it wrote the earlier version (`ww`), what the other read (`wr`), or
 * read what the other had yet to write (`rw`), or ended before the other started (`rt`).
 */
export type DependencyKind = "ww" | "wr" | "rw" | "rt"

/** One dependency between two transactions. */
export interface Dependency {
  readonly from: Transaction
  readonly to: Transaction
  readonly kind: DependencyKind
  /** The list concerned; absent in `rt`. */
  readonly key?: string
  /** `ww`: what `to` appended. `wr`: what `to` saw. `rw`: what `from` did not see. */
  readonly value?: Value
  /** `ww`: what `from` had appended before. */
  readonly previous?: Value
}

type Anomaly = "G0" | "G1c" | "G-single" | "G2"

/**
 * A cycle of dependencies, named as by Adya and in Elle: of `ww` only (G0), of `ww` and `wr` (G1c), with exactly one
 * `rw` (G-single) or with more (G2); `+realtime` if it is one only because of the order in real time.
 */
export interface CycleViolation {
  readonly name: Anomaly | `${Anomaly}+realtime`
  readonly dependencies: ReadonlyArray<Dependency>
}

/** A read that is wrong whatever the order: of an aborted append (G1a), of a transaction's unfinished state (G1b), … */
export interface ReadViolation {
  readonly name: "G1a" | "G1b" | "lost-append" | "duplicate-value" | "value-from-nowhere" | "append-order"
  readonly reader: Transaction
  /** Who appended the value; absent if nobody did. */
  readonly writer?: Transaction
  readonly key: string
  readonly value: Value
  readonly values: ReadonlyArray<Value>
}

/** Two reads of one list of which neither is the beginning of the other. */
export interface IncompatibleOrder {
  readonly name: "incompatible-order"
  readonly key: string
  readonly first: Transaction
  readonly firstValues: ReadonlyArray<Value>
  readonly second: Transaction
  readonly secondValues: ReadonlyArray<Value>
  /** The first position in which they differ. */
  readonly position: number
}

/** A transaction that contradicts itself: it does not see its own appends, or two of its reads differ otherwise. */
export interface InternalInconsistency {
  readonly name: "internal"
  readonly transaction: Transaction
  readonly key: string
  /** How the list had to end, in view of what the transaction itself had read and appended. */
  readonly expected: ReadonlyArray<Value>
  readonly values: ReadonlyArray<Value>
}

/** Proof that a history is not strictly serializable. */
export type Violation = CycleViolation | ReadViolation | IncompatibleOrder | InternalInconsistency
