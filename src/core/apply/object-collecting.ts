/** Lets go of what nobody has to remember any more of the live objects of a channel. */
import type { At } from '../../engine/engine.ts'
import { type Result, ok } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import type { CollectionEntry } from '../channel/entry.ts'
import { serialAt } from '../channel/position.ts'
import { readHistory } from '../history/history.ts'
import type { ChannelObjects } from '../objects/channel-objects.ts'
import { type Collection, collectionOf, isNothing } from '../objects/collection.ts'
import type { ObjectMessage, ObjectsChange } from '../objects/operation.ts'
import { recordsOfCollection } from '../objects/records.ts'
import type { ObjectChangeParts } from './object-changes.ts'

const DONE: Result<undefined> = Object.freeze(ok(undefined))

export class ObjectCollecting {
  readonly #parts: ObjectChangeParts

  constructor(parts: ObjectChangeParts) {
    this.#parts = parts
  }

  /** Clients forget by themselves what was removed; they are told of objects that are deleted. */
  apply(channel: Channel, entry: CollectionEntry, at: At): Result<undefined> {
    const { loading, log } = this.#parts
    const loaded = readHistory(() => loading.of(channel))
    if (!loaded.ok) return loaded
    const objects = loaded.value
    const collection = collectionOf(objects, at.timestamp)
    if (isNothing(collection)) return DONE
    const position = at.place()
    letGo(objects, collection, at.timestamp)
    const event = deletion(entry, collection, { position, timestamp: at.timestamp })
    for (const message of event.messages) objects.apply(message.operation, message)
    const records = recordsOfCollection(objects, collection)
    void log.keepObjects(channel.ref, { position, records, bytes: objects.bytes })
    this.#tell(channel, event, at.moment)
    return DONE
  }

  #tell(channel: Channel, event: ObjectsChange, moment: number): void {
    const { placement } = this.#parts
    placement.rememberObjects(channel, event, moment)
    if (event.messages.length > 0) placement.deliver(channel, event, undefined)
  }
}

function letGo(objects: ChannelObjects, collection: Collection, now: number): void {
  for (const [id, key] of collection.keys) objects.forgetKey(id, key)
  for (const id of collection.forgotten) objects.forget(id)
  for (const id of collection.lost) objects.get(id)!.lostSince = now
  for (const id of collection.found) objects.get(id)!.lostSince = undefined
}

function deletion(
  { id, siteCode }: CollectionEntry,
  { deleted }: Collection,
  { position, timestamp }: { readonly position: string; readonly timestamp: number },
): ObjectsChange {
  const messages = deleted.map((objectId, index): ObjectMessage => ({
    id: `${id}:${index}`,
    clientId: undefined,
    extras: undefined,
    operation: { action: 'object.delete', objectId },
    serial: serialAt(position, index),
    siteCode,
    timestamp,
  }))
  return { kind: 'objects', position, id, connectionId: undefined, timestamp, messages }
}
