/** What the page for Ably clients says of addresses, codes and bounds, and of what is not there. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ably from 'ably'
import { MAX_PUSH_DEVICES } from '../../src/device-push/device-service.ts'
import { MAX_PUSH_SUBSCRIPTIONS } from '../../src/device-push/subscription-service.ts'
import { compileFilter } from '../../src/policy/message-filter.ts'
import {
  MAX_FILTER_UNITS,
  MAX_GROUPS,
} from '../../src/protocol/ably/subscription/subscription-limit.ts'
import { AblyApp, type ErrorBody } from '../support/ably-app.ts'
import { Clients } from '../support/ably.ts'
import { EventReader } from '../support/event-reader.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { readText } from './texts.ts'

const page = readText('src/docs/ably.md')
const expectSaid = (sentence: string) => expect(page.text).toContain(sentence)

let server: TestServer
let app: AblyApp
const clients = new Clients(() => app)
beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [], [{ id: 'drafts', mutableMessages: true }])
})
afterAll(async () => {
  clients.end()
  await server.end()
})

const MEMBER = '{"n":1e400}'

async function codeOf(method: string, path: string, body: string): Promise<number | undefined> {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      authorization: `Basic ${btoa(app.keys[0]!)}`,
      'content-type': 'application/json',
      'x-ably-clientid': btoa('ann'),
    },
    body,
  })
  const { error } = (await answer.json()) as Partial<ErrorBody>
  return error?.code
}

describe('values that a format cannot express are refused', () => {
  test('with the codes that the page names', async () => {
    expectSaid('refused with 40013 in data, 40032 in extras and 40000 elsewhere, and never changed')
    const made = await app.ask<{ serials: string[] }>('/channels/drafts:a/messages', {
      body: { data: 'x' },
    })
    const message = `/channels/drafts:a/messages/${encodeURIComponent(made.body.serials[0]!)}`
    const device = `{"id":"a","platform":"ios","formFactor":"phone","metadata":${MEMBER},"push":{"recipient":{"transportType":"apns"}}}`
    const annotation = `[{"type":"a:total.v1","action":0,"extras":${MEMBER}}]`
    expect([
      await codeOf('POST', '/channels/a/messages', '{"data":"\\ud800"}'),
      await codeOf('POST', '/channels/a/messages', `{"extras":{"headers":${MEMBER}}}`),
      await codeOf('POST', `${message}/annotations`, annotation),
      await codeOf('PATCH', message, `{"action":1,"version":{"metadata":${MEMBER}}}`),
      await codeOf('POST', '/chat/v4/rooms/a/messages', `{"text":"x","metadata":${MEMBER}}`),
      await codeOf('POST', '/push/deviceRegistrations', device),
    ]).toEqual([40013, 40032, 40032, 40000, 40000, 40000])
  })
})

describe('options', () => {
  test('an endpoint without a dot means the hosted service, except localhost', () => {
    expectSaid('It needs a dot, or has to be `localhost`')
    const hostOf = (endpoint: string) => {
      const client: object = new Ably.Realtime({ key: 'a.b:c', endpoint, autoConnect: false })
      return (client as { options: { primaryDomain?: string } }).options.primaryDomain
    }
    expect([hostOf('my.host'), hostOf('localhost')]).toEqual(['my.host', 'localhost'])
    expect(hostOf('myhost')).not.toBe('myhost')
  })

  test('the addresses of connectivity checks are served', async () => {
    const [, file] = /connectivityCheckUrl: 'https:\/\/my\.host(\/[^']+)'/.exec(page.text)!
    const answer = await fetch(server.url + file!)
    expect([answer.status, (await answer.text()).trim()]).toEqual([200, 'yes'])
    const [, path] = /wsConnectivityCheckUrl: 'wss:\/\/my\.host(\/[^']+)'/.exec(page.text)!
    const socket = new WebSocket(server.url.replace('http', 'ws') + path!)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', reject)
    })
    socket.close()
  })
})

describe('missing features', () => {
  const refused = async (channel: string) => {
    const { channels } = await clients.connected()
    return channels
      .get(channel)
      .attach()
      .then(
        () => undefined,
        ({ code }: { code: number }) => code,
      )
  }

  test('queues are refused, but capabilities may name them', async () => {
    expectSaid('queues, integrations, more than one region')
    expect(await refused('[queue]jobs')).toBe(40010)
    const named = await AblyApp.make(server.url, [{ '*': ['object-publish', 'object-subscribe'] }])
    expect(named.keys).toHaveLength(2)
  })

  test('a notification for a phone is accepted', async () => {
    expectSaid('a notification for them is accepted')
    const recipient = { transportType: 'fcm', registrationToken: 'x' }
    const body = { recipient, notification: { title: 'x' } }
    expect((await app.ask('/push/publish', { body })).status).toBe(204)
  })
})

test('errors link to this server', async () => {
  const { body } = await app.ask<ErrorBody>('/channels/a/messages', { as: 'no.key:here' })
  const { href } = body.error as ErrorBody['error'] & { href: string }
  expect(href).toStartWith(`${server.url}/errors/`)
  expect((await fetch(href)).status).toBe(200)
})

test('a filter has the maximal size that the page names', async () => {
  const [, most] = /expressions of up to (\d+) bytes/.exec(page.text)!
  const { channels } = await clients.connected()
  const attach = (bytes: number) => {
    const filter = `name == \`"${'x'.repeat(bytes - 12)}"\``
    expect(filter).toHaveLength(bytes)
    return channels.getDerived('a', { filter }).attach()
  }
  await attach(Number(most))
  const tooMuch = attach(Number(most) + 1)
  expect(await tooMuch.catch((error: object) => error)).toMatchObject({ code: 40003 })
})

test('numbers equal those of the source', () => {
  expectSaid(
    `An app has at most ${MAX_PUSH_DEVICES} devices and ${MAX_PUSH_SUBSCRIPTIONS} subscriptions`,
  )
  expectSaid(`a channel is read in up to ${MAX_GROUPS} different ways`)
  const filter = compileFilter(Buffer.from('headers.sort == `"car"`').toString('base64'))
  if (!filter.ok) throw new Error(filter.failure.message)
  const room = Math.floor(MAX_FILTER_UNITS / filter.value.cost.units)
  expect(Math.round(room / 100) * 100).toBe(1600)
  expectSaid('room for some 1,600 different comparisons of a header with a text')
})

describe('server-sent events', () => {
  const open = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}${path}${path.includes('?') ? '&' : '?'}key=${app.keys[0]}`, { headers })

  test.each(['lastEvent', 'Last-Event-ID'])(
    'resume after the id of an event, by %s',
    async (how) => {
      const channel = `told-${how.toLowerCase()}`
      const reader = await EventReader.open(
        `${server.url}/sse?v=2&channels=${channel}&key=${app.keys[0]}`,
      )
      for (const data of ['one', 'two'])
        await app.ask(`/channels/${channel}/messages`, { body: { data } })
      const first = await reader.next(0, ({ data }) => data.includes('one'))
      reader.leave()
      const query = how === 'lastEvent' ? `&lastEvent=${encodeURIComponent(first.id)}` : ''
      const headers: Record<string, string> = query === '' ? { 'last-event-id': first.id } : {}
      const again = await EventReader.open(
        `${server.url}/sse?v=2&channels=${channel}&key=${app.keys[0]}${query}`,
        headers,
      )
      expect((await again.next()).data).toContain('two')
      again.leave()
    },
  )

  test('can be read as lines of JSON', async () => {
    const answer = await open('/event-stream?v=2&channels=lines')
    await app.ask('/channels/lines/messages', { body: { data: 'hi' } })
    let text = ''
    const decoder = new TextDecoder()
    for await (const bytes of answer.body!) {
      text += decoder.decode(bytes, { stream: true })
      if (text.includes('hi')) break
    }
    const line = text.split('\n').find((one) => one.includes('hi'))!
    expect(JSON.parse(line)).toMatchObject({ event: 'message', data: { data: 'hi' } })
  })
})

test('a room is the channel that the page names', async () => {
  const [, channel] = /A room is the channel `([^`]+)`/.exec(page.text)!
  expect(channel).toBe('support::$chat')
  const sent = await app.ask<{ serial: string }>('/chat/v4/rooms/support/messages', {
    body: { text: 'hello' },
    headers: { 'x-ably-clientid': btoa('ann') },
  })
  const { body } = await app.ask<{ serial: string }[]>(
    `/channels/${encodeURIComponent(channel!)}/messages`,
  )
  expect(body.map(({ serial }) => serial)).toEqual([sent.body.serial])
})

test('/push/publish is a push with a send key, and otherwise a request of an SDK', async () => {
  expectSaid('`/push/publish` with the header `x-send-key` is a [push](push.md) to the channel')
  const pushed = await fetch(`${server.url}/push/publish`, {
    method: 'POST',
    headers: { 'x-send-key': 'x' },
    body: '"hi"',
  })
  // As nothing is reserved here.
  expect([pushed.status, await pushed.json()]).toMatchObject([
    403,
    { error: { code: 'push_refused' } },
  ])
  const asked = await app.ask<ErrorBody>('/push/publish', { body: {} })
  expect(asked.body.error.code).toBe(40000)
})
