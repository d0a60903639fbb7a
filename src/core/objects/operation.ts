/** Operations on the live objects of a channel, as they are proposed, applied and told: the same in every wire format. */

/** A value in a map: another object, or one of the five kinds of plain values. `json` is text of an object or array. */
export type ObjectData =
  | { readonly kind: 'objectId'; readonly value: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'json'; readonly value: string }

export interface MapCreate {
  readonly action: 'map.create'
  readonly objectId: string
  readonly entries: readonly (readonly [key: string, data: ObjectData])[]
}

export interface MapSet {
  readonly action: 'map.set'
  readonly objectId: string
  readonly key: string
  readonly data: ObjectData
}

export interface MapRemove {
  readonly action: 'map.remove'
  readonly objectId: string
  readonly key: string
}

/** Of the root alone, where a client asks for it. */
export interface MapClear {
  readonly action: 'map.clear'
  readonly objectId: string
}

export interface CounterCreate {
  readonly action: 'counter.create'
  readonly objectId: string
  readonly count: number
}

export interface CounterIncrement {
  readonly action: 'counter.inc'
  readonly objectId: string
  readonly number: number
}

/** Only the server deletes objects: those that nothing leads to any more. */
export interface ObjectDelete {
  readonly action: 'object.delete'
  readonly objectId: string
}

export type ObjectOperation =
  MapCreate | MapSet | MapRemove | MapClear | CounterCreate | CounterIncrement | ObjectDelete

/** What somebody asks for, before the channel has stamped it. */
export interface ObjectDraft {
  /** The publisher's own id, by which a repetition is known. */
  readonly id: string | undefined
  readonly clientId: string | undefined
  /** JSON text of an object. */
  readonly extras: string | undefined
  readonly operation: ObjectOperation
}

/** Where and when an operation was applied. Of two for the same value, the greater serial wins, as text is ordered. */
export interface ObjectStamp {
  readonly serial: string
  /** The server, or all servers together, that gave the serial: those of one site only grow. */
  readonly siteCode: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

export interface ObjectMessage extends ObjectDraft, ObjectStamp {
  readonly id: string
  /** Of a clear: the keys that had a value, for readers who know no clearing. */
  readonly cleared?: readonly string[]
}

/** Operations that were applied together, at one position of their channel. */
export interface ObjectsChange {
  readonly kind: 'objects'
  readonly position: string
  /** Of the whole. */
  readonly id: string
  /** Absent when there is no connection behind it. */
  readonly connectionId: string | undefined
  readonly timestamp: number
  readonly messages: readonly ObjectMessage[]
}
