/** The numbers of operations on objects (OOP2), and the two ways in which SDKs write them. */
import type { ObjectOperation } from '../../../../core/objects/operation.ts'

type Action = ObjectOperation['action']

export const OBJECT_ACTION: Readonly<Record<Action, number>> = {
  'map.create': 0,
  'map.set': 1,
  'map.remove': 2,
  'counter.create': 3,
  'counter.inc': 4,
  'object.delete': 5,
  'map.clear': 6,
}

const ACTIONS: ReadonlyMap<unknown, Action> = new Map(
  Object.entries(OBJECT_ACTION).map(([name, number]) => [number, name as Action]),
)

/** @returns undefined for what is no number of an operation; absent is the first, because some SDKs leave zeros out */
export function objectAction(value: unknown): Action | undefined {
  return ACTIONS.get(value ?? 0)
}

/** Of maps: the last writer wins. There is no other. */
export const LAST_WRITER_WINS = 0

/** How operations are written: with a member for each kind since version 6 of the protocol, and before that. */
export type ObjectDialect = 'current' | 'older'

const FIRST_CURRENT_VERSION = 6

/** @param version of the protocol, as a client says it; the newest where it says none */
export function dialectOf(version: number | undefined): ObjectDialect {
  return version === undefined || version >= FIRST_CURRENT_VERSION ? 'current' : 'older'
}
