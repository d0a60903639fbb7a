/** Operations on the live objects of a channel: taken all together, each with a serial of its own, and told as one. */
import type { At } from '../../engine/engine.ts'
import { type Result, ok } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import { type ObjectsEntry, type Origin, exceptOf } from '../channel/entry.ts'
import { serialAt } from '../channel/position.ts'
import type { Receipt } from '../channel/receipt.ts'
import { stateFault } from '../objects/checks.ts'
import type { ObjectLoading } from '../objects/loading.ts'
import type { ObjectMessage } from '../objects/operation.ts'
import type { Placement } from './placement.ts'

export class ObjectChanges {
  readonly #placement: Placement
  readonly #loading: ObjectLoading

  constructor(placement: Placement, loading: ObjectLoading) {
    this.#placement = placement
    this.#loading = loading
  }

  apply(
    channel: Channel,
    entry: ObjectsEntry,
    at: At,
    origin: Origin | undefined,
  ): Result<Receipt> {
    const { connectionId, drafts, id, repeatId } = entry
    const known = repeatId === undefined ? undefined : channel.ids.find(repeatId, at.moment)
    if (known) return ok(known)
    const objects = this.#loading.of(channel)
    const fault = stateFault(objects, drafts, entry.maxBytes)
    if (fault) return { ok: false, failure: fault }
    const position = at.place()
    const { timestamp } = at
    const messages = stamp(entry, position, timestamp)
    for (const message of messages) objects.apply(message.operation, message)
    const event = { kind: 'objects' as const, position, id, connectionId, timestamp, messages }
    this.#placement.rememberObjects(channel, event, at.moment)
    this.#placement.deliver(channel, event, exceptOf(origin))
    const receipt = { id, serials: messages.map(({ serial }) => serial), kept: undefined }
    if (repeatId !== undefined) channel.remember(repeatId, receipt, at.moment)
    return ok(receipt)
  }
}

function stamp(
  { drafts, id, siteCode }: ObjectsEntry,
  position: string,
  timestamp: number,
): ObjectMessage[] {
  return drafts.map((draft, index) => ({
    ...draft,
    id: draft.id ?? `${id}:${index}`,
    serial: serialAt(position, index),
    siteCode,
    timestamp,
  }))
}
