/** Publishing on channels of apps: messages, changes of messages, and annotations of them. */
import { type Failure, type Result, fail, ok } from '../failure.ts'
import { SummaryState } from './annotation-summary.ts'
import type { AppChannel, Receipt } from './app-channel.ts'
import type { Broker } from './broker.ts'
import type { Clock } from './clock.ts'
import type { Entry } from './history.ts'
import type { IdSource } from './id-source.ts'
import { contentBytes } from './memory-history.ts'
import { applyEdit } from './message-edit.ts'
import { type PositionSource, positionOf, serialAt } from './position.ts'
import type {
  Annotation,
  AnnotationChange,
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
}

export interface NewPublication extends Origin {
  readonly drafts: readonly MessageDraft[]
  /** The publisher's own id for all of it: a repetition is answered as the first was (RSL1k). */
  readonly batchId: string | undefined
  readonly ephemeral: boolean
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

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /** Takes all messages or none. */
  publish(ref: ChannelRef, publication: NewPublication): Result<Receipt> {
    const opened = this.#parts.broker.open(ref)
    if (!opened.ok) return opened
    const channel = opened.value
    const timestamp = this.#parts.clock.now()
    const { batchId } = publication
    const known = batchId === undefined ? undefined : channel.ids.find(batchId, timestamp)
    if (known) return ok(known)
    const event = this.#stamp(publication, timestamp)
    const serials = event.messages.map(({ serial }) => serial)
    const kept = this.#place(channel, event, publication.except)
    const receipt = { id: event.id, serials, kept }
    if (batchId !== undefined) this.#remember(channel, batchId, receipt, timestamp)
    return ok(receipt)
  }

  /**
   * Changes a message that is there.
   * @param mayTouch asked with the message as it stands
   */
  edit(
    ref: ChannelRef,
    edit: MessageEdit,
    origin: Origin & { readonly clientId: string | undefined },
    mayTouch: MayTouch,
  ): Result<EditReceipt> {
    const found = this.#find(ref, edit.serial)
    if (!found.ok) return found
    const { channel, message } = found.value
    const refused = mayTouch(message)
    if (refused) return { ok: false, failure: refused }
    const position = this.#parts.positions.next()
    const id = origin.id ?? this.#newId()
    const edited = applyEdit(
      message,
      edit,
      {
        serial: serialAt(position, 0),
        timestamp: this.#parts.clock.now(),
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
    channel.messagesAtHand.set(stored.serial, stored)
    const isListed = edit.action !== 'append'
    const kept = this.#parts.broker.place(
      channel,
      event,
      contentBytes(delivered),
      [{ kind: 'version', message: stored, isListed }],
      origin.except,
    )
    return ok({ versionSerial: delivered.version.serial, kept })
  }

  /** Annotates messages that are there: the annotations go out first, then what they come to. */
  annotate(ref: ChannelRef, drafts: readonly AnnotationDraft[], origin: Origin): Result<Receipt> {
    const position = this.#parts.positions.next()
    const id = origin.id ?? this.#newId()
    const timestamp = this.#parts.clock.now()
    const annotations = drafts.map((draft, index) =>
      stampAnnotation(draft, `${id}:${index}`, serialAt(position, index), timestamp),
    )
    const found = this.#targets(ref, annotations)
    if (!found.ok) return found
    const { channel, targets } = found.value
    const repetitionId = repetitionIdOf(drafts)
    const known = repetitionId === undefined ? undefined : channel.ids.find(repetitionId, timestamp)
    if (known) return ok(known)
    const changed = new Set<string>()
    const entries = annotations.map((annotation): Entry => {
      const serial = annotation.messageSerial
      const state = this.#summary(channel, serial)
      if (state.apply(annotation)) changed.add(serial)
      const message: KeptMessage = { ...targets.get(serial)!, summary: state.toJson() }
      targets.set(serial, message)
      channel.messagesAtHand.set(serial, message)
      return { kind: 'annotation', annotation, message }
    })
    const event: AnnotationChange = {
      kind: 'annotation',
      position,
      id,
      connectionId: origin.connectionId,
      timestamp,
      annotations,
    }
    const kept = this.#parts.broker.place(channel, event, bytesOf(annotations), entries)
    for (const serial of changed) this.#publishSummary(channel, targets.get(serial)!)
    const receipt = { id, serials: annotations.map(({ serial }) => serial), kept }
    if (repetitionId !== undefined) this.#remember(channel, repetitionId, receipt, timestamp)
    return ok(receipt)
  }

  /** The messages that annotations are for; each must be there. */
  #targets(
    ref: ChannelRef,
    annotations: readonly Annotation[],
  ): Result<{ channel: AppChannel; targets: Map<string, KeptMessage> }> {
    const targets = new Map<string, KeptMessage>()
    let channel: AppChannel | undefined
    for (const { messageSerial } of annotations) {
      const found = this.#find(ref, messageSerial)
      if (!found.ok) return found
      channel = found.value.channel
      targets.set(messageSerial, found.value.message)
    }
    return channel ? ok({ channel, targets }) : fail('bad_request', 'there is no annotation')
  }

  #stamp(publication: NewPublication, timestamp: number): Publication {
    const { drafts, batchId, connectionId, ephemeral } = publication
    const position = this.#parts.positions.next()
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
        summary: undefined,
      }
    })
    return {
      kind: 'publication',
      position,
      id,
      connectionId,
      timestamp,
      messages,
      ...(ephemeral && { ephemeral }),
    }
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

  /** One that could not be kept is forgotten, so that its publisher may try again. */
  #remember(channel: AppChannel, batchId: string, receipt: Receipt, now: number): void {
    channel.ids.add(batchId, receipt, now)
    receipt.kept?.catch(() => channel.ids.remove(batchId))
  }

  #publishSummary(channel: AppChannel, message: KeptMessage): void {
    const { broker, clock, positions } = this.#parts
    const event: Publication = {
      kind: 'publication',
      position: positions.next(),
      id: this.#newId(),
      connectionId: undefined,
      timestamp: clock.now(),
      messages: [{ ...message, action: 'summary' }],
    }
    broker.place(channel, event, contentBytes(message), [])
  }

  #summary(channel: AppChannel, serial: string): SummaryState {
    const known = channel.summariesAtHand.get(serial)
    if (known) return known
    const state = SummaryState.from(this.#annotationsOf(channel.ref, serial))
    channel.summariesAtHand.set(serial, state)
    return state
  }

  *#annotationsOf(ref: ChannelRef, serial: string): Iterable<Annotation> {
    const history = this.#parts.broker.history(ref)
    let after: string | undefined
    do {
      const page = { direction: 'forwards' as const, limit: 1000, after }
      const { items, next } = history.annotations(ref, serial, page)
      yield* items
      after = next
    } while (after !== undefined)
  }

  #find(ref: ChannelRef, serial: string): Result<{ channel: AppChannel; message: KeptMessage }> {
    const { broker } = this.#parts
    if (!broker.rule(ref).mutableMessages) return fail('not_mutable')
    const opened = broker.open(ref)
    if (!opened.ok) return opened
    const channel = opened.value
    const message = channel.messagesAtHand.get(serial) ?? broker.history(ref).message(ref, serial)
    return message ? ok({ channel, message }) : fail('message_unknown')
  }

  #newId(): string {
    return this.#parts.ids.next(ID_LENGTH)
  }
}

/** Annotations that come again count once (RSAN1c4). Their ids are apart from those of messages. */
function repetitionIdOf(drafts: readonly AnnotationDraft[]): string | undefined {
  const ids = drafts.map(({ id }) => id)
  return ids.includes(undefined) ? undefined : ['annotations', ...ids].join('\n')
}

function stampAnnotation(
  draft: AnnotationDraft,
  id: string,
  serial: string,
  timestamp: number,
): Annotation {
  return { ...draft, id: draft.id ?? id, serial, timestamp }
}

function bytesOf(contents: readonly Pick<KeptMessage, 'data' | 'extras'>[]): number {
  return contents.reduce((sum, content) => sum + contentBytes(content), 0)
}
