/** A value as a text that is the same for equal values: maps as lists, all in order. */
export const plainOf = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Map) return [...part].filter(([, entry]) => entry !== undefined).sort(byText)
    if (Array.isArray(part) || typeof part !== "object" || part === null) return part
    return Object.fromEntries(Object.entries(part).sort(byText))
  })

const byText = ([a]: ReadonlyArray<unknown>, [b]: ReadonlyArray<unknown>): number => (String(a) < String(b) ? -1 : 1)
