/** The admission of connections without a WebSocket: within the same limits as those that have one. */
import type { HttpAdmission } from '../protocol/protocol.ts'
import type { Admission } from '../transport/admission.ts'
import type { Lifecycle } from './lifecycle.ts'

export function makeHttpAdmission(admission: Admission, lifecycle: Lifecycle): HttpAdmission {
  // WebSockets count upwards from 0, so ids below 0 are free.
  let nextSocketId = -1
  return {
    turnAway: ({ address }) => (lifecycle.isDraining ? 'restarting' : admission.refuse(address)),
    opened: (address) => admission.opened(address),
    closed: (address) => admission.closed(address),
    ban: (address) => admission.ban(address),
    nextSocketId: () => nextSocketId--,
  }
}
