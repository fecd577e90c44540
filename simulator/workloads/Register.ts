/**
 * Registers that are written and read. Each write keeps what it took the place of, so that the values of a register are a list:
 * a lost update shows as one that two have taken the place of.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Placement } from "../../src/collection/Collection.ts"
import * as Tree from "../../src/collection/Tree.ts"
import type { Body, Workload } from "./Workload.ts"

/** How much there is of it. */
export interface Shape {
  readonly collections: number
  /** Registers in each collection. */
  readonly registers: number
}

export const defaultShape: Shape = { collections: 3, registers: 2 }

const Register = Schema.Struct({ before: Schema.NullOr(Schema.Int), name: Schema.String, value: Schema.Int })

interface Place {
  readonly collection: number
  readonly name: string
}

/** The workload, for clients of a cluster. */
export const workload = (placement: Placement, shape: Shape = defaultShape): Workload => {
  const definitions = Array.from({ length: shape.collections }, (_, i) =>
    Tree.define(`registers-${i}`, { entry: Register, key: Schema.String, keyOf: ({ name }) => name, placement })
  )
  const places = definitions.flatMap((_, collection) =>
    Array.from({ length: shape.registers }, (_, i): Place => ({ collection, name: `register-${i}` }))
  )
  /** What each value took the place of. */
  const befores = new Map<number, number | null>()

  /** A value, and all that were there before it, oldest first. */
  const valuesTo = (last: number | null): ReadonlyArray<number> => {
    const values: Array<number> = []
    for (let value = last; value !== null && !values.includes(value); value = befores.get(value) ?? null) {
      values.push(value)
    }
    return values.reverse()
  }

  const keyOf = ({ collection, name }: Place) => `registers-${collection}/${name}`
  const current = (place: Place) =>
    Effect.flatMap(Tree.open(definitions[place.collection]!), (registers) =>
      Effect.map(registers.get(place.name), (found) => ({
        registers,
        value: Option.getOrNull(Option.map(found, ({ value }) => value))
      }))
    )

  const read =
    (places: ReadonlyArray<Place>): Body =>
    ({ done }) =>
      Effect.forEach(
        places,
        (place) =>
          Effect.map(
            current(place),
            ({ value }) => void done.push({ key: keyOf(place), type: "read", values: valuesTo(value) })
          ),
        { discard: true }
      )

  const write =
    (place: Place): Body =>
    ({ done, nextValue }) =>
      Effect.flatMap(current(place), ({ registers, value: before }) => {
        const value = nextValue()
        befores.set(value, before)
        done.push({ key: keyOf(place), type: "read", values: valuesTo(before) })
        return Effect.map(
          registers.put({ before, name: place.name, value }),
          () => void done.push({ key: keyOf(place), type: "append", value })
        )
      })

  return {
    name: "register",
    next: (prng) => {
      const place = prng.pick(places)
      return prng.nextInt(2) === 0 ? write(place) : read([place, prng.pick(places)].filter(isFirst))
    },
    readAll: read(places),
    setUp: definitions.map((definition) => () => Effect.asVoid(Tree.openOrCreate(definition)))
  }
}

const isFirst = <A>(element: A, index: number, all: ReadonlyArray<A>): boolean => all.indexOf(element) === index
