/** The mistakes that must be found. */
import { worlds } from "./configurations.ts"
import type { Mutation, Replacement } from "./Mutation.ts"

const at = (file: string, find: string, replace: string): readonly [Replacement] => [
  { file: `src/${file}.js`, find, replace }
]

const { approved, authorsOwn, one, only, readerAndWriter, rivals, spread, writerAndOnlyReader } = worlds

const BALLOTS_RECORD = "[put(voteKeys.ballots(action), after.ballots)]"
const without = (part: string) => `[put(voteKeys.ballots(action), { ...after.ballots, ${part} })]`

export const mutations: ReadonlyArray<Mutation> = [
  {
    configuration: rivals("byzantine"),
    name: "quorum one smaller",
    replacements: at("cluster/Quorum", ": members - liars;", ": members - liars - 1;")
  },
  {
    configuration: one("byzantine", 1),
    name: "fast quorum one smaller",
    replacements: at(
      "cluster/Quorum",
      "liars, fastQuorum, liars, quorum }",
      "liars, fastQuorum: fastQuorum - 1, liars, quorum }"
    )
  },
  {
    configuration: one("byzantine", 1),
    name: "vote not durable",
    replacements: at("cluster/member/Votes", "[put(voteKeys.vote(action), after.vote)]", "[]")
  },
  {
    configuration: one("byzantine", 1),
    name: "joined ballot not durable",
    replacements: at("cluster/member/Votes", BALLOTS_RECORD, without("joined: null"))
  },
  {
    configuration: only(one("crash", 2)),
    name: "prepared value not durable",
    replacements: at("cluster/member/Votes", BALLOTS_RECORD, without("prepared: undefined"))
  },
  {
    configuration: one("byzantine", 1),
    name: "acceptance not durable",
    replacements: at("cluster/member/Votes", BALLOTS_RECORD, without("accepted: undefined"))
  },
  {
    configuration: rivals("byzantine"),
    name: "lock dropped on the coordinator's word",
    replacements: at(
      "cluster/member/end",
      "const reason = endingProblem(",
      "const reason = undefined && endingProblem("
    )
  },
  {
    configuration: only(one("crash", 2)),
    name: "recovery without prepare",
    replacements: at(
      "cluster/evidence/Certificate",
      `if (!isFit)
        return otherKind(certificate);
    return countProblem(rules, action, certificate, members, quorumsOf(members.length, rules.faultModel).quorum);`,
      `if (!isFit)
        return otherKind(certificate);
    return countProblem(rules, action, certificate, members, 1);`
    )
  },
  {
    configuration: only(one("crash", 3)),
    name: "any reported value instead of the highest",
    replacements: at(
      "cluster/evidence/Justification",
      `[value.acceptance]))
        .sort((a, b) => compareBallots(b.ballot, a.ballot));`,
      "[value.acceptance]));"
    )
  },
  {
    configuration: one("byzantine", 2),
    name: "join statements without proof",
    replacements: at(
      "cluster/evidence/Justification",
      "const problem = acceptanceProblem(",
      "const problem = undefined && acceptanceProblem("
    )
  },
  {
    configuration: only(one("crash", 3)),
    name: "acceptances of different ballots added up",
    replacements: at(
      "encoding/Statements",
      "ballot: claim.ballot ?? null,",
      'ballot: claim.kind === "accepted" ? null : (claim.ballot ?? null),'
    )
  },
  {
    configuration: one("byzantine", 1),
    name: "join not recorded by a member that never heard of the transaction",
    replacements: at(
      "cluster/member/join",
      "const isAgain = joined !== null",
      "const isAgain = known.before === undefined || joined !== null"
    )
  },
  {
    configuration: only(one("crash", 2)),
    name: "prepare twice in a ballot",
    replacements: at(
      "cluster/member/propose",
      "if (prepared !== undefined && isSameBallot",
      "if (false && isSameBallot"
    )
  },
  {
    configuration: rivals("byzantine"),
    name: "lock-carrying prepare left out",
    replacements: at(
      "cluster/member/propose",
      'const mustLock = justified.from === "approvals" &&',
      "const mustLock = false &&"
    )
  },
  {
    configuration: spread("byzantine", 1),
    name: "approvals not bound to their shard",
    replacements: at(
      "cluster/evidence/Certificate",
      `const shard = shards[index];
    if (shard === undefined || !isApproval(certificate) || certificate.shard !== index)`,
      `const shard = shards[certificate.shard];
    if (shard === undefined || !isApproval(certificate))`
    )
  },
  {
    configuration: authorsOwn,
    name: "own-shard certificate not checked at apply",
    replacements: at("cluster/evidence/RevisionProof", "if (isOneRound(rules, manifest))", "if (rules !== undefined)")
  },
  {
    configuration: readerAndWriter("byzantine"),
    name: "read locks one way only",
    replacements: at("storage/checkPend", '(mode === "write" || lock.mode === "write")', 'mode === "write"')
  },
  {
    configuration: rivals("crash", [1, 0]),
    name: "forgotten transactions voted on again",
    replacements: at("cluster/member/settled", `return onlyAnswer({ _tag: "Superseded", newer });`, "return undefined;")
  },
  {
    configuration: approved("R", writerAndOnlyReader("byzantine", [0, 1])),
    name: "end of what only reads forgotten",
    replacements: at(
      "cluster/member/forget",
      "if (isNeverForgotten(context, manifest) || !isSuperseded(context, view, manifest))",
      "if (!isSuperseded(context, view, manifest))"
    )
  },
  {
    configuration: only(rivals("byzantine"), "end"),
    name: "binding refusals in one-shard transactions",
    replacements: at("cluster/ClusterRules", "shards.length > 1;", "shards.length > 0;")
  },
  {
    configuration: one("byzantine", 1),
    name: "approval after a join",
    replacements: at("cluster/member/pend", "if (joined !== null && isOneRound", "if (false && isOneRound")
  },
  {
    configuration: one("byzantine", 1),
    name: "acceptance below the joined ballot",
    replacements: at(
      "cluster/member/accept",
      "if (joined !== null && compareBallots(joined, ballot) > 0)",
      "if (false && compareBallots(joined, ballot) > 0)"
    )
  },
  {
    configuration: one("byzantine", 1),
    name: "applied without a decision",
    replacements: at(
      "cluster/evidence/RevisionProof",
      "const problem = decisionProblem(",
      "const problem = undefined && decisionProblem("
    )
  }
]
