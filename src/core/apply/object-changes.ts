/** Operations on the live objects of a channel: taken all together, each with a serial of its own, and told as one. */
import type { At } from '../../engine/engine.ts'
import { type Result, ok } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import { type ObjectsEntry, type Origin, exceptOf } from '../channel/entry.ts'
import { serialAt } from '../channel/position.ts'
import type { Receipt } from '../channel/receipt.ts'
import { readHistory } from '../history/history.ts'
import type { ChannelObjects } from '../objects/channel-objects.ts'
import { stateFault } from '../objects/checks.ts'
import type { ObjectLoading } from '../objects/loading.ts'
import type { ObjectLog } from '../objects/object-log.ts'
import type { ObjectMessage, ObjectsChange } from '../objects/operation.ts'
import { recordsOf } from '../objects/records.ts'
import type { Placement } from './placement.ts'

export interface ObjectChangeParts {
  readonly placement: Placement
  readonly loading: ObjectLoading
  readonly log: ObjectLog
}

export class ObjectChanges {
  readonly #placement: Placement
  readonly #loading: ObjectLoading
  readonly #log: ObjectLog
  /** Objects of which the disk may lack something. */
  readonly #unkept = new WeakMap<ChannelObjects, Set<string>>()

  constructor({ loading, log, placement }: ObjectChangeParts) {
    this.#placement = placement
    this.#loading = loading
    this.#log = log
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
    const loaded = readHistory(() => this.#loading.of(channel))
    if (!loaded.ok) return loaded
    const objects = loaded.value
    const fault = stateFault(objects, drafts, entry.maxBytes)
    if (fault) return { ok: false, failure: fault }
    const position = at.place()
    const { timestamp } = at
    const messages = stamp(entry, position, timestamp).map((message) => applied(objects, message))
    const event = { kind: 'objects' as const, position, id, connectionId, timestamp, messages }
    const kept = this.#keep(channel, objects, event)
    this.#placement.rememberObjects(channel, event, at.moment)
    this.#placement.deliver(channel, event, exceptOf(origin))
    const receipt = { id, serials: messages.map(({ serial }) => serial), kept }
    if (repeatId !== undefined) channel.remember(repeatId, receipt, at.moment)
    return ok(receipt)
  }

  /** What could not be kept is kept whole with the next operation: everybody has been told of it. */
  #keep(channel: Channel, objects: ChannelObjects, { messages, position }: ObjectsChange) {
    const operations = messages.map(({ operation }) => operation)
    const records = recordsOf(objects, operations, this.#unkept.get(objects) ?? [])
    this.#unkept.delete(objects)
    const kept = this.#log.keepObjects(channel.ref, { position, records, bytes: objects.bytes })
    kept.catch(() => {
      const unkept = this.#unkept.get(objects) ?? new Set()
      for (const { objectId } of records) unkept.add(objectId)
      this.#unkept.set(objects, unkept)
    })
    return kept
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

/** Of objects that came from another node: this one has them on its disk from then on. */
export function keepWhole(log: ObjectLog, channel: Channel, objects: ChannelObjects): void {
  const ids = Array.from(objects.all(), ({ id }) => id)
  const records = recordsOf(objects, [], ids)
  const position = channel.recent.head
  void log.keepObjects(channel.ref, { position, records, bytes: objects.bytes })
}

function applied(objects: ChannelObjects, message: ObjectMessage): ObjectMessage {
  const { operation } = message
  const before = operation.action === 'map.clear' ? objects.map(operation.objectId) : undefined
  const cleared = before && [...before.entries].filter(([, { data }]) => data).map(([key]) => key)
  objects.apply(operation, message)
  return cleared ? { ...message, cleared } : message
}
