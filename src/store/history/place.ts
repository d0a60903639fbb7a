/** Bounds of pages as texts. A serial is a position, a colon and an index; both are ordered as text. */
import type { Page } from '../../core/history/history.ts'
import { positionOf, serialAt } from '../../core/channel/position.ts'

/** Of changes of presence there may be more at one position than the three digits of a serial can tell apart. */
const INDEX_DIGITS = 6

/** As changes of presence are numbered in the file. */
export function entrySerial(position: string, index: number): string {
  return `${position}:${String(index).padStart(INDEX_DIGITS, '0')}`
}

/** As they are numbered elsewhere. */
export function publicSerial(serial: string): string {
  return serialAt(positionOf(serial), indexOf(serial))
}

/** The serial in the file for one from elsewhere; a position is left as it is. */
export function entrySerialOf(serial: string): string {
  return /:\d+$/.test(serial) ? entrySerial(positionOf(serial), indexOf(serial)) : serial
}

export function indexOf(serial: string): number {
  return Number(serial.slice(serial.lastIndexOf(':') + 1))
}

/** After every serial at a position, and before every later position: `;` follows `:`. */
export function behind(position: string): string {
  return `${position};`
}

export interface Bounds {
  /** The first serial that is meant. */
  readonly from: string
  /** The first after it that is not. */
  readonly below: string
}

/** No serial is greater. */
const GREATEST = '\u{10ffff}'

/** @param after a serial, or a position, which stands for everything at it */
export function boundsOf({ direction, until }: Page, after: string | undefined): Bounds {
  const last = until === undefined ? GREATEST : behind(until)
  if (after === undefined) return { from: '', below: last }
  if (direction === 'forwards') return { from: behind(after), below: last }
  return { from: '', below: after < last ? after : last }
}
