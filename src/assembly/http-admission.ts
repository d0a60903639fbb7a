/** The door for connections that come without a WebSocket: the same limits as for those that have one. */
import type { Doors } from '../protocol/protocol.ts'
import type { Admission } from '../transport/admission.ts'

export function makeDoors(admission: Admission, isDraining: () => boolean): Doors {
  // Below zero, where no WebSocket is.
  let nextSocketId = -1
  return {
    turnAway: ({ address }) => (isDraining() ? 'restarting' : admission.refuse(address)),
    opened: (address) => admission.opened(address),
    closed: (address) => admission.closed(address),
    ban: (address) => admission.ban(address),
    nextSocketId: () => nextSocketId--,
  }
}
