/**
 * Another program holds `latchkey.db`: everybody who talks goes on, whoever changes settings waits for it, and is told
 * `busy` when it takes too long. Nothing is written half, and nobody waits for ever.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Caller } from '../api/caller.ts'
import { PASSWORD, DashboardUser } from '../dashboard/dashboard-user.ts'
import { Clients } from '../support/ably.ts'
import { AblyApp } from '../support/ably-app.ts'
import { Client, eventually } from '../support/client.ts'
import { type Lock, lock } from '../support/disk.ts'
import { postApp } from '../support/sandbox-app.ts'
import type { TestServer } from '../support/server.ts'
import { callServer } from '../../src/service/control/control-client.ts'

let caller: Caller
let server: TestServer
let app: AblyApp
let owner: DashboardUser
let held: Lock | undefined

beforeEach(async () => {
  caller = await Caller.start({ sandbox: 'true' })
  server = caller.server
  app = await AblyApp.make(server.url, [], [{ id: 'phones', pushEnabled: true }])
  owner = await DashboardUser.owner(server)
})
afterEach(async () => {
  await held?.release()
  held = undefined
  await server.end()
})

const hold = async () => {
  held = await lock(join(server.folder, 'latchkey.db'), 'BEGIN IMMEDIATE')
}
const release = async () => {
  await held?.release()
  held = undefined
}

const DEVICE = {
  id: 'phone',
  formFactor: 'phone',
  platform: 'android',
  push: { recipient: { transportType: 'fcm', registrationToken: 'x' } },
}

interface Told {
  readonly status: number
  /** The error in the form of the interface. */
  readonly why: unknown
}

const ofApi = (answer: { status: number; body: { reason?: string } | undefined }): Told => ({
  status: answer.status,
  why: answer.body?.reason,
})
const ofRest = (answer: { status: number; body: unknown }): Told => ({
  status: answer.status,
  why: (answer.body as { error?: { code: number } } | undefined)?.error?.code,
})
const ofPage = ({ status, text }: { status: number; text: string }): Told => ({
  status,
  why: /another program holds the settings/i.test(text) ? 'busy' : undefined,
})

/** A write by every way in, with its success and its failure. */
const WRITES: readonly [string, () => Promise<Told>, number, unknown][] = [
  [
    'the API',
    async () => {
      const { id } = (await caller.call<{ id: string }[]>('GET', '/accounts')).body[0] ?? {
        id: 'owner',
      }
      return ofApi(
        await caller.call('POST', `/accounts/${id}/reservations`, { body: { namespace: 'acme' } }),
      )
    },
    201,
    'busy',
  ],
  [
    'the command line, through the server',
    async () => {
      const path = '/v1/accounts/owner/apps'
      const answer = await callServer(server.folder, 'POST', path, { name: 'other' })
      return ofApi(answer as { status: number; body: { reason: string } })
    },
    201,
    'busy',
  ],
  ['a form', async () => ofPage(await owner.post('/apps', { name: 'paper' })), 303, 'busy'],
  [
    'signing in',
    async () => ofPage(await new DashboardUser(server).signIn('ann@example.com', PASSWORD)),
    303,
    'busy',
  ],
  [
    'registering a device',
    async () => ofRest(await app.ask('/push/deviceRegistrations', { body: DEVICE })),
    201,
    50003,
  ],
  [
    'removing a device',
    async () => ofRest(await app.ask('/push/deviceRegistrations/none', { method: 'DELETE' })),
    204,
    50003,
  ],
  [
    'a subscription for push',
    async () =>
      ofRest(
        await app.ask('/push/channelSubscriptions', {
          body: { channel: 'phones:x', clientId: 'c' },
        }),
      ),
    201,
    50003,
  ],
  [
    'revoking tokens',
    async () =>
      ofRest(
        await app.ask(`/keys/${app.keys[0]!.split(':')[0]}/revokeTokens`, {
          body: { targets: ['clientId:c'] },
        }),
      ),
    201,
    50003,
  ],
  [
    'an app of the sandbox',
    async () => {
      const answer = await postApp(server.url, { keys: [{}] })
      return ofRest({ status: answer.status, body: await answer.json() })
    },
    201,
    50003,
  ],
]

/** Whether a promise is settled. */
function watched<T>(promise: Promise<T>): { readonly promise: Promise<T>; isDone: boolean } {
  const watching = { promise, isDone: false }
  void promise.finally(() => (watching.isDone = true))
  return watching
}

/** Exchanges messages over both protocols, which shows that the server is not blocked. */
async function everybodyTalks(times: number): Promise<void> {
  const [ann, bob] = [
    await Client.join(`${server.sockets}talk`),
    await Client.join(`${server.sockets}talk`),
  ]
  const clients = new Clients(() => server)
  try {
    const channel = (await clients.connected({ key: app.keys[0]! })).channels.get('talk')
    const heard: unknown[] = []
    await channel.subscribe(({ data }) => void heard.push(data))
    for (let i = 0; i < times; i++) {
      ann.sendJson({ said: i })
      await bob.message({ said: i })
      await channel.publish('said', `realtime ${i}`)
      expect(
        (await app.ask('/channels/talk/messages', { body: { data: `rest ${i}` } })).status,
      ).toBe(201)
    }
    await eventually(() => heard.length === times * 2, 'everything is heard')
  } finally {
    ann.close()
    bob.close()
    clients.end()
  }
}

describe('while another program holds the settings', () => {
  test('clients keep talking, and writes are done afterwards', async () => {
    await hold()
    const writes = WRITES.map(([, write]) => watched(write()))
    await everybodyTalks(20)
    // Each of them had its turn meanwhile.
    expect(writes.map(({ isDone }) => isDone)).toEqual(WRITES.map(() => false))
    await release()
    const told = await Promise.all(writes.map(({ promise }) => promise))
    expect(told).toEqual(WRITES.map(([, , status]) => ({ status, why: undefined })))
  })

  test('after too long every writer gets an error, and nothing is written', async () => {
    const apps = async () =>
      (await caller.call<unknown[]>('GET', '/accounts/owner/apps')).body.length
    const before = await apps()
    await hold()
    const told = await Promise.all(WRITES.map(([, write]) => write()))
    expect(told).toEqual(WRITES.map(([, , , why]) => ({ status: 503, why })))
    await release()
    expect(await apps()).toBe(before)
    expect((await app.ask<unknown[]>('/push/deviceRegistrations')).body).toEqual([])
    // Afterwards each goes through.
    for (const [name, write, status] of WRITES)
      expect({ name, ...(await write()) }).toEqual({ name, status, why: undefined })
  })

  test('reads are answered', async () => {
    await hold()
    expect((await caller.call('GET', '/accounts/owner/apps')).status).toBe(200)
    expect((await owner.get('/apps')).status).toBe(200)
    expect((await app.ask('/push/deviceRegistrations')).status).toBe(200)
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)
    expect((await app.ask('/stats')).status).toBe(200)
  })

  test('a right that was lost meanwhile is not used afterwards', async () => {
    const token = caller.token('owner')
    await hold()
    const write = watched(
      caller.call('POST', '/accounts/owner/reservations', { token, body: { namespace: 'late' } }),
    )
    const form = watched(owner.post('/apps', { name: 'late' }))
    await everybodyTalks(3)
    expect([write.isDone, form.isDone]).toEqual([false, false])
    await held!.run('DELETE FROM access_tokens', 'DELETE FROM sessions', 'COMMIT')
    expect((await write.promise).status).toBe(401)
    expect((await form.promise).status).not.toBe(303)
  })
})
