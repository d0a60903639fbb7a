/** Credentials while a connection is open: another token, the end of one, and what its owner changes. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type Ably from 'ably'
import { AblyApp } from '../../../../support/ably-app.ts'
import { eventually } from '../../../../support/client.ts'
import { ACTION, FrameClient } from '../../../../support/ably.ts'
import { type TimedServer, startTimedServer } from '../../../../support/timed-server.ts'

let server: TimedServer
let app: AblyApp

beforeAll(async () => {
  server = await startTimedServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [], [{ id: 'members', authenticated: true }])
})
afterAll(() => server.end())

const connect = (token: string, more = '') =>
  FrameClient.connected(app, `access_token=${token}&v=6${more}`)

/** A token issued by the server's clock. */
function issued(params: Ably.TokenParams = {}): Promise<string> {
  return app.token({ timestamp: server.clock.now(), ...params })
}

const capable = (capability: Record<string, readonly string[]>) => ({
  capability: JSON.stringify(capability),
})

function authorize(client: FrameClient, accessToken: string): void {
  client.send({ action: ACTION.AUTH, auth: { accessToken } })
}

function publish(client: FrameClient, channel: string, msgSerial: number): void {
  client.send({ action: ACTION.MESSAGE, channel, msgSerial, messages: [{ data: 'x' }] })
}

/** A JWT is verified asynchronously, so frames after it have to wait. */
async function jwt(claims: Record<string, unknown> = {}): Promise<string> {
  const [name = '', secret = ''] = app.keys[0]!.split(':')
  const now = Math.floor(server.clock.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT', kid: name })}.${part({ iat: now, exp: now + 600, ...claims })}`
  const hmac = new Bun.CryptoHasher('sha256', secret).update(text).digest('base64url')
  return `${text}.${hmac}`
}

describe('client ids', () => {
  test.each([
    [{ clientId: 'ann' }, '', 'ann'],
    [{ clientId: 'ann' }, '&clientId=ann', 'ann'],
    [{ clientId: '*' }, '&clientId=ann', 'ann'],
    [{ clientId: '*' }, '', '*'],
    [{}, '', undefined],
  ])('of a token %j and the query "%s" make %s', async (params, more, clientId) => {
    const client = await connect(await issued(params), more)
    const details = client.frames[0]!['connectionDetails'] as { clientId?: string }
    expect(details.clientId).toBe(clientId as string)
  })

  test('that are not those of the token are refused', async () => {
    const token = await issued({ clientId: 'ann' })
    const client = new FrameClient(app, `access_token=${token}&clientId=bob`)
    const error = { code: 40102, statusCode: 401 }
    expect(await client.next(ACTION.ERROR)).toMatchObject({ error })
    await client.closing()
  })

  test('are needed where the rule of a channel says so', async () => {
    const anonymous = await connect(await issued())
    anonymous.send({ action: ACTION.ATTACH, channel: 'members:room' })
    const error = { code: 40161, statusCode: 401 }
    expect(await anonymous.next(ACTION.ERROR)).toMatchObject({ channel: 'members:room', error })
    publish(anonymous, 'members:room', 0)
    expect(await anonymous.next(ACTION.NACK)).toMatchObject({ error })
    const ann = await connect(await issued({ clientId: 'ann' }))
    await ann.attach('members:room')
  })
})

test('a wrong key fails the connection, with a code that depends on what is wrong', async () => {
  const [app1 = '', id = ''] = app.keys[0]!.split(/[.:]/)
  const told = async (credentials: string) => {
    const client = new FrameClient(app, `${credentials}&v=6`)
    const { error } = await client.next(ACTION.ERROR)
    await client.closing()
    const { code, statusCode } = error as { code: number; statusCode: number }
    return [code, statusCode]
  }
  expect(await told('key=no.app:secret')).toEqual([40101, 401])
  expect(await told(`key=${app1}.nokey:secret`)).toEqual([40400, 404])
  expect(await told(`key=${app1}.${id}:wrong`)).toEqual([40101, 401])
  expect(await told(`access_token=${app1}.made-up`)).toEqual([40101, 401])
})

test('frames wait while a JWT is verified', async () => {
  const client = new FrameClient(app, `access_token=${await jwt()}`)
  await client.opened
  client.send({ action: ACTION.ATTACH, channel: 'held' })
  publish(client, 'held', 0)
  await client.next(ACTION.MESSAGE)
  const kinds = client.frames.map(({ action }) => action).filter((action) => action !== ACTION.ACK)
  expect(kinds).toEqual([ACTION.CONNECTED, ACTION.ATTACHED, ACTION.MESSAGE])
})

describe('another token', () => {
  test('is answered with CONNECTED of the same connection', async () => {
    const client = await connect(await issued({ clientId: 'ann' }))
    authorize(client, await issued({ clientId: 'ann' }))
    const again = await client.next(ACTION.CONNECTED, 1)
    expect(again).toMatchObject({
      connectionId: client.connectionId,
      connectionDetails: { clientId: 'ann' },
    })
    await client.settled()
    expect(client.all(ACTION.CONNECTED)).toHaveLength(2)
  })

  test('can be sent repeatedly, and the last one counts', async () => {
    const client = await connect(await issued())
    const tokens = [await jwt(), await issued(), await issued(capable({ b: ['publish'] }))]
    for (const token of tokens) authorize(client, token)
    publish(client, 'a', 0)
    publish(client, 'b', 1)
    expect(await client.next(ACTION.NACK)).toMatchObject({ msgSerial: 0, error: { code: 40160 } })
    expect(await client.next(ACTION.ACK)).toMatchObject({ msgSerial: 1 })
    expect(client.all(ACTION.CONNECTED)).toHaveLength(4)
  })

  test('that permits nothing on a channel fails only that channel', async () => {
    const client = await connect(await issued())
    for (const channel of ['foo', 'bar']) await client.attach(channel)
    authorize(client, await issued(capable({ foo: ['publish'] })))
    const error = await client.next(ACTION.ERROR)
    expect(error).toMatchObject({ channel: 'bar', error: { code: 40160, statusCode: 401 } })
    publish(client, 'foo', 0)
    await client.next(ACTION.ACK)
    expect(client.all(ACTION.ERROR)).toHaveLength(1)
    // It lost the subscribe capability.
    expect(client.all(ACTION.MESSAGE)).toHaveLength(0)
    authorize(client, await issued())
    await client.next(ACTION.CONNECTED, 2)
    publish(client, 'foo', 1)
    await client.next(ACTION.MESSAGE)
    await client.attach('bar')
  })

  test('that permits less is enforced, the capability before the mode', async () => {
    const client = await connect(await issued())
    await client.attach('room', { params: { modes: 'subscribe' } })
    publish(client, 'room', 0)
    expect(await client.next(ACTION.NACK)).toMatchObject({ error: { code: 40165 } })
    authorize(client, await issued(capable({ room: ['subscribe'] })))
    publish(client, 'room', 1)
    expect(await client.next(ACTION.NACK, 1)).toMatchObject({ error: { code: 40160 } })
  })

  test.each([
    ['no token', () => 'made.up:now', 40005],
    ['that of another client', () => issued({ clientId: 'bob' }), 40102],
    ['one that nobody issued', async () => `${app.id}.${'A'.repeat(80)}`, 40101],
  ])(
    'that is %s ends the connection, with a code that SDKs do not retry',
    async (_, made, code) => {
      const client = await connect(await issued({ clientId: 'ann' }))
      authorize(client, await made())
      const error = await client.next(ACTION.ERROR)
      expect(error).toMatchObject({ error: { code } })
      expect(error).not.toHaveProperty('channel')
      await client.closing()
      const again = await connect(
        await issued({ clientId: 'ann' }),
        `&resume=${client.connectionKey}`,
      )
      expect(again.connectionId).not.toBe(client.connectionId)
    },
  )
})

describe('the end of a token', () => {
  test('is reported in words that SDKs look for, and the connection can be resumed', async () => {
    const client = await connect(await issued({ ttl: 20_000 }))
    server.clock.advance(20_000)
    const error = {
      code: 40142,
      statusCode: 401,
      message: expect.stringContaining('token expired') as unknown,
    }
    expect(await client.next(ACTION.DISCONNECTED)).toMatchObject({ error })
    await client.closing()
    expect(client.all(ACTION.AUTH)).toHaveLength(0)
    const again = await connect(await issued(), `&resume=${client.connectionKey}`)
    expect(again.connectionId).toBe(client.connectionId)
  })

  test('is announced half a minute before, once', async () => {
    const client = await connect(await issued({ ttl: 40_000 }))
    server.clock.advance(10_000)
    expect(await client.next(ACTION.AUTH)).toEqual({ action: ACTION.AUTH })
    authorize(client, await issued({ ttl: 100_000 }))
    await client.next(ACTION.CONNECTED, 1)
    server.clock.advance(31_000)
    await client.next(ACTION.HEARTBEAT)
    expect(client.all(ACTION.DISCONNECTED)).toHaveLength(0)
    expect(client.all(ACTION.AUTH)).toHaveLength(1)
  })

  test('an expired token is refused at once', async () => {
    const token = await issued({ ttl: 1000 })
    server.clock.advance(1000)
    const client = new FrameClient(app, `access_token=${token}`)
    expect(await client.next(ACTION.ERROR)).toMatchObject({ error: { code: 40142 } })
    await client.closing()
  })
})

describe('revoking', () => {
  const revoke = (clientId: string, more: object = {}) =>
    app.ask(`/keys/${app.keys[0]!.split(':')[0]}/revokeTokens`, {
      body: { targets: [`clientId:${clientId}`], ...more },
    })

  test('disconnects the holders of the token at once, and nobody else', async () => {
    const [ann, bob] = [
      await connect(await issued({ clientId: 'ann-r' })),
      await connect(await issued({ clientId: 'bob-r' })),
    ]
    server.clock.advance(10)
    await revoke('ann-r')
    const error = { code: 40141, statusCode: 401 }
    expect(await ann.next(ACTION.DISCONNECTED)).toMatchObject({ error })
    await ann.closing()
    await bob.settled()
  })

  test('with a margin gives time for another token', async () => {
    const client = await connect(await issued({ clientId: 'eve-r' }))
    server.clock.advance(10)
    await revoke('eve-r', { allowReauthMargin: true })
    await client.next(ACTION.AUTH)
    expect(client.all(ACTION.DISCONNECTED)).toHaveLength(0)
    server.clock.advance(31_000)
    const error = { code: 40141, statusCode: 401 }
    expect(await client.next(ACTION.DISCONNECTED)).toMatchObject({ error })
  })
})

test('removing an app ends its connections', async () => {
  const other = await AblyApp.make(server.url)
  const client = await FrameClient.connected(other, `key=${other.keys[0]}`)
  await other.ask(`/apps/${other.id}`, { method: 'DELETE' })
  await client.next(ACTION.ERROR)
  await client.closing()
  await eventually(async () => {
    const again = new FrameClient(other, `key=${other.keys[0]}`)
    const error = await again.next(ACTION.ERROR)
    return (error['error'] as { code: number }).code === 40101
  }, 'it is gone')
})
