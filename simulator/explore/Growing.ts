/** Arrays of numbers that grow: `array` is another one after `reserve`. */
const FIRST_LENGTH = 1024

/** Grows by doubling. */
export class Growing<A extends Int32Array | Uint32Array> {
  array: A
  length = 0
  readonly #make: (length: number) => A

  constructor(make: (length: number) => A) {
    this.#make = make
    this.array = make(FIRST_LENGTH)
  }

  /** Makes room for so many more. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.array.length) return
    const larger = this.#make(Math.max(needed, 2 * this.array.length))
    larger.set(this.array)
    this.array = larger
  }

  push(value: number): void {
    if (this.length === this.array.length) this.reserve(1)
    this.array[this.length++] = value
  }
}

/** Of whole numbers from 0. */
export const growing = (): Growing<Uint32Array> => new Growing((length) => new Uint32Array(length))

/** Of words of bits. */
export const growingWords = (): Growing<Int32Array> => new Growing((length) => new Int32Array(length))
