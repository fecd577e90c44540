import { describe, expect, it } from "@effect/vitest"
import type { BlockId } from "../../../schemas/Ids.ts"
import type { Payload } from "../../../schemas/Manifest.ts"
import { payloadMismatch } from "../../../src/cluster/evidence/PayloadMismatch.ts"
import { Author, addLeaf, emptyWorld, onlyLog } from "../../storage/Requests.ts"
import { hasher, network, signerOf } from "../../storage/TestServices.ts"

const author = new Author({ hasher, network, signer: signerOf(1) })
const { request } = author.transaction(emptyWorld, { writes: { books: addLeaf(["a"]), cars: onlyLog } })
const { shards } = request.signed.manifest
const entries = Object.entries(request.payload) as unknown as ReadonlyArray<readonly [BlockId, Payload[BlockId]]>
const [[first, transform]] = entries as readonly [(typeof entries)[number]]

const problem = (payload: Payload) => payloadMismatch(hasher, shards, payload)
const withFirst = (value: unknown) => problem({ ...request.payload, [first]: value } as Payload)

describe("A payload is that which was signed for", () => {
  it("where it has the transform of every written block, and no other", () => {
    expect(problem(request.payload)).toBeUndefined()
    expect(problem(Object.fromEntries(entries.slice(1)))).toMatch(/of other blocks/)
    expect(problem({ ...request.payload, [author.collection("films")]: transform })).toMatch(/of other blocks/)
  })

  it("by the hash of each transform", () => {
    expect(withFirst(structuredClone(transform))).toBeUndefined()
    expect(withFirst({ delete: true })).toMatch(/not the one signed for/)
    const [, [, other]] = entries as readonly [unknown, (typeof entries)[number]]
    expect(withFirst(other)).toMatch(/not the one signed for/)
  })

  it("for written blocks alone, not for others in their place, and for nothing that has no canonical text", () => {
    const { [first]: _first, ...others } = request.payload
    expect(problem({ ...others, [author.collection("films")]: transform! })).toMatch(/not the one signed for/)
    expect(withFirst({ insert: Number.NaN })).toMatch(/not the one signed for/)
  })
})
