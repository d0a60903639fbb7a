/** The numbers of actions, flags and modes in the Ably protocol. They occur nowhere else in the source. */
import { MODE, type Modes } from '../../../core/modes.ts'
import type { Annotation, MessageAction, PresenceAction } from '../../../core/types.ts'

/** Actions of protocol messages (TR2). */
export const ACTION = {
  HEARTBEAT: 0,
  ACK: 1,
  NACK: 2,
  CONNECT: 3,
  CONNECTED: 4,
  DISCONNECT: 5,
  DISCONNECTED: 6,
  CLOSE: 7,
  CLOSED: 8,
  ERROR: 9,
  ATTACH: 10,
  ATTACHED: 11,
  DETACH: 12,
  DETACHED: 13,
  PRESENCE: 14,
  MESSAGE: 15,
  SYNC: 16,
  AUTH: 17,
  ACTIVATE: 18,
  OBJECT: 19,
  OBJECT_SYNC: 20,
  ANNOTATION: 21,
} as const

/** Bits of a protocol message's `flags` (TR3); those from 16 on are the modes of an attachment, in the core's order. */
export const FLAG = {
  HAS_PRESENCE: 1 << 0,
  HAS_BACKLOG: 1 << 1,
  RESUMED: 1 << 2,
  TRANSIENT: 1 << 4,
  ATTACH_RESUME: 1 << 5,
  HAS_OBJECTS: 1 << 7,
  PRESENCE: 1 << 16,
  PUBLISH: 1 << 17,
  SUBSCRIBE: 1 << 18,
  PRESENCE_SUBSCRIBE: 1 << 19,
  ANNOTATION_PUBLISH: 1 << 21,
  ANNOTATION_SUBSCRIBE: 1 << 22,
  OBJECT_SUBSCRIBE: 1 << 24,
  OBJECT_PUBLISH: 1 << 25,
} as const

const MODE_SHIFT = 16

/** The modes in the flags of an ATTACH. */
export function modesOf(flags: number): Modes {
  return (flags >>> MODE_SHIFT) & ALL_MODES
}

/** The flags for the granted modes of an ATTACHED. */
export function flagsOf(modes: Modes): number {
  return modes << MODE_SHIFT
}

const ALL_MODES: Modes = Object.values(MODE).reduce((all, mode) => all | mode, 0)

/** The modes of an attachment that names none. SDKs compare the whole list, so it must not change. */
export const DEFAULT_MODES: Modes =
  MODE.presence | MODE.publish | MODE.subscribe | MODE.presenceSubscribe | MODE.annotationPublish

/** TM5. */
export const MESSAGE_ACTION: Readonly<Record<MessageAction, number>> = {
  create: 0,
  update: 1,
  delete: 2,
  meta: 3,
  summary: 4,
  append: 5,
}

/** TP2. */
export const PRESENCE_ACTION: Readonly<Record<PresenceAction, number>> = {
  absent: 0,
  present: 1,
  enter: 2,
  leave: 3,
  update: 4,
}

/** TAN2b. */
export const ANNOTATION_ACTION: Readonly<Record<Annotation['action'], number>> = {
  create: 0,
  delete: 1,
}

const MESSAGE_ACTIONS = byNumber(MESSAGE_ACTION)
const PRESENCE_ACTIONS = byNumber(PRESENCE_ACTION)
const ANNOTATION_ACTIONS = byNumber(ANNOTATION_ACTION)

/** @returns undefined for what is no number of an action; SDKs leave zero out, so what is absent is a creation */
export function messageAction(value: unknown): MessageAction | undefined {
  return MESSAGE_ACTIONS.get(value ?? 0)
}

export function presenceAction(value: unknown): PresenceAction | undefined {
  return PRESENCE_ACTIONS.get(value ?? 0)
}

export function annotationAction(value: unknown): Annotation['action'] | undefined {
  return ANNOTATION_ACTIONS.get(value ?? 0)
}

function byNumber<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
): ReadonlyMap<unknown, Name> {
  return new Map(Object.entries<number>(numbers).map(([name, number]) => [number, name as Name]))
}
