/** Entries as they go into `history.db`: encoded when they are handed over, so that nothing can change them later. */
import type { HistoryEntry } from '../../core/history/history.ts'
import { positionOf } from '../../core/channel/position.ts'
import type { ObjectRecord } from '../../core/objects/object-log.ts'
import { packEntry, packHead } from './object-body.ts'
import { packAnnotation, packMessage, packPresence } from './body.ts'

export type Row =
  | {
      readonly kind: 'message'
      readonly serial: string
      readonly timestamp: number
      readonly body: Uint8Array
    }
  | {
      readonly kind: 'version'
      readonly serial: string
      readonly isListed: boolean
      readonly body: Uint8Array
    }
  | {
      readonly kind: 'presence'
      readonly position: string
      readonly timestamp: number
      readonly body: Uint8Array
    }
  | {
      readonly kind: 'annotation'
      readonly messageSerial: string
      /** Undefined where a later row has it. */
      readonly messageBody: Uint8Array | undefined
      readonly serial: string
      readonly timestamp: number
      readonly body: Uint8Array
    }
  | {
      readonly kind: 'object'
      readonly objectId: string
      readonly channelBytes: number
      readonly isGone: boolean
      /** Whether entries that are not named are no more. */
      readonly isWhole: boolean
      readonly body: Uint8Array
      /** Undefined for those that are no more. */
      readonly entries: readonly (readonly [key: string, body: Uint8Array | undefined])[]
    }

/** @param channelBytes of all objects of the channel, as limits measure them */
export function objectRowOf(record: ObjectRecord, channelBytes: number): Row {
  const { entries, head, isWhole, objectId } = record
  return {
    kind: 'object',
    objectId,
    channelBytes,
    isGone: head === undefined,
    isWhole,
    body: head ? packHead(head) : NOTHING,
    entries: entries.map(([key, entry]) => [key, entry && packEntry(entry)]),
  }
}

const NOTHING = new Uint8Array()

export function rowOf(entry: HistoryEntry): Row {
  switch (entry.kind) {
    case 'message': {
      const { serial, timestamp } = entry.message
      return { kind: 'message', serial, timestamp, body: packMessage(entry.message) }
    }
    case 'version': {
      const { message, isListed } = entry
      return { kind: 'version', serial: message.serial, isListed, body: packMessage(message) }
    }
    case 'presence': {
      const { change, position } = entry
      const { timestamp } = change
      return { kind: 'presence', position, timestamp, body: packPresence(change) }
    }
    case 'annotation': {
      const { annotation, message } = entry
      const { serial, messageSerial, timestamp } = annotation
      const body = packAnnotation(annotation)
      const messageBody = message && packMessage(message)
      return { kind: 'annotation', messageSerial, messageBody, serial, timestamp, body }
    }
  }
}

/** Where an entry stands. */
export function placeOf(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'message':
    case 'presence':
      return entry.position
    case 'version':
      return positionOf(entry.message.version.serial)
    case 'annotation':
      return positionOf(entry.annotation.serial)
  }
}
