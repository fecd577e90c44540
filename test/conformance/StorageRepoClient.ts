/** What the cases for a {@link StorageRepo} have in common. */
import * as Effect from "effect/Effect"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { Committed, StoredBlock } from "../../schemas/Repo.ts"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { StorageRepo, type StorageRepoService } from "../../services/StorageRepo.ts"
import { Verifier, type VerifierService } from "../../services/Verifier.ts"
import { Author, addLeaf, type Edit, emptyWorld, type Intent, type Prepared, type World } from "../storage/Requests.ts"
import { type ConformanceCase, expectEqual } from "./Conformance.ts"

/** What a case needs: a repository, and the services of the node that it belongs to. */
export type RepoServices = StorageRepo | Hasher | Signer | Verifier

/** The network of all cases. */
export const network = NetworkName.make("conformance")

interface ClientServices {
  readonly hasher: HasherService
  readonly repo: StorageRepoService
  readonly signer: SignerService
  readonly verifier: VerifierService
}

/** Who uses a repository in a case: makes requests, and knows the world that they lead to. */
export class Client {
  readonly author: Author
  readonly hasher: HasherService
  readonly name: string
  readonly repo: StorageRepoService
  readonly signer: SignerService
  readonly verifier: VerifierService
  world: World = emptyWorld

  constructor(name: string, services: ClientServices, firstStamp: number) {
    this.name = name
    this.author = new Author({ ...services, firstStamp, network })
    this.hasher = services.hasher
    this.repo = services.repo
    this.signer = services.signer
    this.verifier = services.verifier
  }

  /** The name of a collection of this case. */
  named(collection: string): string {
    return `${this.name}: ${collection}`
  }

  header(collection: string): BlockId {
    return this.author.collection(this.named(collection))
  }

  tail(collection: string): BlockId {
    return this.author.tail(this.world, this.named(collection))
  }

  /** A transaction that starts from the world as this client knows it. */
  prepare({ reads = [], writes = {} }: Intent): Prepared {
    return this.author.transaction(this.world, {
      reads: reads.map((name) => this.named(name)),
      writes: Object.fromEntries(Object.entries(writes).map(([name, edit]) => [this.named(name), edit]))
    })
  }

  decide(prepared: Prepared) {
    return this.repo.pendAndCommit(prepared.request, (action) => this.author.proof(action))
  }

  /** Commits a transaction; the client's world is the one after it. */
  commit(intent: Intent) {
    const prepared = this.prepare(intent)
    return Effect.gen(this, function* () {
      const answer = yield* this.decide(prepared)
      yield* expectEqual(answer, this.committed(prepared), "answer")
      this.world = prepared.world
      return prepared
    })
  }

  committed({ actionId }: Prepared): Committed {
    return { _tag: "Committed", actionId, proof: this.author.proof(actionId) }
  }

  /** The latest of several blocks. */
  latest(...ids: ReadonlyArray<BlockId>) {
    return this.repo.get(ids.map((id) => ({ id })))
  }

  /** One block at a revision. */
  at(id: BlockId, rev: number) {
    return Effect.map(this.repo.get([{ at: rev as Rev, id }]), ([stored]) => stored)
  }

  /** A leaf with some entries, in a collection that has nothing else. */
  leaf(collection: string, entries: ReadonlyArray<string> = ["first"]) {
    let id = "" as BlockId
    const edit = addLeaf(entries, (added) => {
      id = added
    })
    return Effect.map(this.commit({ writes: { [collection]: edit } }), () => id)
  }
}

/** Runs with a client of the repository. Two clients of one name must not make the same stamps. */
export const withClient = <A, E, R>(name: string, use: (client: Client) => Effect.Effect<A, E, R>, firstStamp = 1) =>
  Effect.gen(function* () {
    const services = {
      hasher: yield* Hasher,
      repo: yield* StorageRepo,
      signer: yield* Signer,
      verifier: yield* Verifier
    }
    return yield* use(new Client(name, services, firstStamp))
  })

/** A case. Its name is also that of its collections. */
export const rule = <R = never>(
  name: string,
  check: (client: Client) => Effect.Effect<void, unknown, R>
): ConformanceCase<RepoServices | R> => ({ check: withClient(name, check), name })

/** An edit that changes the first entry of a leaf. */
export const replace =
  (id: BlockId, text: string): Edit =>
  (store) =>
    store.update(id, ["entries", 0, 1, [text]])

/** The first entry of a leaf. */
export const textOf = (stored: StoredBlock | undefined): unknown =>
  (stored?.block?.entries as ReadonlyArray<unknown>)?.[0]

export const revs = (...numbers: ReadonlyArray<number>) => numbers as unknown as Array<Rev | undefined>

export const tagOf = ({ _tag }: { readonly _tag: string }): string => _tag

export const expectTag = (answer: { readonly _tag: string }, tag: string, label: string) =>
  expectEqual(tagOf(answer), tag, `${label} ${JSON.stringify(answer)}`)
