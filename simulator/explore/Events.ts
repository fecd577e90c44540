/**
 * All that can happen to a member. A message is put together from the signatures that exist, as soon as they are enough: of
 * certificates of the same claim that are enough, any one does for all, for a member keeps it only to show it. Messages with too
 * little proof can be sent at any time, so that a member that does not look is found out.
 */
import type { FailedEnding, MemberRequest } from "../../schemas/Cluster.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Certificate, Decision, Proof } from "../../schemas/Proof.ts"
import type { MemberEvent } from "../../src/cluster/member/Member.ts"
import type { Housekeeping } from "./Configuration.ts"
import type { Evidence, Fact } from "./Evidence.ts"
import type { Machine } from "./Machine.ts"
import { type Proposals, VERDICTS } from "./Proposals.ts"
import { certifyAs, payloadFor, type Says, type Scene, type Strength, type Transaction } from "./Scene.ts"
import { acceptanceProof, pendProof } from "./Statements.ts"
import { acceptancesBelow, DECISIONS, says } from "./says.ts"

/** When an event is possible. */
export type When =
  | { readonly _tag: "Always" }
  | { readonly _tag: "Shown"; readonly fact: Fact }
  | { readonly _tag: "Justified"; readonly proposals: Proposals; readonly verdict: number }

/** Something that happens to a member of a cluster. */
export interface Event {
  /** As traces have it. */
  readonly name: string
  /** The cluster whose members it happens to; that of any, where it is absent. */
  readonly cluster?: number
  readonly when: When
  /** What the machine is given; a restart is no event of the machine. */
  readonly happens: (() => MemberEvent) | "restart"
}

const ALWAYS: When = { _tag: "Always" }
const shown = (fact: Fact): When => ({ _tag: "Shown", fact })

/** The last event of all. */
const RESTART: Event = { happens: "restart", name: "restart", when: ALWAYS }

/** What a scene's events are made of. */
export interface Staged {
  readonly scene: Scene
  readonly machine: Machine
  readonly evidence: Evidence
  /** Of each transaction, those of ballots 1, 2, …. */
  readonly proposals: ReadonlyArray<ReadonlyArray<Proposals>>
}

/** The events of a scene. Those of the second transaction follow in the same order as those of the first, then come restarts. */
export const eventsOf = (staged: Staged): ReadonlyArray<Event> => [
  ...staged.scene.transactions.flatMap((_, index) => [
    ...votes(staged, index),
    ...ballots(staged, index),
    ...housekeeping(staged, index)
  ]),
  RESTART
]

const request = (make: () => MemberRequest) => (): MemberEvent => {
  const made = make()
  return { _tag: "Request", from: NOBODY, request: made }
}

/** Whoever asks: answers go to everybody. */
const NOBODY = "" as Extract<MemberEvent, { _tag: "Request" }>["from"]

const votes = (staged: Staged, index: number): ReadonlyArray<Event> => {
  const transaction = staged.scene.transactions[index]!
  const { name, shards, signed } = transaction
  const pends = shards.map((cluster): Event => {
    const payload = payloadFor(transaction, cluster)
    return { cluster, happens: request(() => ({ _tag: "Pend", payload, signed })), name: `pend ${name}`, when: ALWAYS }
  })
  return [...pends, ...acceptances(staged, index, 0)]
}

/** Acceptances of a ballot, with proof and without. */
const acceptances = ({ evidence, machine, scene }: Staged, index: number, ballot: number) => {
  const transaction = scene.transactions[index]!
  const { action, ballots, name, shards, signed } = transaction
  const provable = evidence.of[index]!.provable
  return acceptancesBelow(transaction, ballot + 1).flatMap((acceptance, number): ReadonlyArray<Event> => {
    if ((acceptance.ballot?.n ?? 0) !== ballot) return []
    const accept = (strength: Strength) =>
      request(() => ({
        _tag: "Accept",
        acceptance: { ballot: ballots[ballot]!, value: acceptance.value },
        actionId: action,
        proof: acceptanceProof(scene, machine, transaction, ballot, acceptance.value, strength),
        signed
      }))
    const what = `accept ${name} ${acceptance.value} in ${ballot}`
    return [
      { cluster: shards[0]!, happens: accept("proved"), name: what, when: shown(provable[number]!) },
      { cluster: shards[0]!, happens: accept("claimed"), name: `${what} without proof`, when: ALWAYS }
    ]
  })
}

const ballots = (staged: Staged, index: number): ReadonlyArray<Event> => {
  const { scene } = staged
  const transaction = scene.transactions[index]!
  const { ballots: numbered, name, shards, signed } = transaction
  const cluster = shards[0]!
  const payload = payloadFor(transaction, cluster)
  return numbered.flatMap((ballot, n): ReadonlyArray<Event> => {
    if (ballot === null) return []
    const proposals = staged.proposals[index]![n - 1]!
    const twin = scene.configuration.isSymmetric ? staged.proposals[1 - index]?.[n - 1] : undefined
    const propose = (verdict: number, value: Decision) =>
      request(() => ({
        _tag: "Propose",
        ballot,
        payload,
        signed,
        statements: proposals.example(verdict, twin),
        value
      }))
    return [
      {
        cluster,
        happens: request(() => ({ _tag: "Join", ballot, signed })),
        name: `join ${name} in ${n}`,
        when: ALWAYS
      },
      // The statements justify one value; a member is asked to prepare the other one, too.
      ...VERDICTS.flatMap(({ from, value: justified }, verdict) =>
        DECISIONS.map(
          (value): Event => ({
            cluster,
            happens: propose(verdict, value),
            name: `propose ${name} ${value} in ${n}, for ${from}${value === justified ? "" : ` of ${justified}`}`,
            when: { _tag: "Justified", proposals, verdict }
          })
        )
      ),
      ...acceptances(staged, index, n)
    ]
  })
}

const housekeeping = (staged: Staged, index: number): ReadonlyArray<Event> => {
  const kinds: Readonly<Record<Housekeeping, (staged: Staged, index: number) => ReadonlyArray<Event>>> = {
    apply: applies,
    end: ends,
    forget: forgets
  }
  return staged.scene.configuration.housekeeping.flatMap((kind) => kinds[kind](staged, index))
}

/** The proof of a commit, with or without the pend certificates. */
const proofOf = (scene: Scene, transaction: Transaction, decision: Strength, pends: Strength | "absent"): Proof => {
  const primary = scene.clusters[transaction.shards[0]!]!
  const decided = certifyAs(primary, transaction, says.accepted(transaction, 0, "commit"), decision)
  return {
    decision: decided,
    ...(pends !== "absent" && { pends: pendProof(scene, transaction, pends) })
  }
}

const applies = ({ evidence, scene }: Staged, index: number): ReadonlyArray<Event> => {
  const transaction = scene.transactions[index]!
  const { action, name, shards, signed } = transaction
  const { applicable, committed } = evidence.of[index]!
  return shards.flatMap((cluster, shard): ReadonlyArray<Event> => {
    const payload = payloadFor(transaction, cluster)
    const apply = (decision: Strength, pends: Strength | "absent") =>
      request(() => ({
        _tag: "Apply",
        actionId: action,
        proof: proofOf(scene, transaction, decision, pends),
        request: { payload, signed }
      }))
    const what = `apply ${name}`
    const events: ReadonlyArray<Event> = [
      { cluster, happens: apply("proved", "proved"), name: what, when: shown(applicable[shard]!) },
      { cluster, happens: apply("claimed", "claimed"), name: `${what} without proof`, when: ALWAYS }
    ]
    if (shards.length === 1) return events
    // A decision of the primary shard, which may be its author's own.
    return [
      ...events,
      { cluster, happens: apply("proved", "absent"), name: `${what} by the decision alone`, when: shown(committed) },
      {
        cluster,
        happens: apply("proved", "claimed"),
        name: `${what} by the decision and a lie`,
        when: shown(committed)
      }
    ]
  })
}

const ends = ({ evidence, scene }: Staged, index: number): ReadonlyArray<Event> => {
  const transaction = scene.transactions[index]!
  const { action, ballots: numbered, name, shards, signed } = transaction
  const { aborted, refused } = evidence.of[index]!
  const end = (what: string, fact: Fact, ending: (strength: Strength) => FailedEnding): ReadonlyArray<Event> => {
    const happens = (strength: Strength) =>
      request(() => ({ _tag: "End", actionId: action, ending: ending(strength), signed }))
    return [
      { happens: happens("proved"), name: `end ${name} by ${what}`, when: shown(fact) },
      { happens: happens("claimed"), name: `end ${name} by ${what} without proof`, when: ALWAYS }
    ]
  }
  const certificate = (cluster: number, claim: Says, strength: Strength): Certificate =>
    certifyAs(scene.clusters[cluster]!, transaction, claim, strength)
  const last = numbered.length - 1
  return [
    ...(last === 0
      ? []
      : end("abort", aborted, (strength) => ({
          _tag: "Aborted",
          decision: certificate(shards[0]!, says.accepted(transaction, last, "abort"), strength)
        }))),
    ...shards.flatMap((cluster, shard) =>
      end(`refusals of shard ${shard}`, refused[shard]!, (strength) => ({
        _tag: "Rejected",
        refusals: certificate(cluster, says.refusal(shard), strength)
      }))
    ),
    ...scene.transactions.flatMap((other, rival) =>
      other === transaction
        ? []
        : contested(transaction, other).flatMap(({ block, shard }) =>
            end(`exclusion by ${other.name}`, evidence.of[rival]!.applicable[shard]!, (strength) => ({
              _tag: "Excluded",
              by: { block, proof: proofOf(scene, other, strength, strength), signed: other.signed }
            }))
          )
    )
  ]
}

/** The blocks that both transactions write, with the shards of the other one. */
export const contested = (
  { signed }: Transaction,
  other: Transaction
): ReadonlyArray<{ readonly block: BlockId; readonly shard: number }> => {
  const written = new Set(signed.manifest.shards.flatMap(({ writes }) => Object.keys(writes)))
  return other.signed.manifest.shards.flatMap(({ writes }, shard) =>
    (Object.keys(writes) as Array<BlockId>).filter((block) => written.has(block)).map((block) => ({ block, shard }))
  )
}

const forgets = ({ scene }: Staged, index: number): ReadonlyArray<Event> => {
  const { action, name } = scene.transactions[index]!
  return [
    {
      happens: () => ({ _tag: "Forget", action }),
      name: `forget ${name}`,
      when: ALWAYS
    }
  ]
}
