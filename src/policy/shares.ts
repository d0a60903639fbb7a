/**
 * Fair shares of channels, connections and memory: when a limit of the server is reached, the share that has most gives
 * way. A share belongs to an app, to all sandbox apps that one address made, to a reservation, or to the open commons.
 * One share may use everything while nobody else needs it. Pure: callers bring the numbers and carry out the decision.
 */

/** The share of all channels that no reservation covers. */
export const OPEN_COMMONS = 'commons'

/** @param madeBy the address that made it, where it is an app of the sandbox; undefined for any other app */
export function shareOfApp(appId: string, madeBy: string | undefined): string {
  return madeBy === undefined ? `app ${appId}` : `sandbox ${madeBy}`
}

export function shareOfReservation(id: string): string {
  return `reservation ${id}`
}

/** What a share has of something limited. */
export interface Stake {
  readonly held: number
  /** How much of that can be taken from it: channels that are only remembered, with nobody on them. */
  readonly spare: number
}

/** A limit of the server that shares divide among them. */
export interface Limit {
  /** What all may have together; 0 for no limit. */
  readonly max: number
  /** How much more there is for shares that have less than their even part. */
  readonly beyond: number
}

export type ShareDecision<S> =
  /** There is some left. */
  | { readonly kind: 'free' }
  /** This share has to give up one first. */
  | { readonly kind: 'from'; readonly giver: S }
  /** No share can give up any, but the newcomer has less than its even part: it is admitted beyond the limit. */
  | { readonly kind: 'beyond' }
  | { readonly kind: 'none' }

const FREE: ShareDecision<never> = { kind: 'free' }
const BEYOND: ShareDecision<never> = { kind: 'beyond' }
const NONE: ShareDecision<never> = { kind: 'none' }

/**
 * Whether a share may have one more.
 * @param all every share that has some; the newcomer's own may be among them
 * @param total what all have together
 * @param limit what they may have together
 */
export function roomFor<S extends Stake>(
  own: S,
  all: Iterable<S>,
  total: number,
  { max, beyond }: Limit,
): ShareDecision<S> {
  if (max === 0 || total < max) return FREE
  let giver = own.spare > 0 ? own : undefined
  let shares = own.held === 0 ? 1 : 0
  for (const share of all) {
    if (share.held === 0) continue
    shares++
    if (share.held > (giver ?? own).held && share.spare > 0) giver = share
  }
  const part = evenPart(max, shares)
  // A share that has no more than its even part gives up something only where nothing else helps.
  if (giver && giver.held > part) return { kind: 'from', giver }
  // Nobody gets all that is left beyond the limit, so that there is always something for the next newcomer.
  if (own.held < Math.min(part, max + beyond - total)) return BEYOND
  return giver ? { kind: 'from', giver } : NONE
}

/** What each share has when all have the same; at least one. */
export function evenPart(max: number, shares: number): number {
  return Math.max(1, Math.floor(max / Math.max(1, shares)))
}

/** A channel takes little memory, so that small shares may get in even if others hold on to every one. */
export function channelLimit(max: number): Limit {
  return { max, beyond: max }
}

/** A connection takes an open file, of which a system permits a fixed number. */
export function connectionLimit(max: number): Limit {
  return { max, beyond: max === 0 ? 0 : Math.max(MIN_BEYOND, Math.floor(max / 4)) }
}

const MIN_BEYOND = 16

/** The share that has most; undefined where none has any. */
export function greatest<T>(all: Iterable<T>, sizeOf: (one: T) => number): T | undefined {
  let most: T | undefined
  let size = 0
  for (const one of all) {
    const its = sizeOf(one)
    if (its <= size) continue
    most = one
    size = its
  }
  return most
}
