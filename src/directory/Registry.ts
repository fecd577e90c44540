/**
 * What a node believes of records that it is told: whom it takes up, what replaces what, and how much of it from whom. Who is
 * believed to be there is another matter: here nothing is ever taken from anybody's clock.
 */
import type { PeerClaim, PeerRecord, ToldRecord } from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { NetworkName } from "../../schemas/Manifest.ts"
import type { DirectoryChange } from "../../services/Directory.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { VerifierService } from "../../services/Verifier.ts"
import { BoundedCache } from "../block/BoundedCache.ts"
import { type Point, pointOfPeer } from "../network/Point.ts"
import { Allowances, fullCredit, takeOne } from "./Allowances.ts"
import type { DirectoryPolicy } from "./DirectoryPolicy.ts"
import { DirectoryTable, type Entry } from "./DirectoryTable.ts"
import type { Candidate } from "./Lookup.ts"
import { isSigned, pointOfRecord, signRecord, supersedes } from "./PeerRecords.ts"

/** What a registry is for, and what it works with. */
export interface RegistryContext {
  readonly network: NetworkName
  readonly hasher: HasherService
  readonly signer: SignerService
  readonly verifier: VerifierService
  readonly policy: DirectoryPolicy
  /** If there are any, nobody else is ever known. */
  readonly allow?: ReadonlySet<PeerId>
}

/** What became of a record that was told. */
export type Verdict =
  /** The peer was not known. */
  | "new"
  /** It takes the place of an older one. */
  | "newer"
  /** It is known, or an older one. */
  | "known"
  /** Nobody was to tell of it any more: it is too long without a sign, or was dropped for that. */
  | "expired"
  /** It is not signed by its peer, or not for this network. */
  | "forged"
  /** More was told than is taken up. */
  | "flooded"
  /** There is no room for it. */
  | "left-out"
  /** Its peer is not allowed here. */
  | "barred"
  /** It is one of this peer's own. */
  | "own"
  /** It is one of this peer's own, and newer than any that this node has signed: it has lived before, or twice. */
  | "own-ahead"

/** Peers that were dropped, and are not taken up again on hearsay, at most. */
const MAX_DROPPED = 4_096
/** Changes that wait for whoever wants to hear of them, at most. */
const MAX_CHANGES = 8_192
/** Peers that were come upon in look-ups, and are remembered beside the table, at most. */
const MAX_ACQUAINTED = 4_096
/** Under this name all strangers that tell of themselves share one allowance, and under this one all newcomers. */
const TOGETHER = "all"

/** The records of peers that are known, this one's own among them. */
export class Registry {
  readonly table: DirectoryTable
  readonly self: PeerId
  readonly point: Point
  readonly #context: RegistryContext
  readonly #dropped = new BoundedCache<PeerId, number>(MAX_DROPPED, () => 1)
  readonly #acquainted = new BoundedCache<PeerId, PeerRecord>(MAX_ACQUAINTED, () => 1)
  readonly #introductions: Allowances<PeerId>
  readonly #strangers: Allowances<string>
  readonly #newcomers: Allowances<string>
  #changes: Array<DirectoryChange> = []
  #own: PeerRecord | undefined
  /** The highest sequence that this peer is known to have signed. */
  #ownFloor: number

  /** `firstSequence`: higher than what this node signed in earlier lives, as far as it can tell. */
  constructor(context: RegistryContext, firstSequence: number) {
    const { hasher, policy, signer } = context
    this.#context = context
    this.self = signer.peer
    this.point = pointOfPeer(hasher, this.self)
    this.table = new DirectoryTable({
      center: this.point,
      failuresUntilUnreachable: policy.failuresUntilUnreachable,
      limit: policy.directoryLimit,
      neighbours: policy.neighbours
    })
    this.#introductions = new Allowances(policy.introductions)
    this.#strangers = new Allowances(policy.strangers)
    this.#newcomers = new Allowances(policy.newcomers)
    this.#ownFloor = firstSequence - 1
  }

  get own(): PeerRecord | undefined {
    return this.#own
  }

  /** Whether this peer has signed a newer record than the one that this node gives out. */
  get isOwnBehind(): boolean {
    return this.#own !== undefined && this.#own.sequence <= this.#ownFloor
  }

  /** Signs this peer's own record. */
  sign(claim: Omit<PeerClaim, "peer" | "sequence">, nowMillis: number): void {
    const { network, signer } = this.#context
    const sequence = Math.max(this.#ownFloor, this.#own?.sequence ?? 0) + 1
    const record = signRecord(signer, network, { ...claim, peer: this.self, sequence })
    const entry = this.table.get(this.self)
    if (entry === undefined) this.table.add(this.#entryOf(record, nowMillis, nowMillis))
    else this.table.update(entry, record)
    this.#changed(this.self, this.#own, record)
    this.#own = record
  }

  /** Takes note of a record that a peer told of. */
  learn(from: PeerId, { record, silentMillis }: ToldRecord, nowMillis: number): Verdict {
    if (record.peer === this.self) return this.#learnOwn(record)
    const { allow } = this.#context
    if (allow !== undefined && !allow.has(record.peer)) return "barred"
    const known = this.table.get(record.peer)
    return known === undefined
      ? this.#learnNew(from, record, silentMillis, nowMillis)
      : this.#learnNewer(known, record, silentMillis, nowMillis)
  }

  /** Takes a record up again that this node itself had before it was started: whether anybody else tells of it or not. */
  recall({ record, silentMillis }: ToldRecord, nowMillis: number): void {
    const { allow, hasher } = this.#context
    if (record.peer === this.self || this.table.get(record.peer) !== undefined) return
    if ((allow !== undefined && !allow.has(record.peer)) || silentMillis >= record.lifetimeMillis) return
    if (this.table.isLeftOut(pointOfRecord(hasher, record)) || !this.#isSigned(record)) return
    const added = this.table.add(this.#entryOf(record, nowMillis, nowMillis - silentMillis))
    if (added === "added") this.#changed(record.peer, undefined, record)
  }

  /** A record that a look-up came upon, if it is worth anything. It need not have a place in the table to be known. */
  acquaint(record: PeerRecord): Candidate | undefined {
    const { allow, hasher } = this.#context
    const known = this.recordOf(record.peer)
    const isKnown = known?.signature === record.signature && known.sequence === record.sequence
    if (!isKnown && ((allow !== undefined && !allow.has(record.peer)) || !this.#isSigned(record))) return undefined
    const latest = known !== undefined && !supersedes(record, known) ? known : record
    if (latest.peer !== this.self && this.table.get(latest.peer) === undefined) {
      this.#acquainted.set(latest.peer, latest)
    }
    return { peer: latest.peer, point: pointOfRecord(hasher, latest), record: latest }
  }

  /** The record of a peer, from wherever it is known. */
  recordOf(peer: PeerId): PeerRecord | undefined {
    return this.table.get(peer)?.record ?? this.#acquainted.get(peer)
  }

  /** Whether a record is told of in vain, as it was dropped. */
  isDropped(peer: PeerId, sequence: number): boolean {
    return sequence <= (this.#dropped.get(peer) ?? 0)
  }

  /** Drops a peer of which nothing was heard for too long: only a newer record brings it back, or it itself. */
  drop({ peer, record }: Entry): void {
    this.table.remove(peer)
    this.#dropped.set(peer, record.sequence)
    this.#changed(peer, record, undefined)
  }

  /** What changed since it was asked last. */
  takeChanges(): ReadonlyArray<DirectoryChange> {
    const changes = this.#changes
    if (changes.length > 0) this.#changes = []
    return changes
  }

  #learnOwn(record: PeerRecord): Verdict {
    const own = this.#own
    if (own?.signature === record.signature || record.sequence < (own?.sequence ?? 0)) return "own"
    if (record.sequence <= this.#ownFloor || record.sequence === Number.MAX_SAFE_INTEGER) return "own"
    if (!this.#isSigned(record)) return "forged"
    this.#ownFloor = record.sequence
    return "own-ahead"
  }

  #learnNewer(known: Entry, record: PeerRecord, silentMillis: number, nowMillis: number): Verdict {
    if (!supersedes(record, known.record)) return "known"
    const credit = takeOne(this.#context.policy.updates, known.updates, nowMillis)
    if (credit === undefined) return "flooded"
    if (!this.#isSigned(record)) return "forged"
    known.updates = credit
    // Only a higher sequence is a sign of life: one and the same record may be told of for ever.
    if (record.sequence > known.record.sequence) {
      known.signMillis = Math.max(known.signMillis, nowMillis - silentMillis)
    }
    this.#changed(known.peer, known.record, record)
    this.table.update(known, record)
    return "newer"
  }

  #learnNew(from: PeerId, record: PeerRecord, silentMillis: number, nowMillis: number): Verdict {
    const isOfItself = from === record.peer
    if (!isOfItself && (silentMillis >= record.lifetimeMillis || this.isDropped(record.peer, record.sequence))) {
      return "expired"
    }
    const point = pointOfRecord(this.#context.hasher, record)
    if (this.table.isLeftOut(point)) return "left-out"
    if (!this.#mayCome(from, isOfItself, nowMillis)) return "flooded"
    if (!this.#isSigned(record)) return "forged"
    const added = this.table.add(this.#entryOf(record, nowMillis, nowMillis - (isOfItself ? 0 : silentMillis)))
    if (added === "no-room") return "left-out"
    if (added !== "added") this.#changed(added.peer, added.record, undefined)
    this.#changed(record.peer, undefined, record)
    return "new"
  }

  /** Signatures are checked of those only that may come: what is checked costs. */
  #mayCome(from: PeerId, isOfItself: boolean, nowMillis: number): boolean {
    const isIntroduced = isOfItself
      ? this.#strangers.take(TOGETHER, nowMillis)
      : this.#introductions.take(from, nowMillis)
    return isIntroduced && this.#newcomers.take(TOGETHER, nowMillis)
  }

  #isSigned(record: PeerRecord): boolean {
    return isSigned(this.#context.verifier, this.#context.network, record)
  }

  #entryOf(record: PeerRecord, nowMillis: number, signMillis: number): Entry {
    return {
      failures: 0,
      learnedMillis: nowMillis,
      peer: record.peer,
      // It is heard of because somebody heard from it: no need to ask at once whether it is there, and many that are new at once.
      pingMillis: nowMillis + this.#context.policy.silenceMillis,
      point: pointOfRecord(this.#context.hasher, record),
      record,
      shunnedUntilMillis: 0,
      signMillis,
      toldSequence: 0,
      updates: fullCredit(this.#context.policy.updates, nowMillis)
    }
  }

  #changed(peer: PeerId, before: PeerRecord | undefined, after: PeerRecord | undefined): void {
    if (this.#changes.length >= MAX_CHANGES) this.#changes.shift()
    this.#changes.push({ after, before, peer })
  }
}
