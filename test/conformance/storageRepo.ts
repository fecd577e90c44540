/**
 * The rules that every implementation of {@link StorageRepo} keeps. Each case has collections of its own, so that all of
 * them may run on one store.
 */
import * as Effect from "effect/Effect"
import type { Block } from "../../schemas/Block.ts"
import type { ActionId, Rev } from "../../schemas/Ids.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import { actionId, hashValue } from "../../src/encoding/BlockIds.ts"
import { countSigners, verifyClaim } from "../../src/encoding/Statements.ts"
import { addLeaf, onlyLog } from "../storage/Requests.ts"
import { type ConformanceCase, expectEqual, expectTrue } from "./Conformance.ts"
import { expectTag, network, type RepoServices, replace, revs, rule, tagOf, textOf } from "./StorageRepoClient.ts"

export type { RepoServices } from "./StorageRepoClient.ts"

const READS: ReadonlyArray<ConformanceCase<RepoServices>> = [
  rule("an id that was never used has no block, at no revision", (client) =>
    Effect.gen(function* () {
      const id = client.header("never")
      yield* expectEqual(yield* client.repo.get([{ id }, { at: 7 as Rev, id }]), [undefined, undefined], "blocks")
      yield* expectEqual(yield* client.repo.get([]), [], "nothing asked")
      yield* expectEqual(yield* client.repo.revisions(id, { from: 1 as Rev, limit: 9 }), [], "revisions")
    })
  ),
  rule("all blocks of a committed transaction are read back as they were written", (client) =>
    Effect.gen(function* () {
      const { world } = yield* client.commit({ writes: { a: addLeaf(["x"]), b: addLeaf(["y", "z"]) } })
      const ids = [...world.keys()]
      yield* expectEqual(yield* client.latest(...ids), [...world.values()], "blocks")
      yield* expectEqual(
        yield* client.repo.get(ids.map((id) => ({ at: 1 as Rev, id }))),
        [...world.values()],
        "blocks at revision 1"
      )
    })
  ),
  rule("a read at a revision gives the newest revision of the block that is not above it", (client) =>
    Effect.gen(function* () {
      const id = yield* client.leaf("a", ["rev 1"])
      const written = [1]
      for (let rev = 2; rev <= 12; rev++) {
        const writes = rev % 3 === 0 ? replace(id, `rev ${rev}`) : onlyLog
        if (rev % 3 === 0) written.push(rev)
        yield* client.commit({ writes: { a: writes } })
      }
      for (let at = 1; at <= 13; at++) {
        const expected = written.findLast((rev) => rev <= at)
        const stored = yield* client.at(id, at)
        yield* expectEqual([stored?.rev, textOf(stored)], [expected as Rev, `rev ${expected}`], `at ${at}`)
      }
    })
  ),
  rule("answers come in the order asked, latest and past revisions together, and blocks asked for twice", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a", ["a1"])
      const b = yield* client.leaf("b", ["b1"])
      yield* client.commit({ writes: { a: replace(a, "a2") } })
      const first = 1 as Rev
      const never = client.header("never")
      const found = yield* client.repo.get([
        { id: b },
        { at: first, id: a },
        { id: never },
        { id: a },
        { id: b },
        { at: first, id: b },
        { at: first, id: never }
      ])
      yield* expectEqual(found.map(textOf), ["b1", "a1", undefined, "a2", "b1", "b1", undefined], "entries")
    })
  ),
  rule("a deleted block is a tombstone, and what it was stays", (client) =>
    Effect.gen(function* () {
      const id = yield* client.leaf("a", ["here"])
      yield* client.commit({ writes: { a: (store) => store.remove(id) } })
      yield* client.commit({ writes: { a: onlyLog } })
      const tombstone: StoredBlock = { after: "deleted", block: undefined, rev: 2 as Rev }
      yield* expectEqual(yield* client.latest(id), [tombstone], "latest")
      yield* expectEqual(yield* client.at(id, 2), tombstone, "at the deletion")
      yield* expectEqual(yield* client.at(id, 3), tombstone, "after the deletion")
      yield* expectEqual(textOf(yield* client.at(id, 1)), "here", "before the deletion")
    })
  )
]

const PENDING: ReadonlyArray<ConformanceCase<RepoServices>> = [
  rule("a pended transaction shows in no block, until its commit shows it in all", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a", ["a1"])
      const b = yield* client.leaf("b", ["b1"])
      const prepared = client.prepare({ writes: { a: replace(a, "a2"), b: replace(b, "b2") } })
      const { actionId, request } = prepared
      yield* expectEqual(yield* client.repo.pend(request), { _tag: "Pended", actionId }, "pend")
      yield* expectEqual((yield* client.latest(a, b)).map(textOf), ["a1", "b1"], "before the commit")
      const proof = client.author.proof(actionId)
      const committed = client.committed(prepared)
      yield* expectEqual(yield* client.repo.commit({ actionId, proof }), committed, "commit")
      yield* expectEqual((yield* client.latest(a, b)).map(textOf), ["a2", "b2"], "after the commit")
      yield* expectEqual(yield* client.repo.commit({ actionId, proof }), committed, "the same commit")
      yield* expectEqual(yield* client.repo.pend(request), committed, "a late pend")
      yield* expectEqual(
        (yield* client.latest(a, b)).map((stored) => stored?.rev),
        revs(2, 2),
        "revisions"
      )
    })
  ),
  rule("a pend that is asked again answers the same, also at the same time", (client) =>
    Effect.gen(function* () {
      yield* client.leaf("a")
      const { actionId, request } = client.prepare({ writes: { a: onlyLog } })
      const answers = yield* Effect.all(
        Array.from({ length: 5 }, () => client.repo.pend(request)),
        { concurrency: "unbounded" }
      )
      yield* expectEqual(answers, Array(5).fill({ _tag: "Pended", actionId }), "answers")
      yield* client.repo.cancel(actionId)
      // One cancel frees everything that five pends took.
      yield* client.commit({ writes: { a: onlyLog } })
    })
  ),
  rule("a cancelled transaction frees its blocks, and never comes back", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a", ["a1"])
      const { actionId, request } = client.prepare({ writes: { a: replace(a, "never") } })
      yield* client.repo.pend(request)
      yield* expectEqual(yield* client.repo.cancel(actionId), { _tag: "Aborted", actionId }, "cancel")
      yield* expectEqual(yield* client.repo.cancel(actionId), { _tag: "Aborted", actionId }, "the same cancel")
      yield* expectTag(yield* client.repo.pend(request), "Refused", "a late pend")
      yield* expectEqual((yield* client.latest(a)).map(textOf), ["a1"], "the block")
      yield* client.commit({ writes: { a: replace(a, "a2") } })
    })
  ),
  rule("what is cancelled before it is pended takes no lock later", (client) =>
    Effect.gen(function* () {
      yield* client.leaf("a")
      const { actionId, request } = client.prepare({ writes: { a: onlyLog } })
      yield* expectEqual(yield* client.repo.cancel(actionId), { _tag: "Aborted", actionId }, "cancel")
      yield* expectTag(yield* client.repo.pend(request), "Refused", "pend")
      yield* client.commit({ writes: { a: onlyLog } })
    })
  ),
  rule("a committed transaction is not cancelled", (client) =>
    Effect.gen(function* () {
      yield* client.leaf("a")
      const prepared = yield* client.commit({ writes: { a: onlyLog } })
      yield* expectEqual(yield* client.repo.cancel(prepared.actionId), client.committed(prepared), "cancel")
    })
  ),
  rule("a lock turns others away and names its holder; readers share", (client) =>
    Effect.gen(function* () {
      yield* client.leaf("a")
      yield* client.leaf("b")
      const reader = client.prepare({ reads: ["b"], writes: { a: onlyLog } })
      yield* expectTag(yield* client.repo.pend(reader.request), "Pended", "a reader of b")
      const second = client.prepare({ reads: ["b"], writes: { c: onlyLog } })
      yield* expectTag(yield* client.repo.pend(second.request), "Pended", "a second reader of b")
      const writer = client.prepare({ writes: { b: onlyLog } })
      const answer = yield* client.repo.pend(writer.request)
      yield* expectTag(answer, "Locked", "a writer of b")
      const by = answer._tag === "Locked" ? answer.by : []
      yield* expectEqual(
        by.map(({ block, holder }) => `${block} ${holder}`).toSorted(),
        [reader, second].map(({ actionId }) => `${client.tail("b")} ${actionId}`).toSorted(),
        "holders"
      )
      yield* client.repo.cancel(reader.actionId)
      yield* client.repo.cancel(second.actionId)
      yield* expectTag(yield* client.repo.pend(writer.request), "Pended", "once the readers are gone")
      yield* client.repo.cancel(writer.actionId)
    })
  ),
  rule("a transaction on bases that are no longer the latest is told what it missed", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a")
      yield* client.leaf("b")
      const late = client.prepare({ reads: ["b"], writes: { a: replace(a, "late") } })
      yield* client.commit({ writes: { a: replace(a, "first"), b: onlyLog } })
      const answer = yield* client.decide(late)
      yield* expectTag(answer, "Stale", "answer")
      const missed = answer._tag === "Stale" ? answer.missed : []
      yield* expectEqual(
        missed.map(({ block, latest }) => `${block} ${latest?.rev}`).toSorted(),
        [a, client.tail("a"), client.tail("b")].map((block) => `${block} 2`).toSorted(),
        "missed"
      )
      yield* expectEqual((yield* client.latest(a)).map(textOf), ["first"], "the block")
    })
  ),
  rule("a request that breaks a rule is refused, and leaves nothing", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a", ["a1"])
      const { request } = client.prepare({ writes: { a: replace(a, "signed") } })
      const payload = { ...request.payload, [a]: { operations: [["entries", 0, 1, ["forged"]]] as const } }
      const forged = { ...request, payload }
      yield* expectTag(yield* client.repo.pend(forged), "Refused", "pend")
      yield* expectEqual((yield* client.latest(a)).map(textOf), ["a1"], "the block")
      yield* client.commit({ writes: { a: replace(a, "a2") } })
    })
  ),
  rule("a decision is applied without a pend if it brings its manifest, and not without", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a", ["a1"])
      const prepared = client.prepare({ writes: { a: replace(a, "a2") } })
      const { actionId, request } = prepared
      const proof = client.author.proof(actionId)
      yield* expectTag(yield* client.repo.commit({ actionId, proof }), "Refused", "without the manifest")
      yield* expectEqual(
        yield* client.repo.commit({ actionId, proof, request }),
        client.committed(prepared),
        "with the manifest"
      )
      yield* expectEqual((yield* client.latest(a)).map(textOf), ["a2"], "the block")
    })
  )
]

const KNOWLEDGE: ReadonlyArray<ConformanceCase<RepoServices>> = [
  rule("the status of a transaction is what became of it here", (client) =>
    Effect.gen(function* () {
      yield* client.leaf("a")
      const { actionId, request } = client.prepare({ writes: { a: onlyLog } })
      const status = (action: ActionId) => Effect.map(client.repo.status(action), tagOf)
      yield* expectEqual(yield* status(actionId), "Unknown", "at first")
      yield* client.repo.pend(request)
      yield* expectEqual(yield* status(actionId), "Pended", "once pended")
      yield* client.repo.cancel(actionId)
      yield* expectEqual(yield* status(actionId), "Aborted", "once cancelled")
      const prepared = yield* client.commit({ writes: { a: onlyLog } })
      yield* expectEqual(yield* client.repo.status(prepared.actionId), client.committed(prepared), "once committed")
    })
  ),
  rule("revisions are listed oldest first, from a revision on, up to a limit, also of a deleted block", (client) =>
    Effect.gen(function* () {
      const id = yield* client.leaf("a")
      for (let rev = 2; rev <= 6; rev++) yield* client.commit({ writes: { a: replace(id, `rev ${rev}`) } })
      yield* client.commit({ writes: { a: (store) => store.remove(id) } })
      const list = (from: number, limit: number) => client.repo.revisions(id, { from: from as Rev, limit })
      const all = yield* list(1, 100)
      yield* expectEqual(
        all.map(({ rev }) => rev),
        revs(1, 2, 3, 4, 5, 6, 7),
        "all"
      )
      yield* expectEqual(all.at(-1)?.after, "deleted", "the last")
      all.forEach(({ base }, i) => {
        const before = all[i - 1]
        if (base !== "none" && base.hash !== before?.after) throw new Error(`revision ${i + 1} has another base`)
      })
      yield* expectEqual(yield* list(3, 2), all.slice(2, 4), "two from the third")
      yield* expectEqual(yield* list(7, 5), all.slice(6), "from the last")
      yield* expectEqual(yield* list(8, 5), [], "from beyond")
    })
  ),
  rule("every revision is proved: its manifest, its author's signature, a certificate of its members", (client) =>
    Effect.gen(function* () {
      const { hasher, signer, verifier } = client
      const id = yield* client.leaf("a")
      yield* client.commit({ writes: { a: replace(id, "second") } })
      for (const rev of [1 as Rev, 2 as Rev]) {
        const proved = yield* client.repo.proof(id, rev)
        if (proved === undefined) return yield* expectTrue(false, `revision ${rev} has a proof`)
        const { proof, revision, signed } = proved
        const action = revision.actionId
        yield* expectEqual(actionId(hasher, signed.manifest), action, "the hash of the manifest")
        const [authored] = signed.signatures
        yield* expectEqual(authored.key, signed.manifest.author, "who signed the manifest")
        const isAuthors = verifyClaim(verifier, network, { action, kind: "author" }, authored)
        yield* expectTrue(isAuthors, "the author's signature verifies")
        const members = [signer.peer]
        yield* expectEqual(countSigners(verifier, network, action, proof.decision, members), 1, "signers")
        yield* expectEqual(signed.manifest.shards[0].writes[id]?.after, revision.after, "the hash in the manifest")
        const content: Block | undefined = (yield* client.at(id, rev))?.block
        yield* expectEqual(hashValue(hasher, content!), revision.after as string, "the hash of the content")
      }
      yield* expectEqual(yield* client.repo.proof(id, 3 as Rev), undefined, "no such revision")
      yield* expectEqual(yield* client.repo.proof(client.header("never"), 1 as Rev), undefined, "no such block")
      yield* client.commit({ writes: { a: onlyLog } })
      yield* client.commit({ writes: { a: replace(id, "fourth") } })
      yield* expectEqual(yield* client.repo.proof(id, 3 as Rev), undefined, "a revision of its collection only")
    })
  ),
  rule("what is stored of a block at a revision is what a read at it gives", (client) =>
    Effect.gen(function* () {
      const id = yield* client.leaf("a", ["rev 1"])
      for (let rev = 2; rev <= 20; rev++) yield* client.commit({ writes: { a: replace(id, `rev ${rev}`) } })
      yield* client.commit({ writes: { a: (store) => store.remove(id) } })
      for (let at = 1; at <= 22; at++) {
        yield* expectEqual(yield* client.repo.stored(id, at as Rev), yield* client.at(id, at), `at ${at}`)
      }
      yield* expectEqual(yield* client.repo.stored(client.header("never"), 1 as Rev), undefined, "no such block")
    })
  ),
  rule("each collection that has been committed is listed once, page by page", (client) =>
    Effect.gen(function* () {
      for (const name of ["a", "b", "c"]) yield* client.leaf(name)
      yield* client.repo.pend(client.prepare({ writes: { pended: onlyLog } }).request)
      const listed: Array<string> = []
      let after: string | undefined
      do {
        const page = yield* client.repo.collections({ limit: 2, ...(after !== undefined && { after }) })
        yield* expectTrue(page.collections.length <= 2, "no more than asked for")
        listed.push(...page.collections)
        after = page.resume
      } while (after !== undefined)
      yield* expectEqual(new Set(listed).size, listed.length, "distinct")
      const has = ["a", "b", "c", "pended"].map((name) => listed.includes(client.header(name)))
      yield* expectEqual(has, [true, true, true, false], "listed")
    })
  )
]

const COMMITS = 60
/** Reads in a row before whatever waits for the machine gets its turn. */
const READS_PER_TURN = 8

/** Lets timers and input and output go first. */
const turn = Effect.async<void>((resume) => {
  setTimeout(() => resume(Effect.void), 0)
})
const RIVALS = 12

const CONCURRENCY: ReadonlyArray<ConformanceCase<RepoServices>> = [
  rule("reads of several blocks are of one instant, whatever commits meanwhile", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a", ["0"])
      const b = yield* client.leaf("b", ["0"])
      let done = false
      const writer = Effect.gen(function* () {
        for (let commit = 1; commit <= COMMITS; commit++) {
          yield* client.commit({ writes: { a: replace(a, `${commit}`), b: replace(b, `${commit}`) } })
          yield* Effect.yieldNow()
        }
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            done = true
          })
        )
      )
      const seen = new Set<unknown>()
      const reader = Effect.gen(function* () {
        for (let read = 1; !done; read++) {
          const [first, second, again] = (yield* client.latest(a, b, a)).map(textOf)
          yield* expectEqual([second, again], [first, first], "both blocks")
          seen.add(first)
          yield* read % READS_PER_TURN === 0 ? turn : Effect.yieldNow()
        }
      })
      yield* Effect.all([writer, reader, reader], { concurrency: "unbounded" })
      yield* expectTrue(seen.size > 2, `several of ${COMMITS} states were seen`)
      yield* expectEqual((yield* client.latest(a, b)).map(textOf), [`${COMMITS}`, `${COMMITS}`], "at the end")
    })
  ),
  rule("of transactions that compete for a revision, one commits", (client) =>
    Effect.gen(function* () {
      const a = yield* client.leaf("a")
      for (let round = 1; round <= 5; round++) {
        const rivals = Array.from({ length: RIVALS }, (_, i) =>
          client.prepare({ writes: { a: replace(a, `round ${round} rival ${i}`) } })
        )
        const answers = yield* Effect.all(
          rivals.map((rival) => client.decide(rival)),
          { concurrency: "unbounded" }
        )
        const winners = rivals.filter((_, i) => answers[i]!._tag === "Committed")
        yield* expectEqual(winners.length, 1, "winners")
        const lost = answers.filter(({ _tag }) => _tag === "Stale" || _tag === "Locked")
        yield* expectEqual(lost.length, RIVALS - 1, "the others")
        client.world = winners[0]!.world
        yield* expectEqual(yield* client.latest(a), [client.world.get(a)], "the block")
      }
    })
  ),
  rule("transactions that share no block do not hinder one another", (client) =>
    Effect.gen(function* () {
      const rivals = Array.from({ length: RIVALS }, (_, i) => client.prepare({ writes: { [`c${i}`]: addLeaf(["x"]) } }))
      const answers = yield* Effect.all(
        rivals.map((rival) => client.decide(rival)),
        { concurrency: "unbounded" }
      )
      yield* expectEqual(answers.map(tagOf), Array(RIVALS).fill("Committed"), "answers")
    })
  )
]

/** The rules of {@link StorageRepo}. One new store serves for all of them. */
export const storageRepo: ReadonlyArray<ConformanceCase<RepoServices>> = [
  ...READS,
  ...PENDING,
  ...KNOWLEDGE,
  ...CONCURRENCY
]
