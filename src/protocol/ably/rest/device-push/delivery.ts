/**
 * Delivers push notifications to devices whose recipient is a channel. Devices of other transports, which need an
 * account with their vendor, get nothing.
 */
import type { Channel } from '../../../../core/channel/channel.ts'
import type { KeptMessage } from '../../../../core/types.ts'
import { type Failure, type Result, failure, ok } from '../../../../failure.ts'
import type { PushDevice, Recipient } from '../../../../device-push/device.ts'
import { memberText } from '../../../../text/json-scanner.ts'
import {
  PUSH_MESSAGE_NAME,
  notificationText,
  payloadFault,
} from '../../../../device-push/notification.ts'
import { readMessages } from '../../wire/message-reader.ts'
import { callerOf, enterChannel } from '../../http/channel/channel-caller.ts'
import { publish } from '../../http/channel/publish.ts'
import { deviceRefusal } from '../../../../device-push/device-rights.ts'
import type { DevicePushParts } from './parts.ts'

const TRANSPORT = 'ablyChannel'
/**
 * The least delay of a notification in milliseconds. Tests of SDKs attach to the channel of a device while they
 * publish, and rely on a service that is no faster.
 */
const WAIT_MS = 500
/** Deliveries in one turn of the event loop. */
const SLICE = 100
/** Notifications that may be queued; more are dropped. */
const MAX_WAITING = 1000

/** The notification is delivered within this server, so it counts as not needing TLS. */
const WITHIN = { secure: true, origin: null, allowance: undefined }

/** The channel recipient of a device, checked by `readRecipient`. */
interface ChannelRecipient {
  readonly channel: string
  readonly ablyKey: string
}

interface Sending {
  readonly appId: string
  /** Milliseconds since the epoch. */
  readonly due: number
  /** Looked up when the notification is delivered. */
  readonly devices: () => Iterable<PushDevice>
  readonly text: string
}

export class PushDelivery {
  readonly #parts: DevicePushParts
  readonly #waiting: Sending[] = []
  #timer: Timer | undefined
  #isSending = false
  #isStopped = false
  #hasNoticed = false

  constructor(parts: DevicePushParts) {
    this.#parts = parts
    parts.watchers.add({ pushed: (channel, messages) => this.#pushed(channel, messages) })
  }

  /** Stops delivery; what is queued is dropped. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#waiting.length = 0
  }

  /** @returns why a notification could not be brought there; one for another transport goes nowhere */
  async deliver({ text: to, transportType }: Recipient, text: string): Promise<Result<unknown>> {
    if (transportType !== TRANSPORT) {
      this.#noticeOthers()
      return ok(undefined)
    }
    const { authenticator, limits } = this.#parts
    const { ablyKey, channel } = JSON.parse(to) as ChannelRecipient
    const credential = { kind: 'key', text: ablyKey } as const
    const principal = await authenticator.authenticate({ credential, clientId: undefined }, WITHIN)
    if (!principal.ok) return principal
    const named = callerOf(principal.value, WITHIN, channel, 'publish')
    const caller = enterChannel(this.#parts, named, 'publish')
    if (!caller.ok) return caller
    const messages = readMessages({ name: PUSH_MESSAGE_NAME, data: text }, limits)
    return messages.ok ? publish(this.#parts, caller.value, messages.value) : messages
  }

  /** Queues a notification to devices that can be reached. */
  toDevices(appId: string, devices: () => Iterable<PushDevice>, text: string): void {
    if (this.#waiting.length >= MAX_WAITING) {
      const why = failure('push_backlog')
      return this.#parts.onUndelivered(why, { app: appId, device: undefined })
    }
    this.#waiting.push({ appId, devices, text, due: this.#parts.now() + WAIT_MS })
    if (!this.#isSending) this.#sendNext()
  }

  /** Queues notifications of messages for devices that subscribe to the channel. */
  #pushed({ ref: { name, realm } }: Channel, messages: readonly KeptMessage[]): void {
    for (const { extras } of messages) {
      const payload = extras === undefined ? undefined : memberText(extras, 'push')
      if (payload?.startsWith('{') !== true) continue
      const fault = payloadFault(JSON.parse(payload) as Readonly<Record<string, unknown>>)
      if (fault === undefined)
        this.toDevices(realm, () => this.#devicesOn(realm, name), notificationText(payload))
      else
        this.#parts.onUndelivered(failure('bad_request', fault), { app: realm, device: undefined })
    }
  }

  #devicesOn(appId: string, channel: string): readonly PushDevice[] {
    const { subscriptions } = this.#parts
    if (!this.#hasNoticed && subscriptions.hasOthers(appId, channel, TRANSPORT))
      this.#noticeOthers()
    return subscriptions.devices(appId, channel, TRANSPORT)
  }

  /** Delivers queued notifications in order, when they are due. */
  #sendNext(): void {
    const next = this.#waiting.shift()
    this.#isSending = next !== undefined
    if (!next) return
    // Bounded, in case the clock was set back.
    const waitMs = Math.min(next.due - this.#parts.now(), WAIT_MS)
    this.#timer = setTimeout(() => {
      this.#sendAll(next)
        .catch(this.#parts.onBug)
        .finally(() => this.#sendNext())
    }, waitMs)
  }

  async #sendAll(sending: Sending): Promise<void> {
    let sent = 0
    for (const device of sending.devices()) {
      if (this.#isStopped) return
      this.#send(device, sending).catch(this.#parts.onBug)
      if (++sent % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** A device whose key, app or token has ended gets nothing, though its subscriptions are still there. */
  async #send(device: PushDevice, { appId, text }: Sending): Promise<void> {
    const { id, recipient } = device
    const why = deviceRefusal(this.#parts, device, WITHIN) ?? (await this.#reach(recipient, text))
    if (why) this.#parts.onUndelivered(why, { app: appId, device: id })
  }

  async #reach(recipient: Recipient, text: string): Promise<Failure | undefined> {
    const delivered = await this.deliver(recipient, text)
    return delivered.ok ? undefined : delivered.failure
  }

  #noticeOthers(): void {
    if (this.#hasNoticed) return
    this.#hasNoticed = true
    this.#parts.onNotice(
      `push notifications reach devices with the transport ${TRANSPORT} only; devices of apns, fcm, gcm and web are registered and get none`,
    )
  }
}
