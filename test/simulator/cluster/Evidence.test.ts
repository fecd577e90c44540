import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ActionId, BlockId } from "../../../schemas/Ids.ts"
import type { Proof } from "../../../schemas/Proof.ts"
import type { Space, StorageKey } from "../../../services/RawStorage.ts"
import { Account, transact } from "../../../simulator/cluster/Client.ts"
import { Cluster, thisBuild } from "../../../simulator/cluster/Cluster.ts"
import { Evidence } from "../../../simulator/cluster/Evidence.ts"
import type { SimulatedNode } from "../../../simulator/cluster/SimulatedNode.ts"
import { FaultCounts } from "../../../simulator/FaultCounts.ts"
import * as Workloads from "../../../simulator/workloads/Workloads.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { keys } from "../../../src/storage/records.ts"
import { hasher } from "../../storage/TestServices.ts"
import { inSimulation } from "../inSimulation.ts"

const SHAPE = { clusterSize: 4, faultModel: "byzantine", lies: [], newcomers: 0, nodes: 4 } as const

/** A cluster at rest that has created four collections. */
const atRest = (): Cluster =>
  inSimulation(
    Effect.gen(function* () {
      const cluster = yield* Cluster.make(SHAPE, thisBuild, Prng.make("evidence"), hasher, new FaultCounts())
      yield* cluster.start
      const account = new Account()
      for (const [i, body] of Workloads.make("list-append", "together").setUp.entries()) {
        expect(yield* transact(account, `set-up-${i}`, cluster.nodes[0]!, body)).toBe(true)
      }
      yield* Effect.sleep("1 second")
      return cluster
    })
  )

const list = ({ disk }: SimulatedNode, space: Space) => Effect.runSync(disk.content.blocks(space, { limit: 100 }))
const put = ({ disk }: SimulatedNode, key: StorageKey, value: object) =>
  Effect.runSync(disk.content.write([{ key, type: "put", value: JSON.stringify(value) }]))
const remove = ({ disk }: SimulatedNode, key: StorageKey) =>
  Effect.runSync(disk.content.write([{ key, type: "delete" }]))
const proofOf = ({ disk }: SimulatedNode, action: ActionId) =>
  JSON.parse(Effect.runSync(disk.content.get(keys.proof(action)))!) as Proof

const firstAction = (node: SimulatedNode) => list(node, "proof")[0] as ActionId
const firstBlock = (node: SimulatedNode) => list(node, "block")[0] as BlockId

describe("The evidence on the disks of a cluster", () => {
  it("has nothing against one that is well, and knows how its transactions were decided", () => {
    const evidence = new Evidence(atRest())
    expect([...evidence.violations, ...evidence.unsettled]).toEqual([])
    const { multiShard, oneRound, recovered, twoRounds } = evidence.decisions
    expect({ all: oneRound + twoRounds + recovered, multiShard }).toEqual({ all: 4, multiShard: 0 })
  })

  it("tells of a transaction that ended in two ways", () => {
    const cluster = atRest()
    const [one, other] = cluster.nodes as readonly [SimulatedNode, SimulatedNode]
    const action = firstAction(one)
    put(other, keys.ended(action), {})
    expect(new Evidence(cluster).violations).toContain(`${action} is committed on node-0 and aborted on node-1`)
  })

  it("tells of a certificate that has too few signatures, or those of another transaction", () => {
    const cluster = atRest()
    const [node] = cluster.nodes as readonly [SimulatedNode]
    const [action, other] = list(node, "proof") as unknown as readonly [ActionId, ActionId]
    const { decision } = proofOf(node, action)
    put(node, keys.proof(action), { decision: { ...decision, signatures: decision.signatures.slice(0, 2) } })
    expect(new Evidence(cluster).violations.join()).toContain(`${action}, but its decision certificate has 2 valid`)
    put(node, keys.proof(action), proofOf(node, other))
    expect(new Evidence(cluster).violations.join()).toContain(`${action}, but its decision certificate has 0 valid`)
  })

  it("tells of a revision whose transaction is not there", () => {
    const cluster = atRest()
    const [node] = cluster.nodes as readonly [SimulatedNode]
    remove(node, keys.proof(firstAction(node)))
    expect(new Evidence(cluster).violations.join()).toContain("without its transaction")
  })

  it("tells of what is not at rest: locks, members that lack what others have, transactions applied in part", () => {
    const cluster = atRest()
    const [node] = cluster.nodes as readonly [SimulatedNode]
    const block = firstBlock(node)
    const [revision] = Effect.runSync(node.disk.content.range({ block, kind: "rev", limit: 1, space: "block" }))
    const { actionId } = JSON.parse(revision!.value) as { readonly actionId: ActionId }
    put(node, keys.lock(block, actionId), {})
    remove(node, revision!.key)
    const { unsettled, violations } = new Evidence(cluster)
    expect(violations).toEqual([])
    expect(unsettled).toContain(`node-0 still holds lock ${block}`)
    expect(unsettled).toContain(`node-0 and node-1 have other revisions of ${block}`)
    expect(unsettled).toContain(`${actionId} is committed, but not for ${block} on node-0`)
  })

  it("does not count what is down", () => {
    const cluster = atRest()
    const [node] = cluster.nodes as readonly [SimulatedNode]
    put(node, keys.ended(firstAction(node)), {})
    inSimulation(node.crash)
    expect(new Evidence(cluster).violations).toEqual([])
  })
})
