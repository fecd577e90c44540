import type { Block } from "../../schemas/Block.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation, Transform } from "../../schemas/Transform.ts"
import * as Slot from "../encoding/Slot.ts"

/** A transform that does not fit the block it is applied to. */
export class TransformMismatch extends Error {
  override readonly name = "TransformMismatch"
}

const PROPERTY = /^[a-z][A-Za-z0-9]{0,31}$/

/** A property of a block's own: `constructor` is a name like any other. */
export const propertyOf = (block: Block, property: string): unknown =>
  Object.hasOwn(block, property) ? block[property] : undefined

/** The fields of a block in canonical order, with one of them set, or left out where `value` is undefined. */
const withProperty = (block: Block, property: string, value: unknown): Block => {
  const names = Object.keys(block)
  if (!Object.hasOwn(block, property)) {
    names.push(property)
    names.sort()
  }
  // Not by spreading: on Node 20 an object that was spread into another gets a shape of its own with the first field that is added to
  // it, here by whoever remembers its text (1,300 ns, not 110).
  const fields: { [property: string]: unknown } = {}
  for (const name of names) {
    if (name !== property) fields[name] = block[name]
    else if (value !== undefined) fields[name] = value
  }
  return fields as unknown as Block
}

/** A block after one operation: a new value that shares all that did not change. Throws {@link TransformMismatch}. */
export const applyOperation = (block: Block, [property, index, deleteCount, inserted]: Operation): Block => {
  if (property === "header" || !PROPERTY.test(property)) throw new TransformMismatch(`property ${property}`)
  const current = propertyOf(block, property)
  if (Array.isArray(current)) {
    if (!Array.isArray(inserted)) throw new TransformMismatch(`${property} holds an array`)
    if (index + deleteCount > current.length)
      throw new TransformMismatch(`${property} ends before ${index + deleteCount}`)
    return withProperty(block, property, splice(current, index, deleteCount, inserted))
  }
  if (index !== 0 || deleteCount > 1) throw new TransformMismatch(`${property} holds no array`)
  if (deleteCount === 0) return withProperty(block, property, inserted)
  if (current === undefined || inserted !== null) throw new TransformMismatch(`removal of ${property}`)
  return withProperty(block, property, undefined)
}

/** Arguments that a call may certainly have: engines limit them. */
const MAX_ARGUMENTS = 1_000

const splice = (
  items: ReadonlyArray<Json>,
  index: number,
  deleteCount: number,
  inserted: ReadonlyArray<Json>
): ReadonlyArray<Json> =>
  inserted.length <= MAX_ARGUMENTS
    ? items.toSpliced(index, deleteCount, ...inserted)
    : items.slice(0, index).concat(inserted, items.slice(index + deleteCount))

interface Application {
  readonly before: Block
  readonly after: Block
}

const applications = Slot.make<Transform, Application>()

/**
 * Remembers what a transform made of a block, so that whoever applies the same transform to the same block next gets the
 * same value: the node that makes a transaction and then stores it holds each new revision once, and hashes it once.
 */
export const rememberApplication = (transform: Transform, before: Block, after: Block): void => {
  applications.set(transform, { after, before })
}

/**
 * A block after a transform; undefined where there is none. `insert` wants no block before it, the others want one.
 * Throws {@link TransformMismatch}.
 */
export const applyTransform = (block: Block | undefined, transform: Transform): Block | undefined => {
  if ("insert" in transform) {
    if (block !== undefined) throw new TransformMismatch("insert over a block that exists")
    return transform.insert
  }
  if (block === undefined) throw new TransformMismatch("change of a block that does not exist")
  if ("delete" in transform) return undefined
  const known = applications.get(transform)
  return known?.before === block ? known.after : transform.operations.reduce(applyOperation, block)
}

/** Whether operations make of one version of a block another, item by item the same values: cheaper than by hash. */
export const leadsTo = (transform: Transform, before: Block, after: Block): boolean => {
  const applied = applyTransform(before, transform)
  if (applied === undefined) return false
  const names = Object.keys(after)
  return names.length === Object.keys(applied).length && names.every((name) => isSame(applied[name], after[name]))
}

const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => item === b[i]))
