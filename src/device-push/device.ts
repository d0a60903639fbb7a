/** Devices that get push notifications, and their subscriptions to channels: types, and the interfaces that store them. */
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
/** Only `ablyChannel` is delivered by this server; devices of the others are stored and listed. */
export const TRANSPORTS = ['apns', 'fcm', 'gcm', 'web', 'ablyChannel'] as const

export type Transport = (typeof TRANSPORTS)[number]

/** How a device is reached. */
export interface Recipient {
  readonly transportType: Transport
  /** The transport's address of the device: a JSON object, kept exactly as it was sent. */
  readonly text: string
}

/** The description of a device in its registration. */
export interface DeviceDetails {
  readonly clientId: string | undefined
  readonly platform: (typeof PLATFORMS)[number]
  readonly formFactor: (typeof FORM_FACTORS)[number]
  /** JSON, kept exactly as it was sent. */
  readonly metadata: string
  readonly recipient: Recipient
  /** A secret that the device has made to authenticate itself. */
  readonly secret: string | undefined
}

/** The credentials that a device was registered with, by which revocations find it. */
export interface DeviceOrigin extends Omit<Revocable, 'appId' | 'keyId' | 'tokenResources'> {
  /** When the token was issued or, for a key, when the device was registered. Milliseconds since the epoch. */
  readonly issued: number
  readonly tokenResources: readonly string[]
}

/**
 * The rights that a device has by its own token. Fixed when the token is issued: its holder must not gain rights by
 * what somebody else changes about the device later.
 */
export interface DeviceGrant {
  /** The operations of the credentials that devices can use. The key's present capability has to permit them too. */
  readonly capability: Capability
  readonly origin: DeviceOrigin
}

/** The capability of devices that were stored before grants were. */
export const LEAST_CAPABILITY = restrictTo(FULL_CAPABILITY, 'push-subscribe')

export interface PushDevice extends DeviceDetails {
  readonly appId: string
  readonly id: string
  /** The key that it was registered with, with which it ends. */
  readonly keyId: string
  readonly grant: DeviceGrant
  /** When it ends because its credentials were revoked. Milliseconds since the epoch. */
  readonly endsAt: number | undefined
}

/** A device to be stored; without a grant it has the least capability. */
export type DeviceToSave = Omit<PushDevice, 'grant' | 'endsAt'> &
  Partial<Pick<PushDevice, 'grant' | 'endsAt'>>

/** A device, or all devices of a client, that get the notifications of a channel. */
export interface PushSubscription {
  readonly channel: string
  readonly kind: 'device' | 'client'
  readonly subscriber: string
}

/** All given fields have to match. */
export interface DeviceFilter {
  readonly deviceId?: string | undefined
  readonly clientId?: string | undefined
  /** Whether they have ended by a revocation. */
  readonly isEnded?: boolean | undefined
}

export interface SubscriptionFilter extends DeviceFilter {
  readonly channel?: string | undefined
  /** Where device and client are given, one of them is enough (RSH7e). */
  readonly either?: boolean
}

/** Which page of a list. */
export interface ListPart {
  readonly limit: number
  /** The `next` of the previous page. */
  readonly after: string | undefined
}

export interface ListSlice<T> {
  readonly items: readonly T[]
  /** Undefined where the page was not full. */
  readonly next: string | undefined
}

/** The devices of all apps, as `device-service.ts` stores them. */
export interface PushDevices {
  find(appId: string, id: string): PushDevice | undefined
  /** Finds a device by its token. */
  byToken(token: string): PushDevice | undefined
  list(appId: string, filter: DeviceFilter, part: ListPart): ListSlice<PushDevice>
  /**
   * Adds a device, or replaces the one with the same id, whose secret stays where none is given.
   * @param mayReplace refuses to replace an existing device
   * @returns `push_full` where the app has no room for another one
   */
  save(
    device: DeviceToSave,
    mayReplace?: (known: PushDevice) => Failure | undefined,
  ): Result<PushDevice>
  /** Issues a new token for a device, in place of the previous one. */
  issueToken(device: PushDevice): string
  /** Removes devices with their subscriptions. */
  remove(appId: string, filter: DeviceFilter): void
}

/** Subscriptions of devices and clients to channels, as `subscription-service.ts` stores them. */
export interface PushSubscriptions {
  list(appId: string, filter: SubscriptionFilter, part: ListPart): ListSlice<PushSubscription>
  /** The channels with at least one subscription. */
  channels(appId: string, part: ListPart): ListSlice<string>
  /** @returns `push_full` where the app has no room for another one */
  save(appId: string, subscription: PushSubscription): Result<PushSubscription>
  remove(appId: string, filter: SubscriptionFilter): void
  /** Devices subscribed to a channel that are reached by this transport. */
  devices(appId: string, channel: string, transport: Transport): readonly PushDevice[]
  /** Whether devices are subscribed that are reached by another transport. */
  hasOthers(appId: string, channel: string, transport: Transport): boolean
}

/** The first of several moments; undefined where none is known. */
export function earliest(...moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
