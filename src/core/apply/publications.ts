/** New messages on a channel: stamped, told, and known by their publisher's own id for a while (RSL1k). */
import type { At } from '../../engine/engine.ts'
import { type Result, ok } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import { type Origin, type PublicationEntry, exceptOf } from '../channel/entry.ts'
import type { Receipt } from '../channel/receipt.ts'
import type { HistoryEntry } from '../history/history.ts'
import type { Placement } from './placement.ts'
import { serialAt } from '../channel/position.ts'
import type { KeptMessage, Publication } from '../types.ts'

const NOTHING: readonly HistoryEntry[] = Object.freeze([])

export interface PublicationParts {
  readonly placement: Placement
  /** Told, on the node where it was published, of messages that have something for devices in them. */
  readonly onPush: (channel: Channel, messages: readonly KeptMessage[]) => void
}

export class Publications {
  readonly #parts: PublicationParts

  constructor(parts: PublicationParts) {
    this.#parts = parts
  }

  apply(
    channel: Channel,
    entry: PublicationEntry,
    at: At,
    origin: Origin | undefined,
  ): Result<Receipt> {
    const { repeatId } = entry
    const known = repeatId === undefined ? undefined : channel.ids.find(repeatId, at.moment)
    if (known) return ok(known)
    const event = stamp(entry, at)
    const { messages } = event
    const records = entry.ephemeral ? NOTHING : recordsOf(event)
    const { placement } = this.#parts
    const kept = placement.remember(channel, event, records, at.moment)
    placement.deliver(channel, event, exceptOf(origin))
    if (origin !== undefined && asksForPush(messages)) this.#parts.onPush(channel, messages)
    const receipt = { id: event.id, serials: serialsOf(messages), kept }
    if (repeatId !== undefined) channel.remember(repeatId, receipt, at.moment)
    return ok(receipt)
  }
}

function stamp({ connectionId, drafts, ephemeral, id }: PublicationEntry, at: At): Publication {
  const { timestamp } = at
  const position = at.place()
  const messages: KeptMessage[] = []
  for (const draft of drafts) {
    const index = messages.length
    const serial = serialAt(position, index)
    messages.push({
      id: draft.id ?? `${id}:${index}`,
      name: draft.name,
      data: draft.data,
      encoding: draft.encoding,
      clientId: draft.clientId,
      connectionId,
      extras: draft.extras,
      timestamp,
      serial,
      action: 'create',
      version: { serial, timestamp },
      guest: draft.guest,
      summary: undefined,
    })
  }
  const event: Publication = {
    kind: 'publication',
    position,
    id,
    connectionId,
    timestamp,
    messages,
  }
  return ephemeral ? { ...event, ephemeral } : event
}

function recordsOf({ messages, position }: Publication): HistoryEntry[] {
  const records: HistoryEntry[] = []
  for (const message of messages) records.push({ kind: 'message', message, position })
  return records
}

function serialsOf(messages: readonly KeptMessage[]): string[] {
  const serials: string[] = []
  for (const { serial } of messages) serials.push(serial)
  return serials
}

/** A look at the text alone, so that it costs nothing for messages without extras. */
function asksForPush(messages: readonly KeptMessage[]): boolean {
  for (const { extras } of messages)
    if (extras !== undefined && extras.includes('"push":')) return true
  return false
}
