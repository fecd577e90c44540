import type { Json } from "../../schemas/Json.ts"
import type { Operation } from "../../schemas/Transform.ts"

/** The one splice of a property that leads from one array to another, or none where they are alike. Shared items stay. */
export const spliceBetween = (
  property: string,
  before: ReadonlyArray<Json>,
  after: ReadonlyArray<Json>
): Operation | undefined => {
  const shared = Math.min(before.length, after.length)
  let start = 0
  while (start < shared && before[start] === after[start]) start++
  let end = 0
  while (end < shared - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  const deleted = before.length - end - start
  const inserted = after.slice(start, after.length - end)
  return deleted > 0 || inserted.length > 0 ? [property, start, deleted, inserted] : undefined
}
