/** What proves something is kept to be shown to others, and any other proof of the same would do. The rest follows from an id. */
const SHOWN = new Set(["block", "payload", "proof", "shown", "signed"])

/**
 * What a member knows, as a text that is the same for the same knowledge: whatever the order it came in, and whoever proved it.
 * Of proofs, and of what is named by the id of its transaction or revision, it says only that they are there.
 */
export const plain = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? ""
  if (Array.isArray(value)) return `[${value.map(plain).sort().join()}]`
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return `{${entries
    .filter(([, part]) => part !== undefined)
    .map(([key, part]) => `${key}:${SHOWN.has(key) ? "" : plain(part)}`)
    .sort()
    .join()}}`
}
