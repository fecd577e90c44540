/** Random blocks and operations on them, from a seed. */
import type { Block } from "../../schemas/Block.ts"
import { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation } from "../../schemas/Transform.ts"
import type { Prng } from "../../src/random/Prng.ts"

const collectionId = CollectionId.make("a".repeat(52))

/** The id of the `index`th block of a test. */
export const idOf = (index: number): BlockId =>
  BlockId.make(
    [...String(index).padStart(4, "0")]
      .map((digit) => "abcdefghij"[Number(digit)])
      .join("")
      .padStart(57, "a")
      .concat("a")
  )

/** Names that a block may have; some that every object inherits. */
const PROPERTIES = ["constructor", "entries", "keys", "next", "title", "toString", "valueOf"] as const

const scalar = (random: Prng): Json =>
  random.pick<Json>([null, true, random.nextInt(100), `text ${random.nextInt(100)}`, { a: random.nextInt(10) }])

const items = (random: Prng, most: number): ReadonlyArray<Json> =>
  Array.from({ length: random.nextInt(most + 1) }, () =>
    random.nextInt(4) === 0 ? [scalar(random)] : { key: random.nextInt(1_000), name: `name ${random.nextInt(100)}` }
  )

/** A block with some of the properties, in canonical order. */
export const randomBlock = (random: Prng, index: number): Block => {
  const fields: Array<readonly [string, unknown]> = [
    ["header", { collectionId, id: idOf(index), type: "test" }],
    ["entries", items(random, 12)]
  ]
  for (const name of PROPERTIES) {
    if (name !== "entries" && random.nextInt(3) === 0) {
      fields.push([name, random.nextInt(2) === 0 ? items(random, 4) : scalar(random)])
    }
  }
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1))) as unknown as Block
}

/** An operation that as a rule fits the block. */
export const randomOperation = (random: Prng, block: Block): Operation => {
  const property = random.nextInt(3) === 0 ? random.pick(PROPERTIES) : "entries"
  const current = Object.hasOwn(block, property) ? block[property] : undefined
  if (random.nextInt(20) === 0) {
    return random.pick<Operation>([
      ["header", 0, 0, null],
      ["Not a name", 0, 0, 1],
      [property, 1, 0, 1],
      [property, 0, 2, null],
      [property, 0, 1, 1],
      [property, 1_000, 0, []]
    ])
  }
  if (!Array.isArray(current)) {
    return random.nextInt(3) === 0
      ? [property, 0, 1, null]
      : [property, 0, 0, random.nextInt(4) === 0 ? items(random, 3) : scalar(random)]
  }
  const index = random.nextInt(current.length + 1)
  const deleteCount = random.nextInt(Math.min(4, current.length - index + 1))
  return [property, index, deleteCount, items(random, 3)]
}

/** A value that no one can change any more: who tries throws. */
export const frozen = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const field of Object.values(value)) frozen(field)
  }
  return value
}
