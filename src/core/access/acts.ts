/**
 * What callers can do on channels of apps. Each act goes through the gate and is done in the same turn, so that nothing
 * is done that was decided about before somebody lost their right to it. Adapters have no other way to a channel.
 */
import { type Result, ok } from '../../failure.ts'
import type { Registry } from '../registry/registry.ts'
import type { EditReceipt, PresenceReceipt, Receipt } from '../channel/receipt.ts'
import { MODE } from '../modes.ts'
import { type Expanded, type ObjectWish, expand } from '../objects/wishes.ts'
import type { ObjectDraft } from '../objects/operation.ts'
import type { Objects } from '../propose/objects.ts'
import type { Presence } from '../propose/presence.ts'
import type { Publishing, Publisher } from '../propose/publisher.ts'
import { type Soon, andThen } from '../soon.ts'
import type { AnnotationDraft, MessageEdit, PresenceDraft } from '../types.ts'
import type { AppCaller, Caller, Place } from './caller.ts'
import type { Gate } from './gate.ts'
import type { PublishWish } from './gate-parts.ts'
import { idScopeOf } from './id-scope.ts'
import type { Behalf } from './signing.ts'
import type { Rates } from './rates.ts'

export interface ActParts {
  readonly gate: Gate
  readonly rates: Rates
  readonly registry: Registry
  readonly publisher: Publisher
  readonly presence: Presence
  readonly objects: Objects
}

/** What an act comes from. */
export type Source = Omit<Publishing, 'idScope'>

/** What an act comes from that is done through a connection. */
export interface ConnectionSource extends Source {
  readonly connectionId: string
  readonly id: string
}

/** What a publication comes from. */
export interface PublishSource extends Source {
  /** The connection for which it is published by somebody else. */
  readonly behalf?: Behalf | undefined
}

export interface PublishAct extends PublishWish {
  /** The publisher's own id for all of it: a repetition is answered as the first was (RSL1k). */
  readonly batchId: string | undefined
  /** Neither kept nor delivered again. */
  readonly ephemeral: boolean
}

export class Acts {
  readonly gate: Gate
  readonly #parts: ActParts

  constructor(parts: ActParts) {
    this.gate = parts.gate
    this.#parts = parts
  }

  /** Publishes all messages or none. */
  publish(
    caller: Caller,
    place: Place,
    wish: PublishAct,
    source: PublishSource,
  ): Soon<Result<Receipt>> {
    const admitted = this.gate.publish(caller, place, wish, source.behalf)
    if (!admitted.ok) return admitted
    const isFirst = this.#parts.registry.channel(place.channel) === undefined
    const { batchId, ephemeral } = wish
    const { connectionId, except, id } = source
    const receipt = this.#parts.publisher.publish(place.channel, {
      drafts: admitted.value,
      batchId,
      idScope: batchId === undefined ? undefined : idScopeOf(caller),
      ephemeral,
      connectionId,
      id,
      except,
    })
    if (!isFirst) return receipt
    if (receipt instanceof Promise) return this.#chargeLater(place, wish.drafts.length, receipt)
    this.#chargeFirst(place, wish.drafts.length)
    return receipt
  }

  /**
   * Changes a message that is there.
   * @param rollupMs how long what is appended may wait for more; as long as is usual, where left out
   */
  edit(
    caller: AppCaller,
    place: Place,
    edit: MessageEdit,
    source: Source & { readonly rollupMs?: number },
  ): Soon<Result<EditReceipt>> {
    const admitted = this.gate.edit(caller, place, edit)
    if (!admitted.ok) return admitted
    const { clientId, edit: signed, ownOnly } = admitted.value
    return this.#parts.publisher.edit(place.channel, signed, { ...source, clientId, ownOnly })
  }

  /** Annotates messages that are there: all of them, or none. */
  annotate(
    caller: AppCaller,
    place: Place,
    drafts: readonly AnnotationDraft[],
    source: Source,
  ): Soon<Result<Receipt>> {
    const admitted = this.gate.annotate(caller, place, drafts)
    if (!admitted.ok) return admitted
    const by = { ...source, idScope: idScopeOf(caller) }
    return this.#parts.publisher.annotate(place.channel, admitted.value, by)
  }

  /** Applies all operations on objects or none. */
  changeObjects(
    caller: AppCaller,
    place: Place,
    drafts: readonly ObjectDraft[],
    source: Source,
  ): Soon<Result<Receipt>> {
    const admitted = this.gate.changeObjects(caller, place, drafts)
    if (!admitted.ok) return admitted
    const by = { ...source, idScope: idScopeOf(caller) }
    return this.#parts.objects.change(place.channel, admitted.value, by)
  }

  /** The same where paths say to which objects: they lead where they do in the turn in which it is decided. */
  wishObjects(
    caller: AppCaller,
    place: Place,
    wishes: readonly ObjectWish[],
    source: Source,
  ): Soon<Result<{ readonly receipt: Receipt; readonly expanded: Expanded }>> {
    // Before anything is looked up: what is there is not for everybody to know.
    const refusal = this.gate.enter(caller, place, 'object-publish', MODE.objectPublish)
    if (refusal) return { ok: false, failure: refusal }
    const known = this.#parts.objects.read(place.channel)
    if (!known.ok) return known
    const expanded = expand(known.value, wishes)
    if (!expanded.ok) return expanded
    const receipt = this.changeObjects(caller, place, expanded.value.drafts, source)
    return andThen(receipt, (done) =>
      done.ok ? ok({ receipt: done.value, expanded: expanded.value }) : done,
    )
  }

  /** Takes all changes of presence or none. */
  present(
    caller: AppCaller,
    place: Place,
    drafts: readonly PresenceDraft[],
    source: ConnectionSource,
  ): Soon<Result<PresenceReceipt>> {
    const admitted = this.gate.present(caller, place, drafts, source.connectionId)
    if (!admitted.ok) return admitted
    return this.#parts.presence.change(place.channel, admitted.value, source)
  }

  async #chargeLater<T>(place: Place, messages: number, receipt: Promise<T>): Promise<T> {
    const known = await receipt
    this.#chargeFirst(place, messages)
    return known
  }

  /** What opened a channel counts as what was published on it first. */
  #chargeFirst({ channel }: Place, messages: number): void {
    const { registry, rates } = this.#parts
    const opened = registry.channel(channel)
    if (opened) rates.ofChannel(opened, messages)
  }
}
