/** Annotations of messages over REST: added, listed, taken back, and summed up. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
let counter = 0

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(
    server.url,
    [{ '*': ['publish', 'annotation-publish'] }, { '*': ['annotation-subscribe'] }],
    [{ id: 'mutable', mutableMessages: true }],
  )
})
afterAll(() => server.end())

interface WireAnnotation {
  readonly id: string
  readonly action: number
  readonly type: string
  readonly name?: string
  readonly serial: string
  readonly messageSerial: string
  readonly clientId?: string
}

/** The path of a new message. */
async function newMessage(prefix = 'mutable:'): Promise<string> {
  const path = `/channels/${prefix}${counter++}/messages`
  const { body } = await app.ask<{ serials: string[] }>(path, { body: { data: 'x' } })
  return `${path}/${body.serials[0]!}`
}

const summaryOf = async (message: string) =>
  (await app.ask<{ annotations?: { summary: unknown } }>(message)).body.annotations?.summary

async function refused(path: string, body: unknown, as?: string) {
  const answer = await app.ask<ErrorBody>(`${path}/annotations`, {
    body,
    ...(as !== undefined && { as }),
  })
  return [answer.status, answer.body.error.code]
}

test.each([false, true])(
  'the published client annotates and reads annotations, binary %p',
  async (useBinaryProtocol) => {
    const client = app.client({ useBinaryProtocol, clientId: 'ann' })
    const channel = client.channels.get(`mutable:${counter++}`)
    const { serials } = await channel.publish('x', 'y')
    const serial = serials[0]!
    await channel.annotations.publish(serial, { type: 'reaction:distinct.v1', name: '👍' })
    await channel.annotations.publish(serial, { type: 'com.example.note', data: { a: 1 } })
    const { items } = await channel.annotations.get(serial, {})
    expect(items).toMatchObject([
      { action: 'annotation.create', type: 'reaction:distinct.v1', name: '👍', clientId: 'ann' },
      { action: 'annotation.create', type: 'com.example.note', data: { a: 1 } },
    ])
    for (const annotation of items) {
      expect(annotation.messageSerial).toBe(serial)
      expect(annotation.serial > serial).toBe(true)
    }
    const summary = { 'reaction:distinct.v1': { '👍': { total: 1, clientIds: ['ann'] } } }
    expect((await channel.getMessage(serial)).annotations).toMatchObject({ summary })
    await channel.annotations.delete(serial, { type: 'reaction:distinct.v1', name: '👍' })
    expect((await channel.getMessage(serial)).annotations?.summary).toEqual({
      'reaction:distinct.v1': {},
    } as never)
  },
)

test('several at once have one answer, and are listed in pages, the oldest first', async () => {
  const message = await newMessage()
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const { status, body } = await app.ask<{ serials: string[] }>(`${message}/annotations`, {
    body: names.map((name) => ({ action: 0, type: 't:multiple.v1', name, count: 2 })),
  })
  expect(status).toBe(201)
  expect(body.serials).toHaveLength(6)
  const pages = await app.pages<WireAnnotation>(`${message}/annotations?limit=2`)
  expect(pages.map((page) => page.map(({ name }) => name).join(''))).toEqual(['ab', 'cd', 'ef'])
})

test('a repeated request counts once', async () => {
  const message = await newMessage()
  const body = [{ id: 'abc:0', action: 0, type: 't:total.v1' }]
  const answers = [1, 2, 3].map(() =>
    app.ask<{ serials: string[] }>(`${message}/annotations`, { body }),
  )
  const [first, ...others] = await Promise.all(answers)
  for (const other of others) expect(other.body).toEqual(first!.body)
  expect(await summaryOf(message)).toEqual({ 't:total.v1': { total: 1 } })
})

describe('refuses', () => {
  const note = { action: 0, type: 'com.example.note' }

  test('an annotation outside a list', async () => {
    expect(await refused(await newMessage(), note)).toEqual([400, 40000])
  })

  test('an annotation of no message, and on a channel without a rule', async () => {
    expect(await refused(`${await newMessage()}9`, [note])).toEqual([404, 40400])
    expect(await refused(await newMessage('fixed:'), [note])).toEqual([400, 93002])
  })

  test.each(['flag', 'distinct', 'unique'])(
    'an annotation of %s without a client id',
    async (method) => {
      const annotation = {
        action: 0,
        type: `t:${method}.v1`,
        ...(method !== 'flag' && { name: 'n' }),
      }
      const message = await newMessage()
      expect(await refused(message, [annotation])).toEqual([401, 40161])
      const as = await app.token({ clientId: 'ann' })
      const { status } = await app.ask(`${message}/annotations`, { body: [annotation], as })
      expect(status).toBe(201)
    },
  )

  test('an annotation in the name of another client', async () => {
    const as = await app.token({ clientId: 'ann' })
    const message = await newMessage()
    expect(await refused(message, [note, { ...note, clientId: 'bob' }], as)).toEqual([400, 40012])
    expect((await app.ask<unknown[]>(`${message}/annotations`)).body).toEqual([])
  })

  test('an annotation without the capability', async () => {
    const message = await newMessage()
    expect(await refused(message, [note], app.keys[2]!)).toEqual([401, 40160])
    const { status, body } = await app.ask<ErrorBody>(`${message}/annotations`, {
      as: app.keys[1]!,
    })
    expect([status, body.error.code]).toEqual([401, 40160])
  })

  test('the list of annotations of an unknown message', async () => {
    const { status } = await app.ask(`${await newMessage()}9/annotations`)
    expect(status).toBe(404)
  })
})
