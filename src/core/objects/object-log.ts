/** The seam to what keeps live objects beyond their channels' time in memory. */
import type { Failure } from '../../failure.ts'
import type { ChannelRef } from '../types.ts'
import type { PlainObject } from './channel-objects.ts'
import type { MapEntry } from './live-map.ts'
import type { ObjectHead } from './live-object.ts'

/** What has become of one object. */
export interface ObjectRecord {
  readonly objectId: string
  /** Undefined for one that is forgotten. */
  readonly head: ObjectHead | undefined
  /** Whether the entries are all that there are: others are no more. */
  readonly isWhole: boolean
  /** Undefined for what is no more. */
  readonly entries: readonly (readonly [key: string, entry: MapEntry | undefined])[]
}

export interface ObjectsToKeep {
  /** At which they are so. */
  readonly position: string
  readonly records: readonly ObjectRecord[]
  /** Of all objects of the channel, as limits measure them. */
  readonly bytes: number
}

export interface ObjectLog {
  /**
   * What keeps it from taking more of a realm now, so that nobody is told of what it would not take.
   * @param grows whether there will be more than before
   */
  objectRefusal(realm: string, grows: boolean): Failure | undefined
  /** @returns once they are kept; never with anything but a `HistoryFault` */
  keepObjects(ref: ChannelRef, objects: ObjectsToKeep): Promise<void>
  /** All objects of a channel, with every earlier `keepObjects`. @throws HistoryFault */
  objects(ref: ChannelRef): readonly PlainObject[]
}
