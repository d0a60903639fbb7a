/** Stores which devices and clients get the push notifications of which channels. */
import { type Result, fail, ok } from '../failure.ts'
import type { Keyring } from '../identity/keyring.ts'
import type {
  ListPart,
  ListSlice,
  PushDevice,
  PushSubscription,
  PushSubscriptions,
  SubscriptionFilter,
  Transport,
} from './device.ts'
import { PushDeviceTable, PushSubscriptionTable } from '../store/tables/device-push.ts'
import type { Ledger } from '../store/ledger/ledger.ts'
import { type DeviceServiceParts, openDevice } from './device-service.ts'

/** Subscriptions of one app. */
export const MAX_PUSH_SUBSCRIPTIONS = 50_000

export class PushSubscriptionService implements PushSubscriptions {
  readonly #ledger: Ledger
  readonly #table: PushSubscriptionTable
  readonly #devices: PushDeviceTable
  readonly #keyring: Keyring
  readonly #max: number

  /** @param max subscriptions that an app may have */
  constructor({ store, ledger, keyring }: DeviceServiceParts, max = MAX_PUSH_SUBSCRIPTIONS) {
    this.#ledger = ledger
    this.#table = new PushSubscriptionTable(store)
    this.#devices = new PushDeviceTable(store)
    this.#keyring = keyring
    this.#max = max
  }

  list(
    appId: string,
    filter: SubscriptionFilter,
    { limit, after }: ListPart,
  ): ListSlice<PushSubscription> {
    const items = this.#table
      .list(appId, filter, after === undefined ? undefined : placeOf(after), limit)
      .map(({ channel, kind, subscriber }) => ({ channel, kind, subscriber }))
    return { items, next: items.length === limit ? keyOf(items.at(-1)!) : undefined }
  }

  channels(appId: string, { limit, after }: ListPart): ListSlice<string> {
    const items = this.#table.channels(appId, after, limit)
    return { items, next: items.length === limit ? items.at(-1) : undefined }
  }

  save(appId: string, subscription: PushSubscription): Result<PushSubscription> {
    const row = { appId, ...subscription }
    return this.#ledger.write((): Result<PushSubscription> => {
      if (this.#table.has(row)) return ok(subscription)
      if (this.#table.count(appId) >= this.#max) return fail('push_full')
      this.#table.insert(row)
      return ok(subscription)
    })
  }

  remove(appId: string, filter: SubscriptionFilter): void {
    this.#ledger.write(() => this.#table.remove(appId, filter))
  }

  devices(appId: string, channel: string, transport: Transport): readonly PushDevice[] {
    return this.#devices
      .onChannel(appId, channel, transport)
      .map((row) => openDevice(row, this.#keyring))
  }

  hasOthers(appId: string, channel: string, transport: Transport): boolean {
    return this.#devices.hasOthers(appId, channel, transport)
  }
}

function keyOf({ channel, kind, subscriber }: PushSubscription): string {
  return JSON.stringify([channel, kind, subscriber])
}

/** Cursors come from clients: an invalid one starts the list again. */
function placeOf(key: string): PushSubscription | undefined {
  const parts = parse(key)
  if (!Array.isArray(parts)) return undefined
  const [channel, kind, subscriber]: unknown[] = parts
  const isPlace = typeof channel === 'string' && typeof subscriber === 'string'
  if (!isPlace || (kind !== 'client' && kind !== 'device')) return undefined
  return { channel, kind, subscriber }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
