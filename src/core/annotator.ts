/** Annotations of messages: told to those who want them, and added up for everybody. */
import { type Result, fail, ok } from '../failure.ts'
import { SummaryState } from './annotation-summary.ts'
import type { AppChannel, Receipt } from './app-channel.ts'
import { type Entry, readHistory } from './history.ts'
import { annotationBytes, messageBytes } from './memory-history.ts'
import type { MutableMessages } from './mutable-messages.ts'
import { serialAt } from './position.ts'
import type { Origin, PublisherParts } from './publisher.ts'
import type {
  Annotation,
  AnnotationChange,
  AnnotationDraft,
  ChannelRef,
  KeptMessage,
  Publication,
} from './types.ts'

const ID_LENGTH = 12
/** SDKs annotate one at a time. */
export const MAX_TARGETS = 100

export class Annotator {
  readonly #parts: PublisherParts
  readonly #messages: MutableMessages

  constructor(parts: PublisherParts, messages: MutableMessages) {
    this.#parts = parts
    this.#messages = messages
  }

  /** Annotates messages that are there: the annotations go out first, then what they come to. */
  annotate(ref: ChannelRef, drafts: readonly AnnotationDraft[], origin: Origin): Result<Receipt> {
    const timestamp = this.#parts.positions.time.now()
    const position = this.#parts.positions.next(timestamp)
    const id = origin.id ?? this.#newId()
    const annotations = drafts.map((draft, index) =>
      stampAnnotation(draft, `${id}:${index}`, serialAt(position, index), timestamp),
    )
    const found = this.#targets(ref, annotations)
    if (!found.ok) return found
    const { channel, targets } = found.value
    const read = readHistory(() => {
      // Before anything is changed: what cannot be read of one must not leave the others half annotated.
      for (const serial of targets.keys()) this.#summary(channel, serial)
    })
    if (!read.ok) return read
    const repetitionId = repetitionIdOf(drafts, origin)
    const moment = this.#parts.clock.elapsed()
    const known = repetitionId === undefined ? undefined : channel.ids.find(repetitionId, moment)
    if (known) return ok(known)
    const { changed, messages } = this.#addUp(channel, annotations, targets)
    const event: AnnotationChange = {
      kind: 'annotation',
      position,
      id,
      connectionId: origin.connectionId,
      timestamp,
      annotations,
    }
    const entries = entriesOf(annotations, messages)
    const kept = this.#parts.broker.place(channel, event, bytesOf(annotations), entries)
    this.#messages.letGoIfLost(channel, messages.keys(), kept)
    for (const serial of changed) this.#publishSummary(channel, messages.get(serial)!)
    const receipt = { id, serials: annotations.map(({ serial }) => serial), kept }
    if (repetitionId !== undefined) channel.remember(repetitionId, receipt, moment)
    return ok(receipt)
  }

  /**
   * The messages with what their annotations now come to, each once however many were annotations of it, and those
   * of them whose summary changed.
   */
  #addUp(
    channel: AppChannel,
    annotations: readonly Annotation[],
    targets: ReadonlyMap<string, KeptMessage>,
  ): { changed: ReadonlySet<string>; messages: ReadonlyMap<string, KeptMessage> } {
    const changed = new Set<string>()
    const states = new Map<string, SummaryState>()
    for (const annotation of annotations) {
      const serial = annotation.messageSerial
      const state = states.get(serial) ?? this.#summary(channel, serial)
      states.set(serial, state)
      if (state.apply(annotation)) changed.add(serial)
    }
    const messages = new Map<string, KeptMessage>()
    for (const [serial, state] of states) {
      const message = { ...targets.get(serial)!, summary: state.toJson() }
      messages.set(serial, message)
      this.#messages.keepAtHand(channel, message)
    }
    return { changed, messages }
  }

  /** The messages that annotations are for; each must be there. */
  #targets(
    ref: ChannelRef,
    annotations: readonly Annotation[],
  ): Result<{ channel: AppChannel; targets: Map<string, KeptMessage> }> {
    const targets = new Map<string, KeptMessage>()
    let channel: AppChannel | undefined
    for (const { messageSerial } of annotations) {
      if (targets.has(messageSerial)) continue
      if (targets.size > MAX_TARGETS) break
      const found = this.#messages.find(ref, messageSerial)
      if (!found.ok) return found
      channel = found.value.channel
      targets.set(messageSerial, found.value.message)
    }
    // Each is told again, whole, with what its annotations come to.
    if (targets.size > MAX_TARGETS)
      return fail('too_many_messages', `${MAX_TARGETS} messages can be annotated at once`)
    return channel ? ok({ channel, targets }) : fail('bad_request', 'there is no annotation')
  }

  #publishSummary(channel: AppChannel, message: KeptMessage): void {
    const { broker, positions } = this.#parts
    const timestamp = positions.time.now()
    const event: Publication = {
      kind: 'publication',
      position: positions.next(timestamp),
      id: this.#newId(),
      connectionId: undefined,
      timestamp,
      messages: [{ ...message, action: 'summary' }],
    }
    broker.place(channel, event, messageBytes(message), [])
  }

  #summary(channel: AppChannel, serial: string): SummaryState {
    const now = this.#parts.clock.elapsed()
    const known = channel.summariesAtHand.get(serial, now)
    if (known) return known
    const state = SummaryState.from(this.#annotationsOf(channel.ref, serial))
    channel.summariesAtHand.set(serial, state, now)
    channel.home.retention.note(channel.summariesAtHand, 0, now)
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

  #newId(): string {
    return this.#parts.ids.next(ID_LENGTH)
  }
}

/** Annotations that come again count once (RSAN1c4). Their ids are apart from those of messages. */
function repetitionIdOf(
  drafts: readonly AnnotationDraft[],
  { idScope = '' }: Origin,
): string | undefined {
  const ids = drafts.map(({ id }) => id)
  // As JSON, because ids may have any character in them.
  return ids.includes(undefined) ? undefined : `${idScope}\nannotations\n${JSON.stringify(ids)}`
}

function stampAnnotation(
  draft: AnnotationDraft,
  id: string,
  serial: string,
  timestamp: number,
): Annotation {
  return { ...draft, id: draft.id ?? id, serial, timestamp }
}

/** The last annotation of each message stands with the message as they have made it. */
function entriesOf(
  annotations: readonly Annotation[],
  messages: ReadonlyMap<string, KeptMessage>,
): Entry[] {
  const waiting = new Map(messages)
  return annotations
    .toReversed()
    .map((annotation): Entry => {
      const message = waiting.get(annotation.messageSerial)
      waiting.delete(annotation.messageSerial)
      return { kind: 'annotation', annotation, message }
    })
    .toReversed()
}

function bytesOf(annotations: readonly Annotation[]): number {
  return annotations.reduce((sum, annotation) => sum + annotationBytes(annotation), 0)
}
