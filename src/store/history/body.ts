/**
 * How messages, presence and annotations are written into `history.db`: as a MessagePack list of their
 * members, without those that have a column. Text, bytes and absence come out as they went in.
 */
import { Packr, Unpackr } from 'msgpackr'
import type {
  Annotation,
  KeptMessage,
  MessageAction,
  PresenceAction,
  PresenceMessage,
  Version,
} from '../../core/types.ts'

/** Files hold the places in these lists: only ever add to their ends. */
const MESSAGE_ACTIONS: readonly MessageAction[] = [
  'create',
  'update',
  'delete',
  'append',
  'summary',
  'meta',
]
const PRESENCE_ACTIONS: readonly PresenceAction[] = [
  'absent',
  'present',
  'enter',
  'leave',
  'update',
]
const ANNOTATION_ACTIONS: readonly Annotation['action'][] = ['create', 'delete']

/** Text that is no valid Unicode (half of a surrogate pair) is a list of its UTF-16 bytes. */
type Cell = string | number | Uint8Array | readonly [Uint8Array] | null

const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false })

/** What the columns beside a body say. */
export interface Columns {
  readonly serial: string
  /** Of the message, the change or the annotation itself: when it was created. */
  readonly timestamp: number
}

export function packMessage(message: KeptMessage): Uint8Array {
  const { version } = message
  return pack([
    message.id,
    message.name,
    message.data,
    message.encoding,
    message.clientId,
    message.connectionId,
    message.extras,
    MESSAGE_ACTIONS.indexOf(message.action),
    message.summary,
    version.serial === message.serial ? undefined : version.serial,
    version.timestamp === message.timestamp ? undefined : version.timestamp,
    version.clientId,
    version.description,
    version.metadata,
  ])
}

export function unpackMessage(body: Uint8Array, { serial, timestamp }: Columns): KeptMessage {
  const cells = unpack(body)
  return {
    id: cells.text() ?? '',
    name: cells.text(),
    data: cells.data(),
    encoding: cells.text(),
    clientId: cells.text(),
    connectionId: cells.text(),
    extras: cells.text(),
    timestamp,
    serial,
    action: MESSAGE_ACTIONS[cells.number() ?? 0]!,
    summary: cells.text(),
    version: unpackVersion(cells, { serial, timestamp }),
  }
}

function unpackVersion(cells: Cells, { serial, timestamp }: Columns): Version {
  return {
    serial: cells.text() ?? serial,
    timestamp: cells.number() ?? timestamp,
    clientId: cells.text(),
    description: cells.text(),
    metadata: cells.text(),
  }
}

export function packPresence(change: PresenceMessage): Uint8Array {
  return pack([
    PRESENCE_ACTIONS.indexOf(change.action),
    change.id,
    change.clientId,
    change.connectionId,
    change.data,
    change.encoding,
    change.extras,
  ])
}

export function unpackPresence(body: Uint8Array, { timestamp }: Columns): PresenceMessage {
  const cells = unpack(body)
  return {
    action: PRESENCE_ACTIONS[cells.number() ?? 0]!,
    id: cells.text() ?? '',
    clientId: cells.text() ?? '',
    connectionId: cells.text() ?? '',
    data: cells.data(),
    encoding: cells.text(),
    extras: cells.text(),
    timestamp,
  }
}

export function packAnnotation(annotation: Annotation): Uint8Array {
  return pack([
    ANNOTATION_ACTIONS.indexOf(annotation.action),
    annotation.id,
    annotation.type,
    annotation.name,
    annotation.clientId,
    annotation.count,
    annotation.data,
    annotation.encoding,
    annotation.extras,
  ])
}

export function unpackAnnotation(
  body: Uint8Array,
  messageSerial: string,
  { serial, timestamp }: Columns,
): Annotation {
  const cells = unpack(body)
  return {
    action: ANNOTATION_ACTIONS[cells.number() ?? 0]!,
    id: cells.text() ?? '',
    serial,
    messageSerial,
    type: cells.text() ?? '',
    name: cells.text(),
    clientId: cells.text(),
    count: cells.number(),
    data: cells.data(),
    encoding: cells.text(),
    extras: cells.text(),
    timestamp,
  }
}

function pack(members: readonly (string | number | Uint8Array | undefined)[]): Uint8Array {
  const used = members.findLastIndex((member) => member !== undefined) + 1
  return packr.pack(members.slice(0, used).map(cellOf))
}

function cellOf(member: string | number | Uint8Array | undefined): Cell {
  if (member === undefined) return null
  if (typeof member !== 'string' || member.isWellFormed()) return member
  return [Buffer.from(member, 'utf16le')]
}

function unpack(body: Uint8Array): Cells {
  return new Cells(unpackr.unpack(body) as Cell[])
}

/** Reads the members of a list one after the other; those behind its end are absent. */
class Cells {
  readonly #cells: readonly Cell[]
  #next = 0

  constructor(cells: readonly Cell[]) {
    this.#cells = cells
  }

  data(): string | Uint8Array | undefined {
    const cell = this.#cells[this.#next++] ?? undefined
    if (cell === undefined || typeof cell === 'string') return cell
    if (cell instanceof Uint8Array) return new Uint8Array(cell)
    if (typeof cell === 'number') throw new TypeError('data is a number')
    return Buffer.from(cell[0]).toString('utf16le')
  }

  text(): string | undefined {
    const data = this.data()
    if (data instanceof Uint8Array) throw new TypeError('text is bytes')
    return data
  }

  number(): number | undefined {
    const cell = this.#cells[this.#next++] ?? undefined
    if (cell !== undefined && typeof cell !== 'number') throw new TypeError('not a number')
    return cell
  }
}
