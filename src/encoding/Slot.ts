/** Returns what it is given in place of a new object, so that the fields of a class that extends it are added to that. */
class Host {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the language offers no other way to add a private field to an object.
    return object
  }
}

/** A place beside immutable objects for what was computed from them. */
export interface Slot<K extends object, V> {
  readonly get: (object: K) => V | undefined
  readonly set: (object: K, value: V) => void
}

/**
 * A slot: a `WeakMap` that keeps each value in a private field of its object. Neither copies nor JSON of the object have
 * it. Entries of weak maps are looked at by every run of the garbage collector: they took a fifth of a commit's time.
 */
export const make = <K extends object, V>(): Slot<K, V> => {
  /** For objects that take no further field. */
  let others: WeakMap<K, V> | undefined
  class Field extends Host {
    #value: V

    constructor(object: K, value: V) {
      super(object)
      this.#value = value
    }

    static get(object: K): V | undefined {
      return #value in object ? object.#value : undefined
    }

    static set(object: K, value: V): void {
      if (#value in object) object.#value = value
      else if (Object.isExtensible(object)) new Field(object, value)
      else {
        others ??= new WeakMap()
        others.set(object, value)
      }
    }
  }
  return {
    get: (object) => Field.get(object) ?? others?.get(object),
    set: Field.set
  }
}
