/** LevelDB's MANIFEST: which tables a database is made of, as the changes that led there. */
import { ByteReader, Malformed } from "./ByteReader.ts"

const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE_NUMBER = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG_NUMBER = 9

/** Without one of each, LevelDB does not open a database. They are in the second record. */
const REQUIRED = [LOG_NUMBER, NEXT_FILE_NUMBER, LAST_SEQUENCE] as const

/** A table by its number, which names its file. */
export interface TableEntry {
  readonly number: number
  readonly sizeBytes: number
}

/** A table on its level: a number moves from one level to the next. */
const placeOf = (level: number, number: number): string => `${level}/${number}`

interface Edit {
  readonly tags: Set<number>
  readonly deleted: Array<string>
  readonly added: Array<readonly [place: string, table: TableEntry]>
}

const readEdit = (record: Uint8Array): Edit => {
  const reader = new ByteReader(record)
  const edit: Edit = { added: [], deleted: [], tags: new Set() }
  while (!reader.isAtEnd) {
    const tag = reader.varint()
    edit.tags.add(tag)
    switch (tag) {
      case COMPARATOR:
        reader.bytes(reader.varint())
        break
      case LOG_NUMBER:
      case NEXT_FILE_NUMBER:
      case LAST_SEQUENCE:
      case PREVIOUS_LOG_NUMBER:
        reader.varint()
        break
      case COMPACT_POINTER:
        reader.varint()
        reader.bytes(reader.varint())
        break
      case DELETED_FILE:
        edit.deleted.push(placeOf(reader.varint(), reader.varint()))
        break
      case NEW_FILE: {
        const level = reader.varint()
        const table = { number: reader.varint(), sizeBytes: reader.varint() }
        // The lowest and the highest key.
        reader.bytes(reader.varint())
        reader.bytes(reader.varint())
        edit.added.push([placeOf(level, table.number), table])
        break
      }
      default:
        throw new Malformed(`it has a field ${tag}, which is unknown`)
    }
  }
  return edit
}

/** The tables that there are after all the changes. Throws `Malformed`. */
export const tablesOf = (records: ReadonlyArray<Uint8Array>): ReadonlyArray<TableEntry> => {
  const tables = new Map<string, TableEntry>()
  const tags = new Set<number>()
  for (const record of records) {
    const edit = readEdit(record)
    for (const place of edit.deleted) tables.delete(place)
    for (const [place, table] of edit.added) tables.set(place, table)
    for (const tag of edit.tags) tags.add(tag)
  }
  if (!REQUIRED.every((tag) => tags.has(tag))) throw new Malformed("its beginning is missing")
  return [...tables.values()]
}
