/** New messages on a channel: stamped, told, and known by their publisher's own id for a while (RSL1k). */
import type { At } from '../../engine/engine.ts'
import { type Result, ok } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import { type Origin, type PublicationEntry, exceptOf } from '../channel/entry.ts'
import type { Receipt } from '../channel/receipt.ts'
import type { HistoryEntry } from '../history/history.ts'
import type { Placement } from './placement.ts'
import { serialAt } from '../channel/position.ts'
import type { KeptMessage, MessageDraft, Publication } from '../types.ts'

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
  const messages = stampedAll(drafts, { connectionId, id, position, timestamp })
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

type Stamp = Omit<Publication, 'kind' | 'messages'>

/** Nearly all publications are one message: a list that grew would keep four times as much for it. */
function stampedAll(drafts: readonly MessageDraft[], whole: Stamp): readonly KeptMessage[] {
  const [only] = drafts
  if (only !== undefined && drafts.length === 1) return [stamped(only, 0, whole)]
  const messages: KeptMessage[] = []
  for (const draft of drafts) messages.push(stamped(draft, messages.length, whole))
  return messages
}

function stamped(
  draft: MessageDraft,
  index: number,
  { connectionId, id, position, timestamp }: Stamp,
): KeptMessage {
  const serial = serialAt(position, index)
  return {
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
  }
}

function recordsOf({ messages, position }: Publication): HistoryEntry[] {
  const records: HistoryEntry[] = []
  for (const message of messages) records.push({ kind: 'message', message, position })
  return records
}

function serialsOf(messages: readonly KeptMessage[]): readonly string[] {
  const [only] = messages
  if (only !== undefined && messages.length === 1) return [only.serial]
  return messages.map(({ serial }) => serial)
}

/** A look at the text alone, so that it costs nothing for messages without extras. */
function asksForPush(messages: readonly KeptMessage[]): boolean {
  for (const { extras } of messages)
    if (extras !== undefined && extras.includes('"push":')) return true
  return false
}
