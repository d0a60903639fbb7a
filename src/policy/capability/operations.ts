/** The operations that a capability can permit, and sets of them. */

export const OPERATIONS = [
  'annotation-publish',
  'annotation-subscribe',
  'channel-metadata',
  'history',
  'message-delete-any',
  'message-delete-own',
  'message-update-any',
  'message-update-own',
  'object-publish',
  'object-subscribe',
  'presence',
  'privileged-headers',
  'publish',
  'push-admin',
  'push-subscribe',
  'stats',
  'subscribe',
] as const

export type Operation = (typeof OPERATIONS)[number]

/** A set of operations: a bit for each, and one for `*`, which includes operations of later versions. */
export type OperationSet = number

export const NO_OPERATIONS: OperationSet = 0
export const EVERY_OPERATION: OperationSet = 1 << 30

const BITS: ReadonlyMap<string, OperationSet> = new Map([
  ...OPERATIONS.map((name, bit): [string, OperationSet] => [name, 1 << bit]),
  ['*', EVERY_OPERATION],
])

/** Operations with a second documented name. */
const ALIASES: ReadonlyMap<string, Operation> = new Map([['statistics', 'stats']])

/** The set of one operation name or `*`; undefined for a name that is none. */
export function operationBit(name: Operation): OperationSet
export function operationBit(name: string): OperationSet | undefined
export function operationBit(name: string): OperationSet | undefined {
  return BITS.get(ALIASES.get(name) ?? name)
}

export function permits(set: OperationSet, operation: Operation): boolean {
  return (set & (EVERY_OPERATION | BITS.get(operation)!)) !== 0
}

/** `*` counts as everything, so it takes the other side's set (Ably token request spec). */
export function intersectOperations(a: OperationSet, b: OperationSet): OperationSet {
  if (a & EVERY_OPERATION) return b
  if (b & EVERY_OPERATION) return a
  return a & b
}

export function uniteOperations(a: OperationSet, b: OperationSet): OperationSet {
  return (a | b) & EVERY_OPERATION ? EVERY_OPERATION : a | b
}

/** Whether everything in `a` is in `b`. */
export function isSubset(a: OperationSet, b: OperationSet): boolean {
  return (b & EVERY_OPERATION) !== 0 || (a & ~b) === 0
}

/** Names in alphabetical order, as a canonical capability has them. */
export function operationNames(set: OperationSet): string[] {
  if (set & EVERY_OPERATION) return ['*']
  return OPERATIONS.filter((name) => set & BITS.get(name)!)
}
