/** What objects take up, in bytes, as limits measure them: keys and values, and as much for each as it takes to keep it. */
import type { ObjectData, ObjectDraft, ObjectOperation } from './operation.ts'

/** Of each object and each entry of a map, so that very many empty ones are not free. */
export const KEEPING_BYTES = 64
const NUMBER_BYTES = 8
const BOOLEAN_BYTES = 1

/** References to other objects count nothing (OD3). */
export function dataBytes(data: ObjectData): number {
  switch (data.kind) {
    case 'string':
    case 'json':
      return Buffer.byteLength(data.value)
    case 'bytes':
      return data.value.byteLength
    case 'number':
      return NUMBER_BYTES
    case 'boolean':
      return BOOLEAN_BYTES
    case 'objectId':
      return 0
  }
}

export function entryBytes(key: string, data: ObjectData | undefined): number {
  return KEEPING_BYTES + Buffer.byteLength(key) + (data ? dataBytes(data) : 0)
}

/** Of an operation, as the limit of what is sent at once measures it (OOP4). */
export function operationBytes(operation: ObjectOperation): number {
  switch (operation.action) {
    case 'map.create': {
      let bytes = 0
      for (const [key, data] of operation.entries) bytes += key.length + dataBytes(data)
      return bytes
    }
    case 'map.set':
      return operation.key.length + dataBytes(operation.data)
    case 'map.remove':
      return operation.key.length
    case 'counter.create':
    case 'counter.inc':
      return NUMBER_BYTES
    case 'map.clear':
    case 'object.delete':
      return 0
  }
}

/** Of all that is sent at once (OM3). */
export function draftsBytes(drafts: readonly ObjectDraft[]): number {
  let bytes = 0
  for (const { clientId, extras, operation } of drafts)
    bytes += (clientId?.length ?? 0) + (extras?.length ?? 0) + operationBytes(operation)
  return bytes
}
