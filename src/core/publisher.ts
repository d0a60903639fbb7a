/** Publishing on channels of apps: messages, changes of messages, and annotations of them. */
import { type Failure, type Result, ok } from '../failure.ts'
import { Annotator } from './annotator.ts'
import type { AppChannel, Receipt } from './app-channel.ts'
import { DEFAULT_ROLLUP_MS } from './append-rollup.ts'
import type { Broker } from './broker.ts'
import type { Clock } from './clock.ts'
import type { IdSource } from './id-source.ts'
import { contentBytes } from './memory-history.ts'
import { applyEdit } from './message-edit.ts'
import { MutableMessages } from './mutable-messages.ts'
import { type PositionSource, positionOf, serialAt } from './position.ts'
import type {
  AnnotationDraft,
  ChannelRef,
  KeptMessage,
  MessageDraft,
  MessageEdit,
  Publication,
  Socket,
} from './types.ts'

export interface PublisherParts {
  readonly broker: Broker
  readonly positions: PositionSource
  readonly ids: IdSource
  readonly clock: Clock
  /** Bytes that a message may come to by appending. */
  readonly maxMessageBytes: number
}

/** Whoever publishes. Their right to do so has been decided. */
export interface Origin {
  /** Absent when there is no connection behind it. */
  readonly connectionId: string | undefined
  /** Of the whole, where the connection numbers what it sends; made up otherwise. */
  readonly id: string | undefined
  /** The socket that is not to hear of it. */
  readonly except?: Socket | undefined
  /** Whose ids those are by which a repetition is known; another's of the same text are other ids. */
  readonly idScope?: string | undefined
}

export interface EditOrigin extends Origin {
  readonly clientId: string | undefined
  /** Milliseconds that what is appended may wait for more; as long as is usual, where left out. */
  readonly rollupMs?: number
}

export interface NewPublication extends Origin {
  readonly drafts: readonly MessageDraft[]
  /** The publisher's own id for all of it: a repetition is answered as the first was (RSL1k). */
  readonly batchId: string | undefined
  readonly ephemeral: boolean
}

/** One message that the server itself has to say: there is nobody behind it, and nothing that it would repeat. */
export function ownMessage(
  content: Pick<MessageDraft, 'name' | 'data' | 'encoding'>,
  { ephemeral }: Pick<NewPublication, 'ephemeral'> = { ephemeral: false },
): NewPublication {
  return {
    drafts: [{ ...content, id: undefined, clientId: undefined, extras: undefined }],
    batchId: undefined,
    ephemeral,
    connectionId: undefined,
    id: undefined,
  }
}

export interface EditReceipt {
  readonly versionSerial: string
  readonly kept: Promise<void> | undefined
}

/** Decides about a change, knowing the message that is to be changed. */
export type MayTouch = (original: KeptMessage) => Failure | undefined

const ID_LENGTH = 12

export class Publisher {
  readonly #parts: PublisherParts
  readonly #messages: MutableMessages
  readonly #annotator: Annotator

  constructor(parts: PublisherParts) {
    this.#parts = parts
    this.#messages = new MutableMessages(parts.broker, parts.clock)
    this.#annotator = new Annotator(parts, this.#messages)
  }

  /** Takes all messages or none. */
  publish(ref: ChannelRef, publication: NewPublication): Result<Receipt> {
    const opened = publication.ephemeral
      ? this.#parts.broker.open(ref)
      : this.#parts.broker.openToPlace(ref)
    if (!opened.ok) return opened
    const channel = opened.value
    const repetitionId = repetitionIdOf(publication)
    const known =
      repetitionId === undefined ? undefined : channel.ids.find(repetitionId, this.#moment)
    if (known) return ok(known)
    const event = this.#stamp(publication)
    const kept = this.#place(channel, event, publication.except)
    const serials = event.messages.map(({ serial }) => serial)
    if (asksForPush(event.messages)) this.#parts.broker.push(channel, event.messages)
    const receipt = { id: event.id, serials, kept }
    if (repetitionId !== undefined) channel.remember(repetitionId, receipt, this.#moment)
    return ok(receipt)
  }

  /**
   * Changes a message that is there.
   * @param mayTouch asked with the message as it stands
   */
  edit(
    ref: ChannelRef,
    edit: MessageEdit,
    origin: EditOrigin,
    mayTouch: MayTouch,
  ): Result<EditReceipt> {
    const found = this.#messages.find(ref, edit.serial)
    if (!found.ok) return found
    const { channel, message } = found.value
    const refused = mayTouch(message)
    if (refused) return { ok: false, failure: refused }
    const timestamp = this.#parts.positions.time.now()
    const position = this.#parts.positions.next(timestamp)
    const id = origin.id ?? this.#newId()
    const edited = applyEdit(
      message,
      edit,
      {
        serial: serialAt(position, 0),
        timestamp,
        clientId: origin.clientId,
        id: `${id}:0`,
      },
      this.#parts.maxMessageBytes,
    )
    if (!edited.ok) return edited
    const { delivered, stored } = edited.value
    const event: Publication = {
      kind: 'publication',
      position,
      id,
      connectionId: origin.connectionId,
      timestamp: delivered.version.timestamp,
      messages: [delivered],
      ...(stored !== delivered && {
        whole: [stored],
        continues: positionOf(message.version.serial),
      }),
    }
    this.#messages.keepAtHand(channel, stored)
    const isListed = edit.action !== 'append'
    const kept = this.#parts.broker.place(
      channel,
      event,
      contentBytes(delivered),
      [{ kind: 'version', message: stored, isListed }],
      origin.except,
      origin.rollupMs ?? DEFAULT_ROLLUP_MS,
    )
    this.#messages.letGoIfLost(channel, [stored.serial], kept)
    return ok({ versionSerial: delivered.version.serial, kept })
  }

  /** Annotates messages that are there: the annotations go out first, then what they come to. */
  annotate(ref: ChannelRef, drafts: readonly AnnotationDraft[], origin: Origin): Result<Receipt> {
    return this.#annotator.annotate(ref, drafts, origin)
  }

  #stamp(publication: NewPublication): Publication {
    const { drafts, batchId, connectionId, ephemeral } = publication
    const timestamp = this.#parts.positions.time.now()
    const position = this.#parts.positions.next(timestamp)
    const id = batchId ?? publication.id ?? this.#newId()
    const messages = drafts.map((draft, index): KeptMessage => {
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
    })
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

  #place(
    channel: AppChannel,
    event: Publication,
    except: Socket | undefined,
  ): Promise<void> | undefined {
    const { position } = event
    const entries =
      event.ephemeral === true
        ? []
        : event.messages.map((message) => ({ kind: 'message' as const, message, position }))
    return this.#parts.broker.place(channel, event, bytesOf(event.messages), entries, except)
  }

  /** By which it is known for how long an id has been known. */
  get #moment(): number {
    return this.#parts.clock.elapsed()
  }

  #newId(): string {
    return this.#parts.ids.next(ID_LENGTH)
  }
}

/** Ids count for whoever gave them, or one client could make the message of another vanish by being first. */
function repetitionIdOf({ batchId, drafts, idScope = '' }: NewPublication): string | undefined {
  if (batchId === undefined) return undefined
  // Or one message whose id is what several have in common, or what annotations are known by, would be taken for them.
  return `${idScope}\n${drafts.length === 1 ? 'message' : 'messages'}\n${batchId}`
}

/** A look at the text alone, so that it costs nothing for messages without extras. */
function asksForPush(messages: readonly KeptMessage[]): boolean {
  for (const { extras } of messages)
    if (extras !== undefined && extras.includes('"push":')) return true
  return false
}

function bytesOf(contents: readonly KeptMessage[]): number {
  let bytes = 0
  for (const content of contents) bytes += contentBytes(content)
  return bytes
}
