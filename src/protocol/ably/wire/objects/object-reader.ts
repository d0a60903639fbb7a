/** OBJECT messages of clients, in every way in which SDKs have written them (OOP). */
import type { ObjectDraft, ObjectOperation } from '../../../../core/objects/operation.ts'
import { invalid } from '../../../../core/objects/checks.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import { isRecord, jsonText } from '../json-value.ts'
import { type MessageLimits, readClientId, readEntries, readName } from '../members.ts'
import { objectAction } from './object-actions.ts'
import { readCreate } from './create-reader.ts'
import { numberOf, readObjectData } from './object-data.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * Reads the operations of a protocol message.
 * @param state as decoded, with nothing held back
 */
export function readObjectMessages(state: unknown, limits: MessageLimits): Result<ObjectDraft[]> {
  if (!Array.isArray(state)) return refused('operations come in a list')
  const entries = readEntries(state, limits)
  if (!entries.ok) return entries
  const drafts: ObjectDraft[] = []
  for (const entry of entries.value) {
    const draft = readObjectMessage(entry)
    if (!draft.ok) return draft
    drafts.push(draft.value)
  }
  return ok(drafts)
}

function readObjectMessage(entry: Members): Result<ObjectDraft> {
  if (entry['object'] !== undefined && entry['object'] !== null)
    return refused('the state of an object is the server’s to say')
  if (isSaid(entry['serial']) || isSaid(entry['siteCode']))
    return refused('serial and site are given by the server')
  const common = readObjectCommon(entry)
  if (!common.ok) return common
  const operation = readOperation(entry['operation'])
  return operation.ok ? ok({ ...common.value, operation: operation.value }) : operation
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** What stands beside the operation. */
export function readObjectCommon(entry: Members): Result<Omit<ObjectDraft, 'operation'>> {
  const id = readName(entry['id'], 'message_id_invalid')
  if (!id.ok) return id
  const clientId = readClientId(entry['clientId'])
  if (!clientId.ok) return clientId
  const { extras = null } = entry
  if (extras === null) return ok({ id: id.value, clientId: clientId.value, extras: undefined })
  const text = isRecord(extras) ? jsonText(extras) : undefined
  if (text === undefined) return fail('extras_invalid')
  return ok({ id: id.value, clientId: clientId.value, extras: text })
}

function readOperation(value: unknown): Result<ObjectOperation> {
  if (!isRecord(value)) return refused('there is no operation')
  const action = objectAction(value['action'])
  if (!action) return refused('the action is unknown')
  const { objectId } = value
  if (typeof objectId !== 'string') return refused('the operation names no object')
  switch (action) {
    case 'map.set':
      return readSet(objectId, value['mapSet'] ?? value['mapOp'])
    case 'map.remove':
      return readRemove(objectId, value['mapRemove'] ?? value['mapOp'])
    case 'counter.inc':
      return readIncrement(objectId, value['counterInc'] ?? value['counterOp'])
    case 'map.create':
    case 'counter.create':
      return readCreate(action, objectId, value)
    case 'map.clear':
    case 'object.delete':
      return ok({ action, objectId })
  }
}

export function readSet(objectId: string, value: unknown): Result<ObjectOperation> {
  if (!isRecord(value)) return refused('the payload of the operation is missing')
  const { key } = value
  if (!isKey(key)) return refused('the key is no text')
  const data = readObjectData(value['value'] ?? value['data'])
  return data.ok ? ok({ action: 'map.set', objectId, key, data: data.value }) : data
}

export function readRemove(objectId: string, value: unknown): Result<ObjectOperation> {
  if (!isRecord(value)) return refused('the payload of the operation is missing')
  const { key } = value
  return isKey(key) ? ok({ action: 'map.remove', objectId, key }) : refused('the key is no text')
}

export function readIncrement(objectId: string, value: unknown): Result<ObjectOperation> {
  if (!isRecord(value)) return refused('the payload of the operation is missing')
  const number = numberOf(value['number'] ?? value['amount'])
  return number === undefined
    ? fail('data_invalid', 'a counter is incremented by a number')
    : ok({ action: 'counter.inc', objectId, number })
}

/** Any text: dots and other special characters mean nothing here. */
export function isKey(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

function refused(why: string): Result<never> {
  return { ok: false, failure: invalid(why) }
}
