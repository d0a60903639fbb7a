/** The routes of device push: devices, their subscriptions, and notifications (RSH1). */
import type { RestRoute } from '../../http/router.ts'
import type { PushDelivery } from './delivery.ts'
import { pushDeviceRoutes } from './device-routes.ts'
import type { DevicePushParts } from './parts.ts'
import { pushPublishRoutes } from './publish-routes.ts'
import { pushSubscriptionRoutes } from './subscription-routes.ts'

export function deviceRoutes(parts: DevicePushParts, delivery: PushDelivery): RestRoute[] {
  return [
    ...pushDeviceRoutes(parts),
    ...pushSubscriptionRoutes(parts),
    ...pushPublishRoutes(parts, delivery),
  ]
}
