/** Says whose share of the server's limits an app or a channel counts to, by the settings as they are now. */
import type { Owners } from '../core/owners.ts'
import { NO_APP_LIMITS } from '../policy/app-limits.ts'
import type { Reservation } from '../policy/channel-access.ts'
import type { FoldedNames } from '../policy/names.ts'
import { OPEN_COMMONS, shareOfApp, shareOfReservation } from '../policy/shares.ts'
import type { AppDirectory } from '../service/apps/app-directory.ts'

export function makeOwners(apps: AppDirectory, namespaces: FoldedNames<Reservation>): Owners {
  return {
    shareOf: (realm) => shareOfApp(realm, apps.app(realm)?.madeBy),
    shareOfName: (channel) => {
      const reservation = namespaces.match(channel)?.best
      return reservation ? shareOfReservation(reservation.id) : OPEN_COMMONS
    },
    limitsOf: (realm) => apps.app(realm)?.limits ?? NO_APP_LIMITS,
  }
}
