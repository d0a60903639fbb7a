/** Devices and subscriptions of apps: limited, encrypted, and removed with the app. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalText } from '../../src/policy/capability/capability.ts'
import { operationBit } from '../../src/policy/capability/operations.ts'
import type { DeviceToSave } from '../../src/device-push/device.ts'
import { PushDeviceService } from '../../src/device-push/device-service.ts'
import { PushSubscriptionService } from '../../src/device-push/subscription-service.ts'
import { Opened, failureOf, must } from '../service/opened.ts'
import { clockAt } from '../support/clocks.ts'

let opened: Opened
let appId: string

beforeEach(() => {
  opened = new Opened()
  const { accounts, apps } = opened.services
  appId = must(apps.add(accounts.ensureOwner(), { name: 'phones' })).id
})
afterEach(() => opened.end())

const RECIPIENT = '{"transportType":"fcm","registrationToken":"a-registration-token"}'

function device(id: string, more: Partial<DeviceToSave> = {}): DeviceToSave {
  return {
    appId,
    id,
    keyId: 'key',
    clientId: undefined,
    platform: 'android',
    formFactor: 'phone',
    metadata: '{}',
    recipient: { transportType: 'fcm', text: RECIPIENT },
    secret: undefined,
    ...more,
  }
}

const bounded = () => {
  const { store, ledger, keyring } = opened.services
  const parts = { store, ledger, keyring, clock: clockAt(() => opened.now) }
  return {
    devices: new PushDeviceService(parts, 2),
    subscriptions: new PushSubscriptionService(parts, 2),
  }
}

test('the devices of an app are limited, and existing ones can still be changed', () => {
  const { devices } = bounded()
  for (const id of ['a', 'b']) must(devices.save(device(id)))
  expect(failureOf(devices.save(device('c')))).toBe('push_full')
  must(devices.save(device('b', { platform: 'ios' })))
  expect(devices.find(appId, 'b')?.platform).toBe('ios')
  devices.remove(appId, { deviceId: 'a' })
  must(devices.save(device('c')))
})

test('sandbox apps of one address share the limit of devices', () => {
  const { devices, subscriptions } = bounded()
  const { accounts, apps } = opened.services
  const made = (name: string, madeBy: string) =>
    must(apps.add(accounts.ensureOwner(), { name, madeBy, lifetime: 60_000 })).id
  const [one, another, stranger] = [
    made('a', '1.1.1.1'),
    made('b', '1.1.1.1'),
    made('c', '2.2.2.2'),
  ]
  const subscription = { channel: 'x', kind: 'client', subscriber: 'ann' } as const
  for (const of of [one, another]) {
    must(devices.save(device('a', { appId: of })))
    must(subscriptions.save(of, subscription))
  }
  expect(failureOf(devices.save(device('b', { appId: one })))).toBe('push_full')
  expect(failureOf(subscriptions.save(one, { ...subscription, channel: 'y' }))).toBe('push_full')
  for (const of of [stranger, appId]) {
    for (const id of ['a', 'b']) must(devices.save(device(id, { appId: of })))
    must(subscriptions.save(of, subscription))
  }
})

test('the subscriptions of an app are limited, and repeating one is no other', () => {
  const { subscriptions } = bounded()
  const subscription = (channel: string) =>
    ({ channel, kind: 'client', subscriber: 'ann' }) as const
  for (const channel of ['a', 'b', 'a']) must(subscriptions.save(appId, subscription(channel)))
  expect(failureOf(subscriptions.save(appId, subscription('c')))).toBe('push_full')
})

test('a list continues from its cursor, and begins again after an unknown one', () => {
  const { pushSubscriptions } = opened.services
  for (const channel of ['a', 'b'])
    for (const kind of ['client', 'device'] as const)
      for (const subscriber of ['1', '2'])
        must(pushSubscriptions.save(appId, { channel, kind, subscriber }))
  const whole = pushSubscriptions.list(appId, {}, { limit: 100, after: undefined })
  expect(whole.items).toHaveLength(8)
  expect(whole.next).toBeUndefined()
  const gathered: unknown[] = []
  let after: string | undefined
  do {
    const { items, next } = pushSubscriptions.list(appId, {}, { limit: 3, after })
    gathered.push(...items)
    after = next
  } while (after !== undefined)
  expect(gathered).toEqual([...whole.items])
  for (const nonsense of ['', '{}', '7', '["a"]', '["a","other","1"]'])
    expect(pushSubscriptions.list(appId, {}, { limit: 1, after: nonsense }).items).toEqual(
      whole.items.slice(0, 1),
    )
})

test('recipient, secret and token of a device are encrypted on disk', () => {
  const { pushDevices } = opened.services
  const saved = must(pushDevices.save(device('a-device-id', { secret: 'a-device-secret' })))
  const token = pushDevices.issueToken(saved)
  expect(pushDevices.byToken(token)).toEqual(saved)
  const text = readdirSync(opened.path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => readFileSync(join(opened.path, name), 'latin1'))
    .join('\n')
  expect(text).toContain('a-device-id')
  for (const secret of ['a-registration-token', 'a-device-secret', token, token.slice(-20)])
    expect(text).not.toContain(secret)
})

test('a device without a recorded grant has the fewest rights and ends with its client', () => {
  const { pushDevices, revocations } = opened.services
  const old = must(pushDevices.save(device('old', { clientId: 'ann' })))
  const other = must(pushDevices.save(device('other', { clientId: 'bob', keyId: 'another' })))
  expect(canonicalText(old.grant.capability)).toBe('{"*":["push-subscribe"]}')
  const since = opened.now
  opened.now += 1000
  const revoke = (kind: 'clientId' | 'channel', value: string, issuedBefore: number) => {
    const moments = { issuedBefore, appliesAt: opened.now, expiresAt: opened.now + 1000 }
    revocations.add(appId, [{ kind, value, keyId: 'key', isExact: true, ...moments }])
  }
  const endOf = ({ id }: { id: string }) => pushDevices.find(appId, id)!.endsAt
  revoke('clientId', 'ann', since)
  revoke('clientId', 'bob', opened.now)
  revoke('channel', 'phones:*', opened.now)
  expect([endOf(old), endOf(other)]).toEqual([undefined, undefined])
  revoke('clientId', 'ann', since + 1)
  expect([endOf(old), endOf(other)]).toEqual([opened.now, undefined])
  // The first end is the one that counts.
  opened.now += 1000
  revoke('channel', '*', opened.now)
  expect(endOf(old)).toBe(opened.now - 1000)
})

test('a device keeps token, grant and end until it is registered again', () => {
  const { pushDevices } = opened.services
  const capability = new Map([['phones:*', operationBit('push-subscribe')!]])
  const origin = {
    method: 'jwt',
    issued: 7,
    revocationKey: 'r',
    tokenResources: ['phones:*'],
  } as const
  const saved = must(pushDevices.save(device('a', { grant: { capability, origin }, endsAt: 99 })))
  expect(saved).toMatchObject({ grant: { capability, origin }, endsAt: 99 })
  const token = pushDevices.issueToken(saved)
  must(pushDevices.save({ ...saved, metadata: '{"changed":true}' }))
  expect(pushDevices.byToken(token)).toEqual({ ...saved, metadata: '{"changed":true}' })
})

test('removing the app removes its devices', () => {
  const { apps, pushDevices, pushSubscriptions } = opened.services
  const saved = must(pushDevices.save(device('a')))
  const token = pushDevices.issueToken(saved)
  must(pushSubscriptions.save(appId, { channel: 'c', kind: 'device', subscriber: 'a' }))
  must(apps.remove(appId))
  expect(pushDevices.byToken(token)).toBeUndefined()
  expect(pushDevices.list(appId, {}, { limit: 1, after: undefined }).items).toEqual([])
  expect(pushSubscriptions.channels(appId, { limit: 1, after: undefined }).items).toEqual([])
})
