/** The summary of a message's annotations as JSON text of bounded size, in the shapes of TM7. */
import type { AnnotationTally, Contributions } from './annotation-tally.ts'
import type { JsonText } from '../types.ts'

/** A line of the summary: a type that has no names, or a name of a type. */
interface Row {
  readonly type: string
  readonly name: string | undefined
  readonly total: number
  /** The clients that the line may list, each as it is written there. */
  readonly clients: Iterable<string>
  readonly clientCount: number
  readonly value: (list: string, isClipped: boolean) => string
}

interface ClientList {
  readonly text: string
  readonly isClipped: boolean
}

const NOBODY: Contributions = { clients: new Map(), total: 0, unidentified: 0 }

/**
 * Totals are always exact. Where there is too much, lists of clients are clipped, the longest first; if that
 * is not enough, the types and names with the smallest totals are left out.
 * @param maxBytes of the text in UTF-8, at least 2
 */
export function summaryText(
  tallies: ReadonlyMap<string, AnnotationTally>,
  maxBytes: number,
): JsonText {
  const rows = [...tallies].flatMap(([type, tally]) => rowsOf(type, tally))
  const { kept, spare } = fitting(rows, maxBytes - 2)
  const lists = clientLists(kept, spare)
  const types = new Map<string, { readonly isNamed: boolean; readonly parts: string[] }>()
  for (const row of rows) {
    const list = lists.get(row)
    if (list === undefined) continue
    const { parts } = types.getOrInsert(row.type, { isNamed: row.name !== undefined, parts: [] })
    parts.push(namedValue(row, list))
  }
  const texts = [...types].map(([type, { isNamed, parts }]) =>
    member(type, isNamed ? `{${parts.join(',')}}` : parts.join(',')),
  )
  return `{${texts.join(',')}}`
}

function rowsOf(type: string, tally: AnnotationTally): Row[] {
  const { method, total, names } = tally
  if (method === 'total') return [bareRow(type, total, `{"total":${total}}`)]
  if (method === 'flag') return [listRow(type, undefined, [...names.values()][0] ?? NOBODY)]
  // A type whose last annotation was deleted stays, so that readers see that nothing is left.
  if (names.size === 0) return [bareRow(type, 0, '{}')]
  const row = method === 'multiple' ? countsRow : listRow
  return [...names].map(([name, contributions]) => row(type, name, contributions))
}

function bareRow(type: string, total: number, text: string): Row {
  return { type, name: undefined, total, clients: [], clientCount: 0, value: () => text }
}

function listRow(type: string, name: string | undefined, from: Contributions): Row {
  const { total, clients } = from
  return {
    type,
    name,
    total,
    clients: clients.keys().map((id) => JSON.stringify(id)),
    clientCount: clients.size,
    value: (list, isClipped) => `{"total":${total},"clientIds":[${list}],"clipped":${isClipped}}`,
  }
}

function countsRow(type: string, name: string, from: Contributions): Row {
  const { total, clients, unidentified } = from
  return {
    type,
    name,
    total,
    clients: clients.entries().map(([id, count]) => member(id, `${count}`)),
    clientCount: clients.size,
    value: (list, isClipped) =>
      `{"total":${total},"clientIds":{${list}},"totalUnidentified":${unidentified}` +
      `,"clipped":${isClipped},"totalClientIds":${clients.size}}`,
  }
}

/** So many rows that do not fit are written in vain: what comes after them has smaller totals still. */
const MAX_MISSES = 100

/** The rows that fit without their lists of clients, greatest totals first, and the bytes that are left. */
function fitting(rows: readonly Row[], room: number): { kept: Row[]; spare: number } {
  const types = new Set<string>()
  const kept: Row[] = []
  let spare = room
  let misses = 0
  for (const row of rows.toSorted((a, b) => b.total - a.total)) {
    if (misses === MAX_MISSES) break
    const ofType = types.has(row.type) ? 0 : size(member(row.type, '{}')) + 1
    const bytes = ofType + size(namedValue(row, { text: '', isClipped: false })) + 1
    if (bytes > spare) {
      misses++
      continue
    }
    spare -= bytes
    types.add(row.type)
    kept.push(row)
  }
  return { kept, spare }
}

/** Each row gets an equal part of the room, and what short lists do not need goes to the longer ones. */
function clientLists(rows: readonly Row[], room: number): ReadonlyMap<Row, ClientList> {
  const lists = new Map<Row, ClientList>()
  let spare = room
  for (const row of rows.toSorted((a, b) => a.clientCount - b.clientCount)) {
    const list = clientList(row, Math.floor(spare / (rows.length - lists.size)))
    spare -= size(list.text)
    lists.set(row, list)
  }
  return lists
}

function clientList({ clients, clientCount }: Row, room: number): ClientList {
  const listed: string[] = []
  let spare = room
  for (const client of clients) {
    spare -= size(client) + 1
    if (spare < 0) break
    listed.push(client)
  }
  return { text: listed.join(','), isClipped: listed.length < clientCount }
}

function namedValue({ name, value }: Row, { text, isClipped }: ClientList): string {
  return name === undefined ? value(text, isClipped) : member(name, value(text, isClipped))
}

function member(key: string, value: string): string {
  return `${JSON.stringify(key)}:${value}`
}

function size(text: string): number {
  return Buffer.byteLength(text)
}
