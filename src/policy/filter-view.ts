/** A message as filters see it. */
import type { JSONValue } from '@jmespath-community/jmespath'

/** How deep data and headers may be nested to be parsed for filters. */
const MAX_DEPTH = 64

/** What a filter can ask about; whatever a message lacks is null. */
export interface FilterableMessage {
  readonly id: string
  readonly name: string | undefined
  /** Seen as its value if the encoding is `json`, unless that is nested very deeply, and as null if it is bytes. */
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
  readonly clientId: string | undefined
  readonly connectionId: string | undefined
  /** JSON text, of which `headers` can be asked about. */
  readonly extras: string | undefined
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly serial: string
}

/** A message as filters see it: made once for all filters, and parsed only if one asks. */
export type FilterView = Readonly<
  Record<keyof Omit<FilterableMessage, 'encoding' | 'extras'>, JSONValue>
> & {
  readonly headers: JSONValue
}

/** A message with what filters have to know of its size before they look at it. */
export interface FilterInput {
  readonly view: FilterView
  /** Values in the data, and one more for every 16 letters of its text; counted when it is first read. */
  readonly dataSize: number
  /** The same for everything but the data. */
  readonly restSize: number
  /** Letters of data and extras, which may be long. */
  readonly letters: number
}

/** About as much work as a value is. */
const LETTERS_PER_VALUE = 16

export function filterInput(message: FilterableMessage): FilterInput {
  const view = filterView(message)
  const { data, extras = '', name = '' } = message
  const text = typeof data === 'string' ? data : ''
  const dataSize = once(() => valuesIn(view.data) + text.length / LETTERS_PER_VALUE)
  const restSize = once(
    () =>
      OTHER_MEMBERS + valuesIn(view.headers) + (extras.length + name.length) / LETTERS_PER_VALUE,
  )
  return {
    view,
    letters: text.length + extras.length,
    get dataSize() {
      return dataSize()
    },
    get restSize() {
      return restSize()
    },
  }
}

const OTHER_MEMBERS = 8

function valuesIn(value: JSONValue): number {
  if (typeof value !== 'object' || value === null) return 1
  let count = 1
  for (const item of Object.values(value)) count += valuesIn(item)
  return count
}

export function filterView(message: FilterableMessage): FilterView {
  const data = once(() => dataOf(message))
  const headers = once(() => headersOf(message))
  const { id, name = null, clientId = null, connectionId = null, timestamp, serial } = message
  return {
    id,
    name,
    clientId,
    connectionId,
    timestamp,
    serial,
    get data() {
      return data()
    },
    get headers() {
      return headers()
    },
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

function dataOf({ data, encoding }: FilterableMessage): JSONValue {
  if (typeof data !== 'string') return null
  const value = encoding === 'json' ? parsed(data) : undefined
  return value === undefined ? data : value
}

function headersOf({ extras = 'null' }: FilterableMessage): JSONValue {
  const value = parsed(extras)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return value.headers ?? null
}

/** @returns undefined if it is not JSON, or nested so deeply that comparing it could take very long */
function parsed(text: string): JSONValue | undefined {
  try {
    const value: JSONValue = JSON.parse(text)
    return isDeeper(value, MAX_DEPTH) ? undefined : value
  } catch {
    return undefined
  }
}

function isDeeper(value: JSONValue, allowed: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return allowed === 0 || Object.values(value).some((item) => isDeeper(item, allowed - 1))
}
