/** Live objects kept in memory as a disk would keep them: from what was said to have changed, and nothing else. */
import type { PlainObject } from '../../src/core/objects/channel-objects.ts'
import type { MapEntry } from '../../src/core/objects/live-map.ts'
import type { ObjectHead } from '../../src/core/objects/live-object.ts'
import type { ObjectLog, ObjectsToKeep } from '../../src/core/objects/object-log.ts'
import type { ChannelRef } from '../../src/core/types.ts'

interface Kept {
  head: ObjectHead
  readonly entries: Map<string, MapEntry>
}

export class MemoryObjectLog implements ObjectLog {
  readonly #channels = new Map<string, Map<string, Kept>>()

  objectRefusal(): undefined {
    return undefined
  }

  keepObjects({ key }: ChannelRef, { records }: ObjectsToKeep): Promise<void> {
    const objects = this.#channels.get(key) ?? new Map<string, Kept>()
    this.#channels.set(key, objects)
    for (const { entries, head, isWhole, objectId } of records) {
      if (!head) {
        objects.delete(objectId)
        continue
      }
      const kept = objects.get(objectId) ?? { head, entries: new Map() }
      objects.set(objectId, kept)
      kept.head = head
      if (isWhole) kept.entries.clear()
      for (const [entryKey, entry] of entries) {
        if (entry) kept.entries.set(entryKey, entry)
        else kept.entries.delete(entryKey)
      }
    }
    return Promise.resolve()
  }

  objects({ key }: ChannelRef): PlainObject[] {
    const objects = this.#channels.get(key)?.values() ?? []
    return Array.from(objects, ({ entries, head }) => ({ head, entries: [...entries] }))
  }
}
