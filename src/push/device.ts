/** What push notifications are about: devices that are reached somehow, and channels that they subscribe to. */
import type { Failure, Result } from '../failure.ts'

export const PLATFORMS = ['android', 'ios', 'browser'] as const
export const FORM_FACTORS = [
  'phone',
  'tablet',
  'desktop',
  'tv',
  'watch',
  'car',
  'embedded',
  'other',
] as const
/** Only the last is delivered to from here; the others are kept for whoever asks for them. */
export const TRANSPORTS = ['apns', 'fcm', 'gcm', 'web', 'ablyChannel'] as const

export type Transport = (typeof TRANSPORTS)[number]
type Members = Readonly<Record<string, unknown>>

/** How a device is reached: the name of a transport, and what that needs to know. */
export interface Recipient extends Members {
  readonly transportType: Transport
}

/** What a registration says of a device. */
export interface DeviceDetails {
  readonly clientId: string | undefined
  readonly platform: (typeof PLATFORMS)[number]
  readonly formFactor: (typeof FORM_FACTORS)[number]
  /** Whatever JSON can say. */
  readonly metadata: unknown
  readonly recipient: Recipient
  /** By which the device can say who it is; of its own making. */
  readonly secret: string | undefined
}

export interface PushDevice extends DeviceDetails {
  readonly appId: string
  readonly id: string
  /** The key that it was last registered with: its token counts for as long as that. */
  readonly keyId: string
}

/** A device, or all devices of a client, that get the notifications of a channel. */
export interface PushSubscription {
  readonly channel: string
  readonly kind: 'device' | 'client'
  readonly subscriber: string
}

/** All that are given have to fit. */
export interface DeviceFilter {
  readonly deviceId?: string | undefined
  readonly clientId?: string | undefined
}

export interface SubscriptionFilter extends DeviceFilter {
  readonly channel?: string | undefined
  /** Device or client is enough, where both are given (RSH7e). */
  readonly either?: boolean
}

/** Part of a list. */
export interface ListPart {
  readonly limit: number
  /** The key of the last one before, as `next` was. */
  readonly after: string | undefined
}

export interface ListSlice<T> {
  readonly items: readonly T[]
  /** Undefined where the list ended before the limit. */
  readonly next: string | undefined
}

/** The devices of all apps. `service/push-devices.ts` keeps them. */
export interface PushDevices {
  find(appId: string, id: string): PushDevice | undefined
  /** The device whose token this is. */
  byToken(token: string): PushDevice | undefined
  list(appId: string, filter: DeviceFilter, part: ListPart): ListSlice<PushDevice>
  /**
   * Adds a device or puts it in the place of the one with its id, whose secret stays if it has none of its own.
   * @param mayReplace asked with the device that is there, before it is replaced
   * @returns `push_full` where the app has no room for another one
   */
  save(
    device: PushDevice,
    mayReplace?: (known: PushDevice) => Failure | undefined,
  ): Result<PushDevice>
  /** A new token for a device; the one before counts no more. */
  issueToken(device: PushDevice): string
  /** Removes devices with what they subscribe to. */
  remove(appId: string, filter: DeviceFilter): void
}

/** Who gets the notifications of which channel. `service/push-subscriptions.ts` keeps it. */
export interface PushSubscriptions {
  list(appId: string, filter: SubscriptionFilter, part: ListPart): ListSlice<PushSubscription>
  /** The channels that somebody subscribes to. */
  channels(appId: string, part: ListPart): ListSlice<string>
  /** @returns `push_full` where the app has no room for another one */
  save(appId: string, subscription: PushSubscription): Result<PushSubscription>
  remove(appId: string, filter: SubscriptionFilter): void
  /** The devices on a channel that are reached in this way. */
  devices(appId: string, channel: string, transport: Transport): readonly PushDevice[]
  /** Whether a channel has devices that are reached in another way. */
  hasOthers(appId: string, channel: string, transport: Transport): boolean
}
