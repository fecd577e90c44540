/** What the disks of a cluster's honest nodes say, once all is quiet: what must hold of it, and how transactions were decided. */
import * as Effect from "effect/Effect"
import type { ActionId, BlockId, PeerId } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { Revision } from "../../schemas/Revision.ts"
import type { RawStorageService, Space, StorageKey } from "../../services/RawStorage.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import { revisionOf, shardProofProblem } from "../../src/cluster/evidence/RevisionProof.ts"
import { signedProblem } from "../../src/cluster/evidence/SignedManifest.ts"
import { entriesOf } from "../../src/storage/manifestRules.ts"
import { keys } from "../../src/storage/records.ts"
import type { Cluster } from "./Cluster.ts"
import { rulesOf, type SimulatedNode } from "./SimulatedNode.ts"

/** How transactions were decided. */
export interface Decisions {
  /** By approvals alone. */
  readonly oneRound: number
  /** By acceptances in ballot 0. */
  readonly twoRounds: number
  /** In a later ballot, by who recovered them. */
  readonly recovered: number
  /** Over several member sets. */
  readonly multiShard: number
}

/** A committed transaction as a node has it. */
interface Committed {
  readonly signed: SignedManifest
  readonly proof: Proof
}

/** What one node has on its disk. */
interface NodeEvidence {
  readonly node: SimulatedNode
  readonly committed: ReadonlyMap<ActionId, Committed>
  readonly aborted: ReadonlySet<ActionId>
  readonly revisions: ReadonlyMap<BlockId, ReadonlyArray<Revision>>
  /** Locks and promises of transactions that have not ended here. */
  readonly open: ReadonlyArray<string>
}

/** More of anything is in no simulation. */
const ALL = 100_000
/** Of one kind of problem so many are told. */
const MAX_TOLD = 5

const list = (content: RawStorageService, space: Space): ReadonlyArray<string> =>
  Effect.runSync(content.blocks(space, { limit: ALL }))

const get = <A>(content: RawStorageService, key: StorageKey): A | undefined => {
  const text = Effect.runSync(content.get(key))
  return text === undefined ? undefined : (JSON.parse(text) as A)
}

const committedIn = (content: RawStorageService): ReadonlyMap<ActionId, Committed> =>
  new Map(
    (list(content, "proof") as ReadonlyArray<ActionId>).flatMap((action) => {
      const signed = get<SignedManifest>(content, keys.manifest(action))
      const proof = get<Proof>(content, keys.proof(action))
      return signed === undefined || proof === undefined ? [] : [[action, { proof, signed }] as const]
    })
  )

const revisionsOf = (content: RawStorageService, block: BlockId): ReadonlyArray<Revision> =>
  Effect.runSync(content.range({ block, kind: "rev", limit: ALL, space: "block" })).map(
    ({ value }) => JSON.parse(value) as Revision
  )

const evidenceOf = (node: SimulatedNode): NodeEvidence => {
  const { content } = node.disk
  const blocks = list(content, "block") as ReadonlyArray<BlockId>
  return {
    aborted: new Set(list(content, "ended") as ReadonlyArray<ActionId>),
    committed: committedIn(content),
    node,
    open: (["lock", "vote", "ballot"] as const).flatMap((space) => list(content, space).map((id) => `${space} ${id}`)),
    revisions: new Map(blocks.map((block) => [block, revisionsOf(content, block)]))
  }
}

/** The evidence of the honest nodes that are up. */
export class Evidence {
  readonly #cluster: Cluster
  readonly #nodes: ReadonlyArray<NodeEvidence>

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#nodes = cluster.honest.filter(({ life }) => life !== undefined).map(evidenceOf)
  }

  /** Where nodes are not yet what they should be when all is quiet: locks, promises, and revisions that others have. */
  get unsettled(): ReadonlyArray<string> {
    const open = this.#nodes.flatMap(({ node, open }) => open.map((what) => `${node.name} still holds ${what}`))
    return [...first(open), ...first(this.#differences()), ...first(this.#torn())]
  }

  /** What must never be, settled or not. */
  get violations(): ReadonlyArray<string> {
    return [...first(this.#splitDecisions()), ...first(this.#createdTwice()), ...first(this.#unproved())]
  }

  /** How the transactions were decided that wrote something. */
  get decisions(): Decisions {
    const all = new Map(this.#nodes.flatMap(({ committed }) => [...committed]))
    const count = (is: (committed: Committed) => boolean) => [...all.values()].filter(is).length
    return {
      multiShard: count(({ signed }) => signed.manifest.shards.length > 1),
      oneRound: count(({ proof }) => proof.decision.kind === "approve"),
      recovered: count(({ proof }) => proof.decision.ballot !== null),
      twoRounds: count(({ proof: { decision } }) => decision.kind === "accepted" && decision.ballot === null)
    }
  }

  /** Who keeps a block: as a roster says, or as whoever has it has stored. */
  #membersOf(block: BlockId): ReadonlyArray<PeerId> {
    if (this.#cluster.around.growth === undefined) return this.#cluster.membersOf(block)
    const members = this.#nodes.map(({ node }) => get<ReadonlyArray<PeerId>>(node.disk.content, keys.members(block)))
    return members.find((stored) => stored !== undefined) ?? []
  }

  /** Blocks that are created by two transactions: two collections under one name. */
  #createdTwice(): ReadonlyArray<string> {
    const creators = new Map<BlockId, { readonly creator: ActionId; readonly name: string }>()
    return this.#nodes.flatMap(({ node: { name }, revisions }) =>
      [...revisions].flatMap(([block, [created]]) => {
        const other = creators.get(block)
        if (created === undefined) return []
        if (other === undefined) creators.set(block, { creator: created.actionId, name })
        return other === undefined || other.creator === created.actionId
          ? []
          : [`${block} is created by ${other.creator} on ${other.name} and by ${created.actionId} on ${name}`]
      })
    )
  }

  #splitDecisions(): ReadonlyArray<string> {
    return this.#nodes.flatMap((here) =>
      this.#nodes.flatMap((there) =>
        [...here.committed.keys()]
          .filter((action) => there.aborted.has(action))
          .map((action) => `${action} is committed on ${here.node.name} and aborted on ${there.node.name}`)
      )
    )
  }

  /** Revisions without a manifest, or with one that says otherwise, or without a certificate. */
  #unproved(): ReadonlyArray<string> {
    const rules = rulesOf(this.#cluster.around)
    return this.#nodes.flatMap(({ committed, node, revisions }) => [
      ...[...revisions].flatMap(([block, all]) =>
        all.flatMap((revision) => {
          const manifest = committed.get(revision.actionId)?.signed.manifest
          const written = manifest && revisionOf(manifest, revision.actionId, block)
          const isSame = written?.after === revision.after && written.rev === revision.rev
          return isSame ? [] : [`${node.name} has revision ${revision.rev} of ${block} without its transaction`]
        })
      ),
      ...[...committed].flatMap(([action, { proof, signed }]) => {
        const problem = signedProblem(rules, action, signed) ?? this.#shardsProblem(rules, action, signed, proof, node)
        return problem === undefined ? [] : [`${node.name} has ${action}, but ${problem}`]
      })
    ])
  }

  #shardsProblem(
    rules: ClusterRules,
    action: ActionId,
    { manifest }: SignedManifest,
    proof: Proof,
    { peer }: SimulatedNode
  ): string | undefined {
    for (const [index, { writes }] of manifest.shards.entries()) {
      const [written] = entriesOf(writes)
      const members = written === undefined ? [] : this.#membersOf(written[0])
      if (!members.includes(peer)) continue
      const problem = shardProofProblem(rules, action, manifest, index, members, proof)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  /** Transactions of which some blocks have the revision, and some have not. */
  #torn(): ReadonlyArray<string> {
    const all = new Map(this.#nodes.flatMap(({ committed }) => [...committed]))
    return [...all].flatMap(([action, { signed }]) =>
      signed.manifest.shards.flatMap(({ writes }) =>
        entriesOf(writes).flatMap(([block]) => {
          const members = this.#membersOf(block)
          const without = this.#nodes.find(
            ({ node, revisions }) =>
              members.includes(node.peer) && !revisions.get(block)?.some(({ actionId }) => actionId === action)
          )
          return without === undefined ? [] : [`${action} is committed, but not for ${block} on ${without.node.name}`]
        })
      )
    )
  }

  /** Blocks that members of one cluster have at different revisions. */
  #differences(): ReadonlyArray<string> {
    const blocks = new Set(this.#nodes.flatMap(({ revisions }) => [...revisions.keys()]))
    return [...blocks].flatMap((block) => {
      const members = this.#membersOf(block)
      const told = this.#nodes
        .filter(({ node }) => members.includes(node.peer))
        .map(({ node, revisions }) => {
          const all = revisions.get(block) ?? []
          return { name: node.name, said: all.map(({ actionId, rev }) => `${rev} ${actionId}`).join() }
        })
      const [one] = told
      const other = told.find(({ said }) => said !== one?.said)
      return other === undefined ? [] : [`${one!.name} and ${other.name} have other revisions of ${block}`]
    })
  }
}

const first = (problems: ReadonlyArray<string>): ReadonlyArray<string> =>
  problems.length <= MAX_TOLD
    ? problems
    : [...problems.slice(0, MAX_TOLD), `… and ${problems.length - MAX_TOLD} more like it`]
