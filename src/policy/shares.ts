/**
 * Who gives way when what everybody shares is used up: whoever has most. A share belongs to an app; to all apps of
 * the sandbox that one address made; to a reservation; to the open commons. One may use everything while nobody else
 * needs it. Arithmetic alone: what shares have is brought along, and what is decided is carried out elsewhere.
 */

/** The share of what nobody has reserved. */
export const OPEN_COMMONS = 'commons'

/** @param madeBy the address that made it, where it is an app of the sandbox; undefined for an app that stays */
export function shareOfApp(appId: string, madeBy: string | undefined): string {
  return madeBy === undefined ? `app ${appId}` : `sandbox ${madeBy}`
}

export function shareOfReservation(id: string): string {
  return `reservation ${id}`
}

/** What a share has of something of which there is only so much. */
export interface Stake {
  readonly held: number
  /** How much of that it can be made to do without: what is only remembered, and nobody is on. */
  readonly spare: number
}

/** How much there is of something. */
export interface Limit {
  /** What all may have together; 0 for no limit. */
  readonly max: number
  /** What shares that have less than their even part may have beyond that. */
  readonly beyond: number
}

export type ShareDecision<S> =
  /** There is some left. */
  | { readonly kind: 'free' }
  /** This share has to let go of one first. */
  | { readonly kind: 'from'; readonly giver: S }
  /** Nobody can do without, but the newcomer has less than its even part: it gets in beyond the limit. */
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
  // What somebody has within their own even part is taken away only where nothing else helps.
  if (giver && giver.held > part) return { kind: 'from', giver }
  // What is beyond the limit is never taken up whole: the next newcomer finds a part of what is left of it.
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

/** The one that has most; undefined where nobody has any. */
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
