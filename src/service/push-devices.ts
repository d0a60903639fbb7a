/** The devices of apps that want push notifications. What lets somebody act in their name is sealed. */
import type { Clock } from '../core/clock.ts'
import { type Failure, type Result, fail, ok } from '../failure.ts'
import type { Keyring } from '../identity/keyring.ts'
import { newDeviceToken } from '../identity/device-token.ts'
import type {
  DeviceFilter,
  ListPart,
  ListSlice,
  PushDevice,
  PushDevices,
  Recipient,
} from '../push/device.ts'
import type { Store } from '../store/database.ts'
import { type PushDeviceRow, PushDeviceTable, PushSubscriptionTable } from '../store/push.ts'

/** Of an app. Anybody who may subscribe can add one, so it is bounded. */
export const MAX_PUSH_DEVICES = 10_000

interface Sealed {
  readonly recipient: Recipient
  readonly secret?: string | undefined
}

export class PushDeviceService implements PushDevices {
  readonly #store: Store
  readonly #table: PushDeviceTable
  readonly #subscriptions: PushSubscriptionTable
  readonly #keyring: Keyring
  readonly #clock: Clock
  readonly #max: number

  /** @param max devices that an app may have */
  constructor(store: Store, keyring: Keyring, clock: Clock, max = MAX_PUSH_DEVICES) {
    this.#store = store
    this.#table = new PushDeviceTable(store)
    this.#subscriptions = new PushSubscriptionTable(store)
    this.#keyring = keyring
    this.#clock = clock
    this.#max = max
  }

  find(appId: string, id: string): PushDevice | undefined {
    const row = this.#table.find(appId, id)
    return row && openDevice(row, this.#keyring)
  }

  byToken(token: string): PushDevice | undefined {
    const row = this.#table.byToken(this.#digest(token))
    return row && openDevice(row, this.#keyring)
  }

  list(appId: string, filter: DeviceFilter, { limit, after }: ListPart): ListSlice<PushDevice> {
    const items = this.#table
      .list(appId, filter, after, limit)
      .map((row) => openDevice(row, this.#keyring))
    return { items, next: items.length === limit ? items.at(-1)!.id : undefined }
  }

  save(
    device: PushDevice,
    mayReplace: (known: PushDevice) => Failure | undefined = () => undefined,
  ): Result<PushDevice> {
    return this.#write((): Result<PushDevice> => {
      const known = this.find(device.appId, device.id)
      const refusal = known && mayReplace(known)
      if (refusal) return { ok: false, failure: refusal }
      if (!known && this.#table.count(device.appId) >= this.#max) return fail('push_full')
      const saved = { ...device, secret: device.secret ?? known?.secret }
      this.#table.put(this.#row(saved))
      return ok(saved)
    })
  }

  issueToken({ appId, id }: PushDevice): string {
    const token = newDeviceToken(appId)
    this.#table.setToken(appId, id, this.#digest(token))
    return token
  }

  remove(appId: string, filter: DeviceFilter): void {
    this.#write(() => {
      for (const deviceId of this.#table.remove(appId, filter))
        this.#subscriptions.remove(appId, { deviceId })
    })
  }

  #row(device: PushDevice): PushDeviceRow {
    const { recipient, secret, clientId, ...rest } = device
    const now = this.#clock.now()
    const sealed: Sealed = { recipient, secret }
    return {
      ...rest,
      clientId: clientId ?? null,
      transport: recipient.transportType,
      sealed: this.#keyring.seal(JSON.stringify(sealed)),
      tokenDigest: null,
      createdAt: now,
      updatedAt: now,
    }
  }

  #digest(token: string): Buffer {
    return Buffer.from(this.#keyring.digest(token))
  }

  #write<T>(action: () => T): T {
    return this.#store.db.transaction(action, { behavior: 'immediate' })
  }
}

/** A device as it is stored. */
export function openDevice(row: PushDeviceRow, keyring: Keyring): PushDevice {
  const text = keyring.open(row.sealed)
  // The start has proved that the master key fits, so what does not open was damaged since.
  if (text === undefined) throw new Error('a stored push device does not open')
  const { recipient, secret } = JSON.parse(text) as Sealed
  const { appId, id, metadata, keyId } = row
  return {
    appId,
    id,
    metadata,
    keyId,
    recipient,
    secret,
    clientId: row.clientId ?? undefined,
    // Only what was read as such is ever stored.
    platform: row.platform as PushDevice['platform'],
    formFactor: row.formFactor as PushDevice['formFactor'],
  }
}
