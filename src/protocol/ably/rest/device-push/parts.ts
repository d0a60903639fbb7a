/** What the routes of device push need, and the parameters of their lists. */
import type { ChannelWatchers } from '../../../../core/registry/watchers.ts'
import { type Failure, type Result, ok } from '../../../../failure.ts'
import type {
  ListPart,
  PushSubscriptions,
  SubscriptionFilter,
} from '../../../../device-push/device.ts'
import type { ChannelParts } from '../../http/channel/channel-caller.ts'
import { readCursor } from '../../http/lists.ts'
import { readLimit } from '../../http/paging.ts'
import type { CallerParts } from './caller.ts'

export interface DevicePushParts extends ChannelParts, CallerParts {
  readonly watchers: ChannelWatchers
  readonly subscriptions: PushSubscriptions
  /** Called once if there are devices that this server cannot deliver to. */
  readonly onNotice: (text: string) => void
  /** Called for a notification that could not be delivered. */
  readonly onUndelivered: (why: Failure, detail: UndeliveredDetail) => void
  readonly onBug: (error: unknown) => void
}

/** What the log may contain about it. */
export interface UndeliveredDetail {
  readonly app: string
  /** Undefined if no device got it. */
  readonly device: string | undefined
}

/** A limit beyond the maximum counts as the maximum, which SDKs are tested for with these lists. */
export function readPart(query: URLSearchParams): Result<ListPart> {
  const limit = readLimit(query, true)
  if (!limit.ok) return limit
  const after = readCursor(query)
  return after.ok ? ok({ limit: limit.value, after: after.value }) : after
}

/** The filters of a request; empty parameters are ignored. */
export function readFilter(query: URLSearchParams): SubscriptionFilter {
  const given = (name: string) => query.get(name) || undefined
  return {
    channel: given('channel'),
    deviceId: given('deviceId'),
    clientId: given('clientId'),
    either: query.get('concatFilters') === 'true',
  }
}
