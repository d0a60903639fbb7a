/** Publishing on channels of apps, as it is proposed: messages, changes of messages, and annotations of them. */
import { type Failure, type Result, failure } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import { DEFAULT_ROLLUP_MS } from '../delivery/append-rollup.ts'
import type { Histories } from '../history/histories.ts'
import type { Registry } from '../registry/registry.ts'
import type { RuleOf } from '../history/histories.ts'
import {
  type AnnotationEntry,
  type EditEntry,
  type Entry,
  NO_SOCKET,
  type Origin,
  type OutcomeOf,
  type PublicationEntry,
} from '../channel/entry.ts'
import type { EditReceipt, Receipt } from '../channel/receipt.ts'
import { readHistory } from '../history/history.ts'
import type { IdSource } from '../id-source.ts'
import type { Soon } from '../soon.ts'
import type { AnnotationDraft, ChannelRef, MessageDraft, MessageEdit, Socket } from '../types.ts'
import type { Proposals } from './proposals.ts'

export interface PublisherParts {
  readonly histories: Histories
  readonly registry: Registry
  readonly ruleOf: RuleOf
  readonly proposals: Proposals
  readonly ids: IdSource
  /** Bytes that a message may come to by appending. */
  readonly maxMessageBytes: number
}

/** Whoever publishes. Their right to do so has been decided. */
export interface Publishing {
  /** Absent when there is no connection behind it. */
  readonly connectionId: string | undefined
  /** Of the whole, where the connection numbers what it sends; made up otherwise. */
  readonly id: string | undefined
  /** The socket that is not to hear of it. */
  readonly except?: Socket | undefined
  /** Whose ids those are by which a repetition is known; another's of the same text are other ids. */
  readonly idScope?: string | undefined
}

export interface Editing extends Publishing {
  readonly clientId: string | undefined
  /** Only messages of that very client may be changed. */
  readonly ownOnly: boolean
  /** Milliseconds that what is appended may wait for more; as long as is usual, where left out. */
  readonly rollupMs?: number
}

export interface NewPublication extends Publishing {
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

const ID_LENGTH = 12

export class Publisher {
  readonly #parts: PublisherParts

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /** Takes all messages or none. */
  publish(ref: ChannelRef, publication: NewPublication): Soon<Result<Receipt>> {
    const { batchId, connectionId, drafts, ephemeral, except, id } = publication
    const { ids, registry } = this.#parts
    const opened = ephemeral ? registry.open(ref) : registry.openToKeep(ref)
    const entry: PublicationEntry = {
      kind: 'publication',
      drafts,
      id: batchId ?? id ?? ids.next(ID_LENGTH),
      repeatId: batchId === undefined ? undefined : repeatIdOf(publication, batchId),
      connectionId,
      ephemeral,
    }
    return this.#propose(opened, entry, except ?? NO_SOCKET)
  }

  /** Changes a message that is there. @returns `not_mutable` where no rule allows changes, or `message_unknown` */
  edit(ref: ChannelRef, edit: MessageEdit, by: Editing): Soon<Result<EditReceipt>> {
    const { ids, maxMessageBytes, registry } = this.#parts
    const refusal = this.#changeRefusal(ref, edit.serial)
    if (refusal) return { ok: false, failure: refusal }
    const entry: EditEntry = {
      kind: 'edit',
      edit,
      id: by.id ?? ids.next(ID_LENGTH),
      connectionId: by.connectionId,
      clientId: by.clientId,
      ownOnly: by.ownOnly,
      maxBytes: maxMessageBytes,
      rollupMs: by.rollupMs ?? DEFAULT_ROLLUP_MS,
    }
    return this.#propose(registry.openToKeep(ref), entry, by.except ?? NO_SOCKET)
  }

  /** Annotates messages that are there: the annotations go out first, then what they come to. */
  annotate(
    ref: ChannelRef,
    drafts: readonly AnnotationDraft[],
    by: Publishing,
  ): Soon<Result<Receipt>> {
    const { ids, registry } = this.#parts
    const refusal = this.#changeRefusal(ref, drafts[0]?.messageSerial)
    if (refusal) return { ok: false, failure: refusal }
    const entry: AnnotationEntry = {
      kind: 'annotation',
      drafts,
      id: by.id ?? ids.next(ID_LENGTH),
      repeatId: annotationsRepeatId(drafts, by),
      connectionId: by.connectionId,
    }
    return this.#propose(registry.openToKeep(ref), entry, NO_SOCKET)
  }

  /** Whether there is such a message is decided when it is changed; but what cannot be there opens no channel. */
  #changeRefusal(ref: ChannelRef, serial: string | undefined): Failure | undefined {
    const { histories, registry, ruleOf } = this.#parts
    if (!ruleOf(ref).mutableMessages) return failure('not_mutable')
    if (serial === undefined || registry.channel(ref)) return undefined
    const read = readHistory(() => histories.of(ref).message(ref, serial))
    if (!read.ok) return read.failure
    return read.value ? undefined : failure('message_unknown')
  }

  #propose<E extends Entry>(
    opened: Soon<Result<Channel>>,
    entry: E,
    origin: Origin,
  ): Soon<Result<OutcomeOf<E>>> {
    if (opened instanceof Promise) return this.#proposeLater(opened, entry, origin)
    return opened.ok ? this.#parts.proposals.propose(opened.value, entry, origin) : opened
  }

  async #proposeLater<E extends Entry>(
    opening: Promise<Result<Channel>>,
    entry: E,
    origin: Origin,
  ): Promise<Result<OutcomeOf<E>>> {
    return this.#propose(await opening, entry, origin)
  }
}

/** Ids count for whoever gave them, or one client could make the message of another vanish by being first. */
function repeatIdOf({ drafts, idScope = '' }: NewPublication, batchId: string): string {
  // Or one message whose id is what several have in common, or what annotations are known by, would be taken for them.
  return `${idScope}\n${drafts.length === 1 ? 'message' : 'messages'}\n${batchId}`
}

/** Annotations that come again count once (RSAN1c4). Their ids are apart from those of messages. */
function annotationsRepeatId(
  drafts: readonly AnnotationDraft[],
  { idScope = '' }: Publishing,
): string | undefined {
  const ids = drafts.map(({ id }) => id)
  // As JSON, because ids may have any character in them.
  return ids.includes(undefined) ? undefined : `${idScope}\nannotations\n${JSON.stringify(ids)}`
}
