import { describe, expect, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Block, PropertyName } from "../../schemas/Block.ts"
import { CollectionName } from "../../schemas/Collection.ts"
import * as Ids from "../../schemas/Ids.ts"
import { Base, NetworkName } from "../../schemas/Manifest.ts"
import { Operation, Transform } from "../../schemas/Transform.ts"

const accepts = <A, I>(schema: Schema.Schema<A, I>, value: unknown) =>
  Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })(value)._tag === "Right"

const a = (length: number) => "a".repeat(length)
const header = { collectionId: a(52), id: a(58), type: "leaf" }

type Row = readonly [
  name: string,
  schema: Schema.Schema.AnyNoContext,
  good: ReadonlyArray<unknown>,
  bad: ReadonlyArray<unknown>
]

const ROWS: ReadonlyArray<Row> = [
  [
    "a hash",
    Ids.Hash,
    [a(52), `${a(51)}q`],
    [a(51), a(53), `${a(51)}b`, a(52).toUpperCase(), `${a(51)}=`, `1${a(51)}`]
  ],
  ["a collection id", Ids.CollectionId, [a(52)], [a(58), `${a(51)}c`]],
  ["a block id", Ids.BlockId, [a(52), a(58), `${a(57)}4`], [a(57), `${a(57)}b`, `${a(51)}b`, ""]],
  ["an action id", Ids.ActionId, [a(52)], [a(58)]],
  ["a stamp id", Ids.StampId, [a(52)], [`${a(51)}z`]],
  [
    "a public key",
    Ids.PublicKey,
    [`ed25519:${a(52)}`],
    [a(52), `rsa:${a(52)}`, `ed25519:${a(51)}b`, `ed25519:${a(52)}\n`]
  ],
  ["a peer id", Ids.PeerId, [`12D3KooW${"A".repeat(44)}`], [`12D3KooW${"0".repeat(44)}`, `QmYy${"A".repeat(48)}`]],
  ["a signature", Ids.Signature, [a(103), `${a(102)}y`], [a(102), `${a(102)}b`]],
  ["a revision", Ids.Rev, [1, Number.MAX_SAFE_INTEGER], [0, -1, 1.5, 2 ** 53, "1", Number.NaN]],
  ["a network name", NetworkName, ["local", "a", "my.net-1_x", a(63)], ["", "-a", "A", "a b", a(64)]],
  ["a collection's name", CollectionName, ["x", "ü 😀", "x".repeat(200)], ["", "x".repeat(201), "\ud800"]],
  ["a property's name", PropertyName, ["a", "priorHash", "constructor"], ["", "A", "9", "a-b", "__proto__", a(33)]],
  ["a base", Base, ["none", { hash: a(52), rev: 1 }], ["deleted", { hash: a(52) }, { hash: "deleted", rev: 1 }]],
  [
    "an operation",
    Operation,
    [
      ["a", 0, 0, null],
      ["a", 3, 2, [{ x: [1] }]]
    ],
    [
      ["a", -1, 0, []],
      ["a", 0, 0.5, []],
      ["a", 0, 0],
      ["a", 0, 0, undefined],
      ["9", 0, 0, []],
      ["a", 0, 0, [], 1]
    ]
  ],
  [
    "a transform",
    Transform,
    [{ delete: true }, { operations: [] }, { insert: { entries: [], header } }],
    [{}, { delete: false }, { operations: [], delete: true }, { insert: { entries: [] } }]
  ],
  [
    "a block",
    Block,
    [{ header }, { entries: [{ "9": 1, "10": [null] }], header }],
    [
      {},
      { header: { ...header, type: "Leaf" } },
      { "9": 1, header },
      { header, x: undefined },
      { header, x: Number.NaN }
    ]
  ]
]

describe("schemas", () => {
  it.each(ROWS)("know %s from what is none", (_name, schema, good, bad) => {
    for (const value of good) expect(accepts(schema, value), JSON.stringify(value)).toBe(true)
    for (const value of bad) expect(accepts(schema, value), JSON.stringify(value)).toBe(false)
  })
})
