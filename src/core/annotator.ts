/** Annotations of messages: told to those who want them, and added up for everybody. */
import { type Result, fail, ok } from '../failure.ts'
import { SummaryState } from './annotation-summary.ts'
import type { AppChannel, Receipt } from './app-channel.ts'
import type { Entry } from './history.ts'
import { contentBytes } from './memory-history.ts'
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

export class Annotator {
  readonly #parts: PublisherParts
  readonly #messages: MutableMessages

  constructor(parts: PublisherParts, messages: MutableMessages) {
    this.#parts = parts
    this.#messages = messages
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
    const repetitionId = repetitionIdOf(drafts, origin)
    const known = repetitionId === undefined ? undefined : channel.ids.find(repetitionId, timestamp)
    if (known) return ok(known)
    const changed = new Set<string>()
    const entries = annotations.map((annotation): Entry => {
      const serial = annotation.messageSerial
      const state = this.#summary(channel, serial)
      if (state.apply(annotation)) changed.add(serial)
      const message: KeptMessage = { ...targets.get(serial)!, summary: state.toJson() }
      targets.set(serial, message)
      this.#messages.keepAtHand(channel, message)
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
    this.#messages.letGoIfLost(channel, targets.keys(), kept)
    for (const serial of changed) this.#publishSummary(channel, targets.get(serial)!)
    const receipt = { id, serials: annotations.map(({ serial }) => serial), kept }
    if (repetitionId !== undefined) channel.remember(repetitionId, receipt, timestamp)
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
      const found = this.#messages.find(ref, messageSerial)
      if (!found.ok) return found
      channel = found.value.channel
      targets.set(messageSerial, found.value.message)
    }
    return channel ? ok({ channel, targets }) : fail('bad_request', 'there is no annotation')
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
    const known = channel.summariesAtHand.get(serial, this.#parts.clock.now())
    if (known) return known
    const state = SummaryState.from(this.#annotationsOf(channel.ref, serial))
    channel.summariesAtHand.set(serial, state, this.#parts.clock.now())
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

function bytesOf(contents: readonly Pick<KeptMessage, 'data' | 'extras'>[]): number {
  return contents.reduce((sum, content) => sum + contentBytes(content), 0)
}
