/**
 * What every conformance suite is made of: plain values, for any test runner or none.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"

/** One rule that an implementation keeps. Its name states the rule; its check fails where the rule is broken. */
export interface ConformanceCase<R, E = unknown> {
  readonly name: string
  readonly check: Effect.Effect<void, E, R>
}

/** A rule was broken: what was looked at, what it should have been, and what it was. */
export class ConformanceFailure extends Data.TaggedError("ConformanceFailure")<{
  readonly label: string
  readonly expected: unknown
  readonly actual: unknown
}> {
  override get message() {
    return `${this.label}: expected ${render(this.expected)}, got ${render(this.actual)}`
  }
}

/** Fails unless two values are the same by content: JSON values, bytes, and anything with an `Equal` of its own. */
export const expectEqual = <A>(actual: A, expected: A, label: string): Effect.Effect<void, ConformanceFailure> =>
  isSame(actual, expected) ? Effect.void : new ConformanceFailure({ label, expected, actual })

/** Fails unless a condition holds. */
export const expectTrue = (actual: boolean, label: string): Effect.Effect<void, ConformanceFailure> =>
  expectEqual(actual, true, label)

/** Fails unless an effect fails with an error of a tag; gives that error. A defect is not a failure. */
export const expectFailure = <A, E extends { readonly _tag: string }, R, Tag extends E["_tag"]>(
  effect: Effect.Effect<A, E, R>,
  tag: Tag,
  label: string
): Effect.Effect<Extract<E, { readonly _tag: Tag }>, ConformanceFailure, R> =>
  Effect.flatMap(Effect.exit(Effect.flip(effect)), (exit) =>
    Exit.isSuccess(exit) && exit.value._tag === tag
      ? Effect.succeed(exit.value as Extract<E, { readonly _tag: Tag }>)
      : new ConformanceFailure({ label, expected: tag, actual: exit })
  )

const isSame = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right) || Equal.equals(left, right)) return true
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return left instanceof Uint8Array && right instanceof Uint8Array && render(left) === render(right)
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every(
      (name) =>
        Object.hasOwn(right, name) &&
        isSame((left as Record<string, unknown>)[name], (right as Record<string, unknown>)[name])
    )
  )
}

/** The most characters of a value that a message shows. */
const SHOWN_CHARACTERS = 1000

const render = (value: unknown): string =>
  value instanceof Uint8Array
    ? `bytes ${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`
    : Inspectable.toStringUnknown(value).slice(0, SHOWN_CHARACTERS)
