/** The door for connections that come without a WebSocket: the same limits as for those that have one. */
import { isOriginAllowed } from '../policy/origin.ts'
import type { Doors } from '../protocol/protocol.ts'
import type { Admission } from '../transport/admission.ts'

export function makeDoors(
  admission: Admission,
  allowedOrigins: readonly string[],
  isDraining: () => boolean,
): Doors {
  // Below zero, where no WebSocket is.
  let nextSocketId = -1
  return {
    turnAway: ({ address, request }) => {
      if (isDraining()) return 'restarting'
      const origin = request.headers.get('origin')
      const isForeign = origin !== null && !isOriginAllowed(origin, allowedOrigins)
      return isForeign ? 'origin_refused' : admission.refuse(address)
    },
    opened: (address) => admission.opened(address),
    closed: (address) => admission.closed(address),
    ban: (address) => admission.ban(address),
    nextSocketId: () => nextSocketId--,
  }
}
