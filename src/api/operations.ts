/** Every operation of the HTTP API. They only translate; services decide. */
import { accountRoutes } from './account-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { appRoutes } from './app-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { liveRoutes } from './live-routes.ts'
import { namespaceRoutes } from './namespace-routes.ts'
import type { ApiParts } from './parts.ts'
import { reservationRoutes } from './reservation-routes.ts'
import type { Route } from './route.ts'
import { statsRoutes } from './stats-routes.ts'

export function operations(parts: ApiParts): Route[] {
  return [
    ...accountRoutes(parts),
    ...reservationRoutes(parts),
    ...appRoutes(parts),
    ...keyRoutes(parts),
    ...namespaceRoutes(parts),
    ...statsRoutes(parts),
    ...liveRoutes(parts),
    ...auditRoutes(parts),
  ]
}
