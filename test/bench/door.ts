/** How a peer gets in: where it knocks, and what it makes of the first frames that it gets. */
import { firstFrameText } from './payload.ts'

/** Whoever comes. */
export interface Guest {
  readonly channel: string
  /** Its number in its crowd. */
  readonly index: number
}

export interface Door {
  /** Path and query of the upgrade. */
  address(guest: Guest): string
  /**
   * @param frame a whole server frame
   * @param at 0 for the first
   * @returns that the peer is in, or what it is to send to get further
   */
  welcome(frame: Uint8Array, at: number, guest: Guest): 'in' | 'refused' | Uint8Array
}

/** A client of itty-sockets, which is in when its own join arrives. */
export const ittyDoor: Door = {
  address: ({ channel }) => `/c/${channel}?`,
  welcome: (frame) => (firstFrameText(frame).includes('"self":true') ? 'in' : 'refused'),
}
