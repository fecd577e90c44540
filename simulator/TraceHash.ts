const SEEDS = [0x243f6a88, 0x85a308d3] as const
const HEX_DIGITS_PER_WORD = 8

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by))

const stir = (hash: number, word: number): number => {
  const block = Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
  return (Math.imul(rotateLeft(hash ^ block, 13), 5) + 0xe6546b64) | 0
}

const finish = (hash: number, length: number): string => {
  let mixed = hash ^ length
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(HEX_DIGITS_PER_WORD, "0")
}

/**
 * A running 64-bit digest: two MurmurHash3 (x86, 32 bit) with different seeds. Tells runs apart; no defence against
 * forgery.
 */
export class TraceHash {
  private high: number = SEEDS[0]
  private low: number = SEEDS[1]
  private words = 0
  private readonly view = new DataView(new ArrayBuffer(8))

  /** Adds a whole number, of which 32 bits count. */
  addWord(word: number): void {
    this.high = stir(this.high, word)
    this.low = stir(this.low, word)
    this.words++
  }

  /** Adds all 64 bits of a number. */
  addNumber(value: number): void {
    this.view.setFloat64(0, value)
    this.addWord(this.view.getInt32(0))
    this.addWord(this.view.getInt32(4))
  }

  /** Adds a text, and its length, so that neighbours cannot run into each other. */
  addText(text: string): void {
    this.addWord(text.length)
    for (let i = 0; i < text.length; i++) this.addWord(text.charCodeAt(i))
  }

  /** The digest so far: 16 hexadecimal digits. */
  digest(): string {
    return finish(this.high, this.words) + finish(this.low, this.words)
  }
}
