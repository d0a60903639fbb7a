/** Annotations of messages: told to those who want them, and added up for everybody. */
import type { At } from '../../engine/engine.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { SummaryState } from '../channel/annotation-summary.ts'
import type { Channel } from '../channel/channel.ts'
import type { AnnotationEntry } from '../channel/entry.ts'
import type { Receipt } from '../channel/receipt.ts'
import type { Histories } from '../history/histories.ts'
import { type History, type HistoryEntry, readHistory } from '../history/history.ts'
import type { MutableMessages } from './mutable-messages.ts'
import type { Placement } from './placement.ts'
import { serialAt } from '../channel/position.ts'
import type {
  Annotation,
  AnnotationChange,
  AnnotationDraft,
  ChannelRef,
  KeptMessage,
  Publication,
} from '../types.ts'

/** Of all annotated messages together: each is told again, whole, with what its annotations come to. */
export const MAX_TARGETS = 100
const PAGE = 1000

/** What annotations come to: the messages with it, each once, and those of them of which it is something else now. */
interface Sums {
  readonly messages: ReadonlyMap<string, KeptMessage>
  readonly changed: ReadonlySet<string>
}

export class Annotations {
  readonly #placement: Placement
  readonly #messages: MutableMessages
  readonly #histories: Histories

  constructor(placement: Placement, messages: MutableMessages, histories: Histories) {
    this.#placement = placement
    this.#messages = messages
    this.#histories = histories
  }

  /** The annotations go out first, then what they come to. */
  apply(channel: Channel, entry: AnnotationEntry, at: At): Result<Receipt> {
    const { connectionId, drafts, id, repeatId } = entry
    const targets = this.#targets(channel, drafts, at.moment)
    if (!targets.ok) return targets
    const read = readHistory(() => {
      // Before anything is changed: what cannot be read of one must not leave the others half annotated.
      for (const serial of targets.value.keys()) this.#summary(channel, serial, at.moment)
    })
    if (!read.ok) return read
    const known = repeatId === undefined ? undefined : channel.ids.find(repeatId, at.moment)
    if (known) return ok(known)
    const { timestamp } = at
    const position = at.place()
    const annotations = drafts.map((draft, index) =>
      stamp(draft, `${id}:${index}`, serialAt(position, index), timestamp),
    )
    const sums = this.#addUp(channel, annotations, targets.value, at)
    const event: AnnotationChange = {
      kind: 'annotation',
      position,
      id,
      connectionId,
      timestamp,
      annotations,
    }
    const records = recordsOf(annotations, sums.messages)
    const kept = this.#placement.remember(channel, event, records, at.moment)
    this.#placement.deliver(channel, event, undefined)
    this.#messages.letGoIfLost(channel, sums.messages.keys(), kept)
    for (const serial of sums.changed)
      this.#tellSummary(channel, sums.messages.get(serial)!, id, at)
    const receipt = { id, serials: annotations.map(({ serial }) => serial), kept }
    if (repeatId !== undefined) channel.remember(repeatId, receipt, at.moment)
    return ok(receipt)
  }

  #addUp(
    channel: Channel,
    annotations: readonly Annotation[],
    targets: ReadonlyMap<string, KeptMessage>,
    { moment }: At,
  ): Sums {
    const changed = new Set<string>()
    const states = new Map<string, SummaryState>()
    for (const annotation of annotations) {
      const serial = annotation.messageSerial
      const state = states.get(serial) ?? this.#summary(channel, serial, moment)
      states.set(serial, state)
      if (state.apply(annotation)) changed.add(serial)
    }
    const messages = new Map<string, KeptMessage>()
    for (const [serial, state] of states) {
      const message = { ...targets.get(serial)!, summary: state.toJson() }
      messages.set(serial, message)
      this.#messages.keepAtHand(channel, message, moment)
    }
    return { changed, messages }
  }

  /** The messages that annotations are for; each must be there. */
  #targets(
    channel: Channel,
    drafts: readonly AnnotationDraft[],
    moment: number,
  ): Result<ReadonlyMap<string, KeptMessage>> {
    const targets = new Map<string, KeptMessage>()
    for (const { messageSerial } of drafts) {
      if (targets.has(messageSerial)) continue
      if (targets.size === MAX_TARGETS)
        return fail('too_many_messages', `${MAX_TARGETS} messages can be annotated at once`)
      const found = this.#messages.find(channel, messageSerial, moment)
      if (!found.ok) return found
      targets.set(messageSerial, found.value)
    }
    return targets.size > 0 ? ok(targets) : fail('bad_request', 'there is no annotation')
  }

  #tellSummary(channel: Channel, message: KeptMessage, id: string, at: At): void {
    const position = at.place()
    const event: Publication = {
      kind: 'publication',
      position,
      id: `${id}:${position}`,
      connectionId: undefined,
      timestamp: at.timestamp,
      messages: [{ ...message, action: 'summary' }],
    }
    this.#placement.remember(channel, event, [], at.moment)
    this.#placement.deliver(channel, event, undefined)
  }

  #summary(channel: Channel, serial: string, moment: number): SummaryState {
    const known = channel.summariesAtHand.get(serial, moment)
    if (known) return known
    const state = SummaryState.from(
      annotationsOf(this.#histories.of(channel.ref), channel.ref, serial),
    )
    channel.summariesAtHand.set(serial, state, moment)
    channel.home.retention.note(channel.summariesAtHand, 0, moment)
    return state
  }
}

function* annotationsOf(history: History, ref: ChannelRef, serial: string): Iterable<Annotation> {
  let after: string | undefined
  do {
    const page = { direction: 'forwards' as const, limit: PAGE, after }
    const { items, next } = history.annotations(ref, serial, page)
    yield* items
    after = next
  } while (after !== undefined)
}

function stamp(draft: AnnotationDraft, id: string, serial: string, timestamp: number): Annotation {
  return { ...draft, id: draft.id ?? id, serial, timestamp }
}

/** The last annotation of each message stands with the message as they have made it. */
function recordsOf(
  annotations: readonly Annotation[],
  messages: ReadonlyMap<string, KeptMessage>,
): HistoryEntry[] {
  const waiting = new Map(messages)
  return annotations
    .toReversed()
    .map((annotation): HistoryEntry => {
      const message = waiting.get(annotation.messageSerial)
      waiting.delete(annotation.messageSerial)
      return { kind: 'annotation', annotation, message }
    })
    .toReversed()
}
