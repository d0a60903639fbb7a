/** What push notifications are about: devices that are reached somehow, and channels that they subscribe to. */
import type { Failure, Result } from '../failure.ts'
import type { Revocable } from '../identity/revocation.ts'
import { type Capability, FULL_CAPABILITY, restrictTo } from '../policy/capability/capability.ts'

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

/** How a device is reached. */
export interface Recipient {
  readonly transportType: Transport
  /** What the transport needs to know: an object in JSON, as it was written. */
  readonly text: string
}

/** What a registration says of a device. */
export interface DeviceDetails {
  readonly clientId: string | undefined
  readonly platform: (typeof PLATFORMS)[number]
  readonly formFactor: (typeof FORM_FACTORS)[number]
  /** In JSON, as it was written. */
  readonly metadata: string
  readonly recipient: Recipient
  /** By which the device can say who it is; of its own making. */
  readonly secret: string | undefined
}

/** What is known of the credentials that a device was registered with, by which it ends when tokens are revoked. */
export interface DeviceOrigin extends Omit<Revocable, 'appId' | 'keyId' | 'tokenResources'> {
  /** Of a token, when that was issued; of a key, when the device was registered. Milliseconds since the epoch. */
  readonly issued: number
  readonly tokenResources: readonly string[]
}

/**
 * What a device has by itself, as of the credentials that it was registered with. It is fixed when a device is given
 * its token, for whoever holds that must not gain by what somebody else changes about the device.
 */
export interface DeviceGrant {
  /** Of what they permit, the part that devices have any use for. Their key, as it is now, has to permit it too. */
  readonly capability: Capability
  readonly origin: DeviceOrigin
}

/** What a device may of which nothing is known but that it was once registered. */
export const LEAST_CAPABILITY = restrictTo(FULL_CAPABILITY, 'push-subscribe')

export interface PushDevice extends DeviceDetails {
  readonly appId: string
  readonly id: string
  /** The key that it was registered with: it counts for as long as that. */
  readonly keyId: string
  readonly grant: DeviceGrant
  /** From when on it counts no more, as what it was registered with was revoked. Milliseconds since the epoch. */
  readonly endsAt: number | undefined
}

/** A device as it is to be kept; without a grant it has the least. */
export type DeviceToSave = Omit<PushDevice, 'grant' | 'endsAt'> &
  Partial<Pick<PushDevice, 'grant' | 'endsAt'>>

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
  /** Whether what they were registered with was revoked. */
  readonly isEnded?: boolean | undefined
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

/** The devices of all apps. `device-service.ts` keeps them. */
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
    device: DeviceToSave,
    mayReplace?: (known: PushDevice) => Failure | undefined,
  ): Result<PushDevice>
  /** A new token for a device; the one before counts no more. */
  issueToken(device: PushDevice): string
  /** Removes devices with what they subscribe to. */
  remove(appId: string, filter: DeviceFilter): void
}

/** Who gets the notifications of which channel. `subscription-service.ts` keeps it. */
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

/** The first of several moments; undefined where none is known. */
export function earliest(...moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
