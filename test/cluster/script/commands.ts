/** What the commands of a script do. */
import type { AcceptanceProof, FailedEnding, MemberRequest } from "../../../schemas/Cluster.ts"
import type { ActionId } from "../../../schemas/Ids.ts"
import type { Ballot, Certificate, Decision, FaultModel, Proof } from "../../../schemas/Proof.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import type { SignerService } from "../../../services/Signer.ts"
import { isOneRound } from "../../../src/cluster/ClusterRules.ts"
import { needsPends } from "../../../src/cluster/evidence/AcceptanceProof.ts"
import { quorumsOf } from "../../../src/cluster/Quorum.ts"
import { addLeaf, type Edit, onlyLog, type Prepared } from "../../storage/Requests.ts"
import { signerOf } from "../../storage/TestServices.ts"
import { joinStatement } from "../Signatures.ts"
import { drive, recover } from "./drive.ts"
import { fail, type Stage } from "./Stage.ts"
import { actInWords, enteredInWords } from "./words.ts"

type Words = ReadonlyArray<string>
type Command = (stage: Stage, words: Words) => ReadonlyArray<string>

/** The words after a keyword, up to the next one. */
const after = (words: Words, keyword: string): Words => {
  const start = words.indexOf(keyword)
  if (start < 0) return []
  const rest = words.slice(start + 1)
  const end = rest.findIndex((word) => KEYWORDS.has(word))
  return end < 0 ? rest : rest.slice(0, end)
}

const KEYWORDS = new Set([
  "to",
  "in",
  "with",
  "writes",
  "reads",
  "at",
  "from",
  "by",
  "on",
  "below",
  "adds",
  "drops",
  "without",
  "as",
  "signed"
])

const numberIn = (words: Words): number => Number(after(words, "in")[0] ?? fail("in which ballot?"))

/** Ballots of scripts differ in their numbers: whose they are says nothing. */
const ballotOf = (stage: Stage, n: number): Ballot => ({ n, peer: [...stage.actors.values()][0]!.signer.peer })

/** What each member does; those that do the same are told of together. */
const each = (stage: Stage, members: Words, requestFor: (member: string) => MemberRequest): ReadonlyArray<string> => {
  const told = new Map<string, Array<string>>()
  for (const member of members) {
    const did = actInWords(stage, stage.ask(member, requestFor(member)))
    told.set(did, [...(told.get(did) ?? []), member])
  }
  return [...told].map(([did, names]) => `${names.join(" ")}: ${did}`)
}

const to = (stage: Stage, words: Words): Words => {
  const members = after(words, "to")
  return members.flatMap((name) => stage.clusters.get(name) ?? [name])
}

const signedOf = ({ request }: Prepared, words: Words) =>
  words.includes("without") && after(words, "without").includes("manifest") ? {} : { signed: request.signed }

const pends = (stage: Stage, { actionId, request }: Prepared) =>
  request.signed.manifest.shards.map((_shard, shard) =>
    stage.certificate(actionId, { ballot: null, kind: "approve", shard, value: null })
  ) as unknown as readonly [Certificate]

const rulesOf = (stage: Stage) => [...stage.actors.values()][0]!.context

/** The proof of a commit, of the signatures that exist: acceptances in the ballot that is named, else approvals. */
const proofOf = (stage: Stage, prepared: Prepared, words: Words): Proof => {
  const { actionId, request } = prepared
  const n = words.includes("in") ? numberIn(words) : 0
  const decision = words.includes("in")
    ? { ballot: n === 0 ? null : ballotOf(stage, n), kind: "accepted" as const, value: "commit" as const }
    : { ballot: null, kind: "approve" as const, value: null }
  const proof = { decision: stage.certificate(actionId, { ...decision, shard: 0 }) }
  const isWithoutPends = words.includes("without") || isOneRound(rulesOf(stage), request.signed.manifest)
  return isWithoutPends ? proof : { ...proof, pends: pends(stage, prepared) }
}

const revisionBy = (stage: Stage, name: string, collection: string): CertifiedRevision => {
  const prepared = stage.transaction(name)
  const { collections } = prepared.request.signed.manifest
  const block = collections.find(({ id }) => id === stage.collection(collection))!.tail
  return { block, proof: proofOf(stage, prepared, []), signed: prepared.request.signed }
}

const endingOf = (stage: Stage, action: ActionId, words: Words): FailedEnding => {
  const [how, name, ...rest] = after(words, "by")
  if (how === "exclusion") return { _tag: "Excluded", by: revisionBy(stage, name!, after(words, "on")[0] ?? rest[0]!) }
  return stage.failedEnding(
    action,
    how === "refusals" ? "refusals" : "abort",
    [1, 2, 3].map((n) => ballotOf(stage, n))
  )
}

/** Everything a script can say. */
export const commands: Readonly<Record<string, Command>> = {
  /** `network crash`, `network byzantine without roster` */
  network: (stage, words) => {
    stage.faultModel = words[0] as FaultModel
    stage.hasRoster = !words.includes("roster")
    return []
  },
  /** `cluster home ann bob cat dan` */
  cluster: (stage, [name, ...members]) => {
    stage.addCluster(name!, members)
    const { approvalThreshold, fastQuorum, liars, quorum } = quorumsOf(members.length, stage.faultModel)
    return [`K = ${members.length}, f = ${liars}: Q = ${quorum}, Qf = ${fastQuorum}, T = ${approvalThreshold}`]
  },
  /** `collection books at home`: exists from the start; `collection books at home by ed flo`: both must sign what writes it. */
  collection: (stage, words) => {
    const name = words[0]!
    const cluster = after(words, "at")[0]!
    stage.places.set(name, cluster)
    const keys = after(words, "by").map((author) => authorNamed(author).publicKey)
    const authority = isNonEmpty(keys) ? { authority: { keys, threshold: keys.length } } : {}
    const created = stage.prepare(`the creation of ${name}`, { ...authority, writes: { [name]: onlyLog } })
    stage.world = created.world
    const { request } = created
    const members = stage.clusters.get(cluster) ?? fail(`there is no cluster ${cluster}`)
    for (const member of members) {
      const voted = stage.ask(member, { _tag: "Pend", ...request, payload: stage.payloadFor(created, member) })
      if (voted.outputs[0]?._tag !== "Answer" || voted.outputs[0].answer._tag !== "Approved") {
        return fail(`${member} does not approve: ${actInWords(stage, voted)}`)
      }
    }
    if (!stage.hasRoster) for (const member of members) stage.ask(member, acceptOf(stage, created, 0, "commit", []))
    for (const member of members) {
      const proof = proofOf(stage, created, stage.hasRoster ? [] : ["in", "0"])
      stage.ask(member, { _tag: "Apply", actionId: created.actionId, proof })
    }
    return []
  },
  /** `place films at away`: where it is to be, once it is created; `place films at away as ann sees` */
  place: (stage, words) => {
    const [name] = words
    const [cluster] = after(words, "at")
    const [member] = after(words, "as")
    if (member === undefined) stage.places.set(name!, cluster!)
    else stage.beliefs.set(member, new Map(stage.beliefs.get(member)).set(name!, cluster!))
    return []
  },
  /** `transaction X writes books reads cars from Y`; `adds leaf`, `drops leaf`: beside the log, in what it writes first. */
  transaction: (stage, words) => {
    const [base] = after(words, "from")
    const writes = Object.fromEntries(
      after(words, "writes").map((name, i) => [name, i === 0 ? editOf(stage, words) : onlyLog])
    )
    const from = base === undefined ? stage.world : stage.transaction(base).world
    const { request } = stage.prepare(words[0]!, { reads: after(words, "reads"), writes }, from)
    const { shards } = request.signed.manifest
    if (shards.length === 1) return []
    return shards.map(({ members }, i) => `shard ${i}${i === 0 ? ", primary" : ""}: ${namesIn(stage, members)}`)
  },
  /** `spoil X as Y`: X, but not with the result that its author signed for. */
  spoil: (stage, words) => {
    stage.spoil(words[0]!, after(words, "as")[0]!)
    return []
  },
  /** `cosign Y as X by ed`: Y is X, with another signature beside its author's. */
  cosign: (stage, words) => {
    stage.cosign(words[0]!, after(words, "as")[0]!, after(words, "by").map(authorNamed))
    return []
  },
  /** `enter X of films to eve`: the creation of films by X, into the cluster index. */
  enter: (stage, words) => {
    const [name] = words
    const [collection] = after(words, "of")
    const prepared = stage.transaction(name!)
    const entry = {
      block: stage.collection(collection!),
      proof: proofOf(stage, prepared, ["in", "0"]),
      signed: prepared.request.signed
    }
    return to(stage, words).map((member) => `${member}: ${enteredInWords(stage, stage.enter(member, entry))}`)
  },
  /** `pend X to home`, `pend X to ann without payload`, `pend X to ann signed as Y` */
  pend: (stage, words) => {
    const prepared = stage.transaction(words[0]!)
    const payload = (member: string) => (words.includes("without") ? {} : stage.payloadFor(prepared, member))
    return each(stage, to(stage, words), (member) => ({
      _tag: "Pend",
      payload: payload(member),
      signed: words.includes("as") ? forgedManifest(stage, prepared, words) : prepared.request.signed
    }))
  },
  /** `join X in 1 to ann bob cat` */
  join: (stage, words) => {
    const prepared = stage.transaction(words[0]!)
    const near = after(words, "with")[0]
    return each(stage, to(stage, words), () => ({
      _tag: "Join",
      ballot: ballotOf(stage, numberIn(words)),
      signed: prepared.request.signed,
      ...(near !== undefined && { near: prepareCertificate(stage, prepared, Number(near), "abort") })
    }))
  },
  /** `propose X commit in 1 with ann bob cat to home` */
  propose: (stage, words) => {
    const [name, value] = words
    const prepared = stage.transaction(name!)
    const n = numberIn(words)
    return each(stage, to(stage, words), (member) => ({
      _tag: "Propose",
      ballot: ballotOf(stage, n),
      signed: prepared.request.signed,
      statements: after(words, "with").map((from) => stage.statement(from, prepared.actionId, n)),
      value: value as Decision,
      ...(!words.includes("without") && { payload: stage.payloadFor(prepared, member) })
    }))
  },
  /** `accept X commit in 0 to home` */
  accept: (stage, words) => {
    const [name, value] = words
    const prepared = stage.transaction(name!)
    return each(stage, to(stage, words), () => acceptOf(stage, prepared, numberIn(words), value as Decision, words))
  },
  /** `apply X to home`, of approvals; `apply X in 0 to home`, of acceptances */
  apply: (stage, words) => {
    const prepared = stage.transaction(words[0]!)
    return each(stage, to(stage, words), (member) => ({
      _tag: "Apply",
      actionId: prepared.actionId,
      proof: proofOf(stage, prepared, words),
      ...(after(words, "with").includes("manifest") && {
        request: { payload: stage.payloadFor(prepared, member), signed: prepared.request.signed }
      })
    }))
  },
  /** `end X by abort to ann`, `end X by refusals to ann`, `end X by exclusion Y on books to ann` */
  end: (stage, words) => {
    const prepared = stage.transaction(words[0]!)
    const ending = endingOf(stage, prepared.actionId, words)
    return each(stage, to(stage, words), () => ({
      _tag: "End",
      actionId: prepared.actionId,
      ending,
      ...signedOf(prepared, words)
    }))
  },
  /** `ask X to ann` */
  ask: (stage, words) =>
    each(stage, to(stage, words), () => ({
      _tag: "Ask",
      actionId: stage.transaction(words[0]!).actionId,
      wantsPayload: false
    })),
  /** `read books to ann` */
  read: (stage, words) => {
    const block = [...stage.world.values()].find(
      ({ block }) => block?.header.type === "log" && block.header.collectionId === stage.collection(words[0]!)
    )!.block!.header.id
    return each(stage, to(stage, words), () => ({ _tag: "Read", blocks: [block] }))
  },
  /** `forget X to ann` */
  forget: (stage, words) =>
    to(stage, words).map((member) => {
      const { actionId } = stage.transaction(words[0]!)
      const act = stage.act(member, { _tag: "Forget", action: actionId })
      return `${member}: ${act.writes.length === 0 ? "keeps it" : `forgets${actInWords(stage, act)}`}`
    }),
  /** `restart ann` */
  restart: (stage, members) => {
    for (const member of members) stage.restart(member)
    return []
  },
  /** `lie dan approve X`, `lie dan join X in 1`, `lie dan refuse X`: a key that signs anything. */
  lie: (stage, words) => {
    const [member, kind, name] = words
    const { actionId } = stage.transaction(name!)
    if (kind === "join") {
      const n = numberIn(words)
      const value = words.includes("approved") ? { approved: true } : {}
      const claimed = after(words, "below")[0]
      const said =
        claimed === undefined ? value : { ...value, acceptance: { ballot: null, value: claimed as Decision } }
      const { signer } = stage.actor(member!)
      stage.addStatement(member!, actionId, n, joinStatement(actionId, ballotOf(stage, n), signer, said))
      return []
    }
    const n = words.includes("in") ? numberIn(words) : 0
    const shard = Number(after(words, "on")[0] ?? 0)
    const value = words.find((word): word is Decision => word === "commit" || word === "abort") ?? null
    stage.forge(member!, actionId, {
      ballot: n === 0 ? null : ballotOf(stage, n),
      kind: kind as Certificate["kind"],
      shard,
      value
    })
    return []
  },
  /** `drive X`, `drive X without dan`: the author's machine, against members of whom some do not answer. */
  drive: (stage, words) => drive(stage, words[0]!, new Set(after(words, "without"))),
  /** `recover X without dan`: the machine of anybody who has the manifest. */
  recover: (stage, words) => recover(stage, words[0]!, new Set(after(words, "without"))),
  /** `stranger eve`: nobody lets it be a member. */
  stranger: (stage, members) => {
    for (const member of members) stage.strangers.add(stage.actor(member).signer.peer)
    return []
  }
}

/** What a transaction does beside the entry in the log. */
const editOf = (stage: Stage, words: Words): Edit => {
  const [added] = after(words, "adds")
  const [dropped] = after(words, "drops")
  if (added !== undefined) return addLeaf([added], (id) => stage.leaves.set(added, id))
  if (dropped === undefined) return onlyLog
  return (store) => store.remove(stage.leaves.get(dropped) ?? fail(`there is no leaf ${dropped}`))
}

const isNonEmpty = <A>(list: ReadonlyArray<A>): list is readonly [A, ...Array<A>] => list.length > 0

/** The key of somebody who only signs. */
const authorNamed = (name: string): SignerService => signerOf(AUTHOR_SEEDS + (name.codePointAt(0) ?? 0))
// Beside the seeds of members and of the one who signs all transactions.
const AUTHOR_SEEDS = 110

const namesIn = (stage: Stage, members: ReadonlyArray<Parameters<Stage["nameOf"]>[0]>): string =>
  members
    .map((peer) => stage.nameOf(peer))
    .sort()
    .join(" ")

/** The manifest of one transaction with the author's signature of another. */
const forgedManifest = (stage: Stage, { request }: Prepared, words: Words) => ({
  ...request.signed,
  signatures: stage.transaction(after(words, "as")[0]!).request.signed.signatures
})

const prepareCertificate = (stage: Stage, { actionId }: Prepared, n: number, value: Decision): Certificate =>
  stage.certificate(actionId, { ballot: ballotOf(stage, n), kind: "prepared", shard: 0, value })

const acceptOf = (stage: Stage, prepared: Prepared, n: number, value: Decision, words: Words): MemberRequest => ({
  _tag: "Accept",
  acceptance: { ballot: n === 0 ? null : ballotOf(stage, n), value },
  actionId: prepared.actionId,
  proof: acceptanceProof(stage, prepared, n, value, words),
  ...signedOf(prepared, words)
})

/** In ballot 0 the pend certificates, later a prepare certificate; with a commit of several shards both. */
const acceptanceProof = (
  stage: Stage,
  prepared: Prepared,
  n: number,
  value: Decision,
  words: Words
): AcceptanceProof => {
  if (n === 0) return pends(stage, prepared)
  const certificate = prepareCertificate(stage, prepared, n, value)
  const isShown = needsPends(rulesOf(stage), prepared.request.signed.manifest, value)
  return isShown && !after(words, "without").includes("pends")
    ? [certificate, ...pends(stage, prepared)]
    : [certificate]
}
