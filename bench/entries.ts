/**
 * What benchmarks store: entries of about 60 bytes under random 16-character keys, the same in every run.
 */
import * as Schema from "effect/Schema"
import { PCGRandom } from "effect/Utils"
import { Tree } from "effect-optimystic"

/** An entry: about 60 bytes of JSON. */
export class Place extends Schema.Class<Place>("Place")({
  id: Schema.String,
  name: Schema.String,
  population: Schema.Int
}) {}

export const Places = Tree.define("places", { entry: Place, key: Schema.String, keyOf: ({ id }) => id })

const SEED = 20
const LETTERS = "abcdefghijklmnopqrstuvwxyz"
const KEY_LENGTH = 16
const NAME_LENGTH = 8
const MAX_POPULATION = 1_000_000

/** As many places as asked for: always the same ones, for each seed. */
export const makePlaces = (count: number, seed = SEED): ReadonlyArray<Place> => {
  const random = new PCGRandom(seed)
  const text = (length: number) => Array.from({ length }, () => LETTERS[random.integer(LETTERS.length)]).join("")
  return Array.from(
    { length: count },
    () => new Place({ id: text(KEY_LENGTH), name: text(NAME_LENGTH), population: random.integer(MAX_POPULATION) })
  )
}

/** The same items in another order: always the same one. */
export const shuffled = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> => {
  const random = new PCGRandom(SEED)
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}
