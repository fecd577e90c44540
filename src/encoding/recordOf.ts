/**
 * A record of entries, in their order. Without a prototype, engines keep it as a dictionary at once; an object literal gets
 * a hidden class for every key, and ids are never the same twice.
 */
export const recordOf = <A>(entries: Iterable<readonly [key: string, value: A]>): { readonly [key: string]: A } => {
  const record: { [key: string]: A } = Object.create(null)
  for (const [key, value] of entries) record[key] = value
  return record
}
