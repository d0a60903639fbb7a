/** Stores the devices of apps that get push notifications. Recipients and secrets are sealed. */
import type { Clock } from '../core/clock.ts'
import { type Failure, type Result, fail, ok } from '../failure.ts'
import type { Keyring } from '../identity/keyring.ts'
import { newDeviceToken } from '../identity/device-token.ts'
import { type Revocation, RevocationList } from '../identity/revocation.ts'
import { canonicalText, parseAccepted } from '../policy/capability/capability.ts'
import {
  type DeviceFilter,
  type DeviceGrant,
  type DeviceOrigin,
  type DeviceToSave,
  LEAST_CAPABILITY,
  type ListPart,
  type ListSlice,
  type PushDevice,
  type PushDevices,
  type Recipient,
  earliest,
} from './device.ts'
import { RevocationTable } from '../store/tables/apps.ts'
import type { Store } from '../store/database.ts'
import type { Ledger } from '../store/ledger/ledger.ts'
import { memberText } from '../text/json-scanner.ts'
import {
  type DeviceMatch,
  type PushDeviceRow,
  PushDeviceTable,
  PushSubscriptionTable,
  type TokenNames,
} from '../store/tables/device-push.ts'

export interface DeviceServiceParts {
  /** For reading; every write goes through the ledger. */
  readonly store: Store
  readonly ledger: Ledger
  readonly keyring: Keyring
  readonly clock: Clock
}

/** Devices of one app. Every client with `push-subscribe` can add devices, so the number is bounded. */
export const MAX_PUSH_DEVICES = 10_000

export class PushDeviceService implements PushDevices {
  readonly #ledger: Ledger
  readonly #table: PushDeviceTable
  readonly #subscriptions: PushSubscriptionTable
  readonly #revocations: RevocationTable
  readonly #keyring: Keyring
  readonly #clock: Clock
  readonly #max: number

  /** @param max devices that an app may have */
  constructor({ store, ledger, keyring, clock }: DeviceServiceParts, max = MAX_PUSH_DEVICES) {
    this.#ledger = ledger
    this.#table = new PushDeviceTable(store)
    this.#subscriptions = new PushSubscriptionTable(store)
    this.#revocations = new RevocationTable(store)
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
      .list(appId, this.#match(filter), after, limit)
      .map((row) => openDevice(row, this.#keyring))
    return { items, next: items.length === limit ? items.at(-1)!.id : undefined }
  }

  save(
    device: DeviceToSave,
    mayReplace: (known: PushDevice) => Failure | undefined = () => undefined,
  ): Result<PushDevice> {
    return this.#ledger.write((): Result<PushDevice> => {
      const known = this.find(device.appId, device.id)
      const refusal = known && mayReplace(known)
      if (refusal) return { ok: false, failure: refusal }
      if (!known && this.#table.count(device.appId) >= this.#max) return fail('push_full')
      const endsAt = earliest(device.endsAt, this.#revokedFrom(device))
      this.#table.put(this.#row({ ...device, secret: device.secret ?? known?.secret, endsAt }))
      return ok(this.find(device.appId, device.id)!)
    })
  }

  issueToken({ appId, id }: PushDevice): string {
    const token = newDeviceToken(appId)
    this.#ledger.write(() => this.#table.setToken(appId, id, this.#digest(token)))
    return token
  }

  remove(appId: string, filter: DeviceFilter): void {
    this.#ledger.write(() => {
      for (const deviceId of this.#table.remove(appId, this.#match(filter)))
        this.#subscriptions.remove(appId, { deviceId })
    })
  }

  /**
   * Ends the devices that these revocations concern. The end is stored with the device, because revocations are kept
   * only for as long as tokens live. Part of the caller's transaction.
   */
  end(appId: string, revocations: readonly Revocation[]): void {
    const list = new RevocationList()
    list.replace(appId, revocations)
    for (const row of this.#table.named(appId, namesIn(revocations))) {
      const { keyId } = row
      const { origin } = grantOf(row)
      const { method, issued, number } = origin
      const owner = { method, issued, number, tokenClientId: row.clientId ?? undefined }
      const moments = [origin, owner].map((who) => list.revokedFrom({ ...who, appId, keyId }))
      const endsAt = earliest(row.endsAt ?? undefined, ...moments)
      if (endsAt !== undefined) this.#table.end(appId, row.id, endsAt)
    }
  }

  /** When the credentials of a device were revoked, read from the database: another process may have done so just now. */
  #revokedFrom({ appId, keyId, grant }: DeviceToSave): number | undefined {
    if (!grant) return undefined
    const { tokenClientId, revocationKey, tokenResources } = grant.origin
    const values = [tokenClientId, revocationKey, ...tokenResources]
    const named = values.filter((value) => value !== undefined)
    const list = new RevocationList()
    list.replace(appId, this.#revocations.about(appId, named, this.#clock.now()))
    return list.revokedFrom({ ...grant.origin, appId, keyId })
  }

  #match({ isEnded, ...others }: DeviceFilter): DeviceMatch {
    return isEnded === undefined
      ? others
      : { ...others, ended: { is: isEnded, by: this.#clock.now() } }
  }

  #row(device: DeviceToSave): PushDeviceRow {
    const { recipient, secret, clientId, grant, endsAt, ...rest } = device
    const { tokenClientId = null, revocationKey = null, ...origin } = grant?.origin ?? {}
    const now = this.#clock.now()
    return {
      ...rest,
      capability: grant ? canonicalText(grant.capability) : null,
      origin: grant ? origin : null,
      tokenClientId,
      revocationKey,
      endsAt: endsAt ?? null,
      clientId: clientId ?? null,
      transport: recipient.transportType,
      sealed: this.#keyring.seal(sealedText(recipient, secret)),
      tokenDigest: null,
      createdAt: now,
      updatedAt: now,
    }
  }

  #digest(token: string): Buffer {
    return Buffer.from(this.#keyring.digest(token))
  }
}

/** The JSON that is sealed; the recipient's text is kept exactly. */
function sealedText({ text }: Recipient, secret: string | undefined): string {
  return `{"recipient":${text}${secret === undefined ? '' : `,"secret":${JSON.stringify(secret)}`}}`
}

/** Opens a stored device. */
export function openDevice(row: PushDeviceRow, keyring: Keyring): PushDevice {
  const text = keyring.open(row.sealed)
  // The start has checked the master key, so what cannot be opened was damaged since.
  if (text === undefined) throw new Error('a stored push device does not open')
  const { secret } = JSON.parse(text) as { readonly secret?: string }
  const { appId, id, metadata, keyId, transport } = row
  return {
    appId,
    id,
    metadata,
    keyId,
    grant: grantOf(row),
    endsAt: row.endsAt ?? undefined,
    // Safe: only validated transports are stored.
    recipient: {
      transportType: transport as Recipient['transportType'],
      text: memberText(text, 'recipient')!,
    },
    secret,
    clientId: row.clientId ?? undefined,
    platform: row.platform as PushDevice['platform'],
    formFactor: row.formFactor as PushDevice['formFactor'],
  }
}

/** The grant of a device; one from before grants were stored has the least, and counts from its creation. */
function grantOf(row: PushDeviceRow): DeviceGrant {
  const { capability, origin, clientId, createdAt } = row
  if (capability === null || origin === null) {
    const tokenResources = [...LEAST_CAPABILITY.keys()]
    const known = { issued: createdAt, tokenClientId: clientId ?? undefined, tokenResources }
    return { capability: LEAST_CAPABILITY, origin: known }
  }
  // A capability that cannot be read permits nothing.
  const read = parseAccepted(capability)
  const names = {
    tokenClientId: row.tokenClientId ?? undefined,
    revocationKey: row.revocationKey ?? undefined,
  }
  return {
    capability: read.ok ? read.value : new Map(),
    // Safe: only origins are stored here.
    origin: { ...(origin as DeviceOrigin), ...names },
  }
}

function namesIn(revocations: readonly Revocation[]): TokenNames {
  const named = (kind: Revocation['kind']) =>
    revocations.filter((one) => one.kind === kind).map(({ value }) => value)
  return {
    clients: named('clientId'),
    revocationKeys: named('revocationKey'),
    channels: named('channel'),
  }
}
