/** A server with an app whose rules ask for different things, one that is disabled, and a link to both for itty clients. */
import { systemClock } from '../../src/core/clock.ts'
import { type Services, openServices } from '../../src/service/services.ts'
import { must } from '../service/opened.ts'
import { eventually } from '../support/client.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

export const SEND_KEY = 'a-send-key'
export const JOIN_KEY = 'a-join-key'
/** A small limit of message size, so that large messages are quickly made. */
export const MAX_BYTES = 2000
/** Burst of messages on one channel; one a second refills. */
export const BURST = 12

/** First segments of channels, by what their rule asks for. Messages can be changed on all of them. */
export const RULES = {
  open: {},
  tls: { tlsOnly: true },
  named: { authenticated: true },
} as const

const EVERYTHING_BUT_HEADERS = [
  'publish',
  'subscribe',
  'presence',
  'history',
  'channel-metadata',
  'annotation-publish',
  'annotation-subscribe',
  'message-update-any',
  'message-delete-any',
]

export interface World {
  readonly server: TestServer
  readonly appId: string
  readonly offId: string
  /** Whole keys. */
  readonly keys: {
    readonly all: string
    /** Of the app that is disabled. */
    readonly off: string
    /** Of an app that asks for TLS. */
    readonly tls: string
    /** Permits other channels only. */
    readonly narrow: string
    readonly noHeaders: string
  }
  /** Of a client without a client id, and of one that is ann. */
  readonly tokens: { readonly anonymous: string; readonly ann: string }
  change(act: (services: Services) => void): void
  end(): Promise<void>
}

export async function makeWorld(): Promise<World> {
  const server = await startTestServer({
    'max-message-bytes': String(MAX_BYTES),
    'channel-rate': '1',
    'channel-burst': String(BURST),
  })
  const change = (act: (services: Services) => void) => {
    const services = openServices(server.config, systemClock, false)
    try {
      act(services)
    } finally {
      services.close()
    }
  }
  let made: Omit<World, 'tokens' | 'server' | 'change' | 'end'> | undefined
  change((services) => (made = fill(services)))
  const { keys, ...ids } = made!
  await eventually(
    async () => (await tokenOf(server.url, keys.all, {})) !== undefined,
    'the server knows the keys',
  )
  const tokens = {
    anonymous: (await tokenOf(server.url, keys.all, {}))!,
    ann: (await tokenOf(server.url, keys.all, { clientId: 'ann' }))!,
  }
  return { server, keys, tokens, ...ids, change, end: () => server.end() }
}

function fill(services: Services) {
  const owner = services.accounts.ensureOwner()
  const app = must(services.apps.add(owner, { name: 'main' }))
  const off = must(services.apps.add(owner, { name: 'off' }))
  const tls = must(services.apps.add(owner, { name: 'tls', tlsOnly: true }))
  for (const [id, settings] of Object.entries(RULES))
    must(services.channelRules.add(app, id, { ...settings, mutableMessages: true }))
  must(services.channelRules.add(off, 'off', { mutableMessages: true }))
  const key = (capability: Record<string, readonly string[]>, of = app) =>
    must(services.apiKeys.add(of, { capability: { capability } })).whole
  const keys = {
    all: key({ '*': ['*'] }),
    off: key({ '*': ['*'] }, off),
    tls: key({ '*': ['*'] }, tls),
    narrow: key({ elsewhere: ['*'] }),
    noHeaders: key({ '*': EVERYTHING_BUT_HEADERS }),
  }
  const reserve = (name: string, appId: string, more = {}) =>
    must(services.reservations.add(owner, name, { sendKey: SEND_KEY, app: appId, ...more }))
  for (const id of Object.keys(RULES)) reserve(id, app.id)
  reserve('locked', app.id, { joinKey: JOIN_KEY })
  reserve('off', off.id)
  must(services.apps.set(off.id, { status: 'disabled' }))
  return { appId: app.id, offId: off.id, keys }
}

async function tokenOf(url: string, key: string, params: object): Promise<string | undefined> {
  const [name] = key.split(':')
  const response = await fetch(`${url}/keys/${name}/requestToken`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ keyName: name, timestamp: Date.now(), ...params }),
  })
  return response.ok ? ((await response.json()) as { token: string }).token : undefined
}
