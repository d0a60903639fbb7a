/** Live objects as they stand in `history.db`: JSON, with bytes as base64. */
import type { MapEntry } from '../../core/objects/live-map.ts'
import type { ObjectHead } from '../../core/objects/live-object.ts'
import type { ObjectData } from '../../core/objects/operation.ts'

type StoredData = readonly [kind: ObjectData['kind'], value: string | number | boolean]

interface StoredEntry {
  readonly d?: StoredData
  readonly s?: string
  readonly r?: number
}

const decoder = new TextDecoder()

export function packHead(head: ObjectHead): Uint8Array {
  return Buffer.from(JSON.stringify(head))
}

/** @param body of `packHead` */
export function unpackHead(body: Uint8Array): ObjectHead {
  // What JSON leaves out is undefined.
  const head = JSON.parse(decoder.decode(body)) as ObjectHead
  const { clearSerial, count, deletedAt, isCreated, lostSince, objectId, sites } = head
  return { objectId, sites, isCreated, deletedAt, lostSince, count, clearSerial }
}

export function packEntry({ data, removedAt, serial }: MapEntry): Uint8Array {
  const stored: StoredEntry = {
    ...(data && { d: [data.kind, plainValue(data)] }),
    ...(serial !== undefined && { s: serial }),
    ...(removedAt !== undefined && { r: removedAt }),
  }
  return Buffer.from(JSON.stringify(stored))
}

function plainValue({ kind, value }: ObjectData): StoredData[1] {
  return kind === 'bytes' ? Buffer.from(value).toString('base64') : value
}

/** @param body of `packEntry` */
export function unpackEntry(body: Uint8Array): MapEntry {
  const { d, r, s } = JSON.parse(decoder.decode(body)) as StoredEntry
  return { data: d && dataOf(d), serial: s, removedAt: r }
}

function dataOf([kind, value]: StoredData): ObjectData {
  if (kind === 'bytes') return { kind, value: new Uint8Array(Buffer.from(String(value), 'base64')) }
  // It was a value of that kind when it was packed.
  return { kind, value } as ObjectData
}
