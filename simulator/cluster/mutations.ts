/**
 * Deliberate mistakes in the nodes of a cluster. A simulation that has never found anything may be blind: so each rule that looks fussy is
 * left out once, and what comes of it must be found by some seed; or, where random seeds do not get that far, by the explorer.
 */
import type { Replacement } from "../explore/Mutation.ts"
import { mutations as explored } from "../explore/mutations.ts"
import type { Options } from "./ClusterSimulation.ts"

/** A mistake, and the small cluster in which random seeds look for what comes of it; or why they cannot. */
export interface Mutation {
  readonly name: string
  readonly replacements: readonly [Replacement, ...ReadonlyArray<Replacement>]
  readonly search: Partial<Options> | { readonly unreachable: string }
}

/** Small: a seed takes about half a second. */
const SMALL = { clients: 2, faultPauseMillis: 30, liarTransactions: 8, transactions: 8 } as const

/** A coordinator that lies, and nothing else that would be in its way. */
const plotted: Partial<Options> = { ...SMALL, clients: 1, faults: ["liars"], liarTransactions: 24, lies: ["scheme"] }
/** The same, about transactions of one shard. */
const plottedAlone: Partial<Options> = { ...plotted, workload: "diary" }
/** The same, where members forget what is not durable. */
const crashing: Partial<Options> = { ...plotted, faults: ["liars", "crashes"] }
/** All at once. */
const inHaste: Partial<Options> = SMALL
/** Clients on all nodes, that read half of the time. */
const busy: Partial<Options> = { clients: 5, faultMillis: 200, transactions: 15, workload: "register" }
/** Over clusters that have few nodes in common. */
const apart: Partial<Options> = { ...plotted, nodes: 9 }
/** Why random seeds do not get to the end of a long plot. */
const ORDER =
  "it takes a dozen steps by chosen members in one order before anybody else ends the transaction: tens of seeds did not get there"

/** Where the explorer's mistakes show. */
const searches: Readonly<Record<string, Mutation["search"]>> = {
  "forgotten transactions voted on again": {
    unreachable:
      "it takes an acceptance before the abort, and the same certificate again once members have forgotten that: nobody keeps one so long"
  },
  "acceptance below the joined ballot": plotted,
  "acceptance not durable": crashing,
  "acceptances of different ballots added up": inHaste,
  "any reported value instead of the highest": { unreachable: ORDER },
  "applied without a decision": plotted,
  "approval after a join": plotted,
  "approvals not bound to their shard": apart,
  "binding refusals in one-shard transactions": { unreachable: ORDER },
  "end of what only reads forgotten": {
    unreachable: "workloads read under locks only where collections do not keep still, and that is rare"
  },
  "fast quorum one smaller": inHaste,
  "join not recorded by a member that never heard of the transaction": plotted,
  "join statements without proof": plotted,
  "joined ballot not durable": crashing,
  "lock dropped on the coordinator's word": plotted,
  "lock-carrying prepare left out": plotted,
  "own-shard certificate not checked at apply": {
    unreachable:
      "a decision shows that each shard has approved, unless more members of the primary cluster lie than may"
  },
  "prepare twice in a ballot": plottedAlone,
  "prepared value not durable": { unreachable: ORDER },
  "quorum one smaller": inHaste,
  "read locks one way only": {
    unreachable:
      "members of both clusters see both transactions in one order: it takes two disjoint clusters, each with a quorum in the other order"
  },
  "recovery without prepare": plotted,
  "vote not durable": crashing
}

/** Mistakes around the machines, which the explorer does not see. */
const around: ReadonlyArray<Mutation> = [
  {
    name: "vote not synced before the answer",
    replacements: [
      {
        file: "layers/repo/RepoWriter.js",
        find: "const written = yield* Effect.exit(raw.write(writes));",
        replace: `const written = Exit.void;
            yield* Effect.forkDaemon(Effect.delay(raw.write(writes), "20 millis"));`
      }
    ],
    search: {
      ...busy,
      clusterSize: 3,
      faultModel: "crash",
      faultPauseMillis: 60,
      faults: ["crashes"],
      nodes: 3,
      workload: "list-append"
    }
  },
  {
    name: "snapshot reads that ignore locks",
    replacements: [
      {
        file: "layers/cluster/ClusterReads.js",
        find: "if (decided.length === 0)",
        replace: "if (decided !== undefined)"
      }
    ],
    search: { ...busy, faultPauseMillis: 100, faults: ["partitions"] }
  },
  {
    name: "latest reads from fewer than Q",
    replacements: [
      {
        file: "layers/cluster/ClusterReads.js",
        find: "const { liars, quorum } = quorumsOf(clusterSize, rules.faultModel);",
        replace: "const { liars } = quorumsOf(clusterSize, rules.faultModel); const quorum = 1;"
      }
    ],
    search: { ...busy, faultMillis: 400, faultPauseMillis: 100, faults: ["partitions"] }
  },
  {
    name: "two member sets for one id",
    replacements: [
      {
        file: "src/cluster/member/examine.js",
        find: "if (!sameMembers(known.closest(id), members))",
        replace: "if (false)"
      },
      {
        file: "src/cluster/member/examine.js",
        find: "const home = view.block(id)?.members ?? known.home(id);",
        replace: "const home = view.block(id)?.members;"
      }
    ],
    search: { ...SMALL, lies: ["members"], workload: "create-race" }
  },
  {
    // It would take over what it lacks soon after: here it leaves it at that.
    name: "active-before-sync",
    replacements: [
      {
        file: "layers/cluster/Activation.js",
        find: "yield* takeOver({ ...context, hearMillis }, peers, isArriving)",
        replace:
          "{ from: new Map(peers.map((peer) => [peer, { creations: [], entries: [], newcomers: [] }])), creations: [], isWhole: true }"
      }
    ],
    search: { clients: 3, faults: [], nodes: 4, transactions: 16, workload: "grow-during-create" }
  },
  {
    name: "certificates not checked in anti-entropy",
    replacements: [
      {
        file: "layers/cluster/CatchUp.js",
        find: "let gathering = addGiven(rules, begun, told);",
        replace: "return told;\n        let gathering = addGiven(rules, begun, told);"
      },
      {
        file: "layers/cluster/CatchUp.js",
        find: 'member.answer({ _tag: "Apply", ...found })',
        replace: 'member.answer({ _tag: "Apply", ...found, isTrusted: true })'
      },
      {
        file: "src/cluster/member/apply.js",
        find: "(context, view, { actionId: action, proof, request }) => {",
        replace: "(context, view, { actionId: action, isTrusted, proof, request }) => {"
      },
      {
        file: "src/cluster/member/apply.js",
        find: "if (reason !== undefined)",
        replace: "if (!isTrusted && reason !== undefined)"
      }
    ],
    search: { ...SMALL, lies: ["false-history"] }
  },
  {
    name: "successor built after an unknown outcome",
    replacements: [
      {
        file: "layers/cluster/NetworkTransactor.js",
        find: "Effect.mapError(TransactionActor.drive(context, { action, payload, signed }, scope), ({ reason }) => new OutcomeUnknown({ reason, ref: refOf(action, signed) }))",
        replace: `Effect.orElseSucceed(TransactionActor.drive(context, { action, payload, signed }, scope), () => ({
            ending: { _tag: "Rejected" }, inTheWay: [], objections: new Map()
        }))`
      }
    ],
    search: { ...SMALL, faultMillis: 1_500, faults: ["network", "partitions"] }
  }
]

/** All of them. */
export const mutations: ReadonlyArray<Mutation> = [
  ...explored.map(({ name, replacements }): Mutation => ({ name, replacements, search: searches[name]! })),
  ...around
]
