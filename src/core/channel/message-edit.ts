/** Updating, deleting and appending: what becomes of a message, and what of it is told (RSL15, RTL32). */
import { type Result, fail, ok } from '../../failure.ts'
import { messageSize } from './message-size.ts'
import type { KeptMessage, MessageDraft, MessageEdit, Version } from '../types.ts'

/** What the channel gives to a version. */
export interface VersionStamp {
  /** After every earlier version of the message, as text is ordered. */
  readonly serial: string
  /** Milliseconds since the epoch, by the server's clock. */
  readonly timestamp: number
  /** Of who edits, if known; an edit that names somebody itself has been permitted to. */
  readonly clientId: string | undefined
  /** Of the message in its new state. */
  readonly id: string
}

export interface EditedMessage {
  /** For those who know the state before: of an append, the new part only. */
  readonly delivered: KeptMessage
  /** For everybody else. */
  readonly stored: KeptMessage
}

type Payload = Pick<KeptMessage, 'data' | 'encoding'>

/**
 * The message after an edit. What the edit leaves out stays, what it gives replaces, even if that is empty.
 * @param original the message in its latest state
 * @param maxSize bytes that the whole message may have, unless it had more before and does not grow
 * @returns `append_mismatch` if data of this kind cannot be continued, `message_too_large`
 */
export function applyEdit(
  original: KeptMessage,
  edit: MessageEdit,
  stamp: VersionStamp,
  maxSize: number,
): Result<EditedMessage> {
  const { action, draft } = edit
  const payload = action === 'append' ? joined(original, draft) : replaced(original, draft)
  if (payload === undefined) return fail('append_mismatch')

  const stored: KeptMessage = {
    ...original,
    ...payload,
    id: stamp.id,
    name: draft.name ?? original.name,
    extras: draft.extras ?? original.extras,
    action: action === 'append' ? 'update' : action,
    version: versionOf(original, edit, stamp),
  }
  const size = messageSize(stored)
  if (size > maxSize && size > messageSize(original)) return fail('message_too_large')
  if (action !== 'append') return ok({ delivered: stored, stored })
  const { data, encoding } = draft
  return ok({ delivered: { ...stored, action, data, encoding }, stored })
}

/** An encoding says what data means, so it comes and goes with the data. */
function replaced(original: Payload, { data, encoding }: MessageDraft): Payload {
  return data === undefined ? payloadOf(original) : { data, encoding }
}

function joined(original: Payload, fragment: MessageDraft): Payload | undefined {
  const { data, encoding } = fragment
  if (data === undefined) return payloadOf(original)
  if (!canBeContinued(encoding)) return undefined
  if (original.data === undefined) return { data, encoding }
  if (original.encoding !== encoding) return undefined
  if (typeof data === 'string') {
    return typeof original.data === 'string' ? { data: original.data + data, encoding } : undefined
  }
  if (typeof original.data === 'string') return undefined
  const bytes = new Uint8Array(original.data.length + data.length)
  bytes.set(original.data)
  bytes.set(data, original.data.length)
  return { data: bytes, encoding }
}

function payloadOf({ data, encoding }: Payload): Payload {
  return { data, encoding }
}

/** Two JSON texts, or two ciphertexts, are together not one that anybody could read. */
function canBeContinued(encoding: string | undefined): boolean {
  return !encoding?.split('/').some((step) => step === 'json' || step.startsWith('cipher+'))
}

/** Clients rely on a version being younger than its message; and the clock may have been set back. */
function versionOf(original: KeptMessage, edit: MessageEdit, stamp: VersionStamp): Version {
  const { clientId = stamp.clientId, description, metadata } = edit.version
  return {
    serial: stamp.serial,
    timestamp: Math.max(stamp.timestamp, original.timestamp + 1, original.version.timestamp),
    clientId,
    description,
    metadata,
  }
}
