/** Who may join and who may send, as the service documents it (AC-1 to AC-23). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, eventually, upgradeAnswer } from '../../support/client.ts'
import {
  IttyClient,
  freshChannel,
  metric,
  reserveAll,
  standing,
  statusOf,
} from '../../support/itty.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  base = server.sockets
  await reserveAll(server, {
    acme: { joinKey: 'aj', sendKey: 'as' },
    'acme:vault': { joinKey: 'vj' },
    feed: { sendKey: 's' },
    quiet: {},
  })
})
afterAll(() => server.end())

describe('the two keys', () => {
  test('AC-1 the join key decides who may join, the send key who may send', async () => {
    const url = `${base}acme:x`
    expect(await standing(url)).toBe('no')
    expect(await standing(url, { sendKey: 'as' })).toBe('no')
    expect(await standing(url, { joinKey: 'aj' })).toBe('listen')
    expect(await standing(url, { joinKey: 'aj', sendKey: 'as' })).toBe('speak')
  })

  test('AC-2 where a join key applies, it must be presented to connect', async () => {
    const member = await IttyClient.join(`${base}acme:door`, { joinKey: 'aj' })
    expect(member.events[0]).toMatchObject({ self: true, total: 1 })
    expect(await statusOf(`${base}acme:door`)).toBe(403)
  })

  test('AC-3 a wrong join key is refused with HTTP 403', async () => {
    const answer = await upgradeAnswer(`${base}acme:x?joinKey=wrong`)
    expect(answer).toMatchObject({ status: 403, text: 'the join key is missing or wrong\n' })
    expect(answer.headers.get('content-type')).toStartWith('text/plain')
  })

  test.each([
    ['the right key', 'joinKey=aj', 101],
    ['a wrong key', 'joinKey=ajx', 403],
    ['no key', '', 403],
  ])('AC-4 %s', async (_case, query, status) => {
    expect(await statusOf(`${base}acme:x?${query}`)).toBe(status)
  })

  test('AC-4 a refused client receives nothing and reaches nobody', async () => {
    const member = await Client.join(`${base}acme:shut?joinKey=aj&sendKey=as`)
    const refused = await RawSocket.open(`${base}acme:shut?joinKey=wrong`)
    refused.text('"let me in"')
    member.sendJson('secret')
    member.send('nonsense')
    await member.error()
    expect(member.frames.map((frame) => frame['type'])).toEqual(['join', 'error'])
    expect(refused.frames).toEqual([])
    expect(`${refused.head}${refused.body}`).not.toContain('secret')
    refused.destroy()
  })

  test('AC-5 the send key decides who may send', async () => {
    expect(await standing(`${base}feed`, { sendKey: 's' })).toBe('speak')
    expect(await standing(`${base}feed`, { sendKey: 'S' })).toBe('listen')
  })

  test('AC-6 a client without the send key may still join and listen', async () => {
    const listener = await IttyClient.join(`${base}feed:a`, { announce: true, list: true })
    const source = await IttyClient.join(`${base}feed:a`, { sendKey: 's' })
    source.socket.send('news')
    expect(await listener.message('news')).toMatchObject({ uid: source.uid })
    expect(listener.events[0]!['users']).toEqual([{ uid: listener.uid, self: true }])
  })

  test('AC-7 with the key a message is delivered, without it the send fails with an error', async () => {
    const source = await IttyClient.join(`${base}feed:b`, { sendKey: 's' })
    const listener = await IttyClient.join(`${base}feed:b`)
    listener.socket.send('not mine to say')
    expect((await listener.error())['message']).toBe('send key required')
    source.socket.send('delivered')
    await listener.message('delivered')
    source.socket.send('end', source.uid)
    await source.message('end')
    expect(source.messages).toEqual(['end'])
  })

  test('AC-8 one source serves many listeners', async () => {
    const source = await IttyClient.join(`${base}feed:live`, { sendKey: 's' })
    const listeners = await Promise.all(
      Array.from({ length: 20 }, () => IttyClient.join(`${base}feed:live`)),
    )
    for (const [i, listener] of listeners.entries()) listener.socket.send(i)
    for (const listener of listeners) await listener.error()
    source.socket.send('goal')
    for (const listener of listeners) {
      await listener.message('goal')
      expect(listener.messages).toEqual(['goal'])
    }
    expect(source.messages).toEqual([])
  })
})

describe('where keys come from', () => {
  test('AC-9 AC-10 a reserved key exists before anybody joins, an ephemeral one comes with a joiner', async () => {
    expect(await statusOf(`${base}acme:never-used`)).toBe(403)
    const room = freshChannel()
    expect(await standing(base + room)).toBe('speak')
    const owner = await Client.join(`${base}${room}?joinKey=mine`)
    expect(await statusOf(base + room)).toBe(403)
    owner.close()
  })

  test.each(['acme', 'acme:a', 'acme/a', 'acme:a/b:c', 'acme:'])(
    'AC-11 namespace keys hold for %j and nobody can override them',
    async (channel) => {
      expect(await statusOf(base + channel)).toBe(403)
      expect(await statusOf(`${base}${channel}?joinKey=own&sendKey=own`)).toBe(403)
      expect(await standing(base + channel, { joinKey: 'aj', sendKey: 'as' })).toBe('speak')
      expect(await standing(base + channel, { joinKey: 'aj', sendKey: 'own' })).toBe('listen')
    },
  )

  test('AC-12 the first client on a channel that nobody reserved may bring its own key', async () => {
    const url = base + freshChannel()
    const first = await IttyClient.join(url, { joinKey: 'mine' })
    expect(await standing(url, { joinKey: 'mine' })).toBe('speak')
    expect(await standing(url)).toBe('no')
    first.socket.close()
  })

  test('AC-13 a first joiner may set both keys, and holds them', async () => {
    const url = base + freshChannel()
    const first = await IttyClient.join(url, { joinKey: 'j', sendKey: 's', echo: true })
    first.socket.send('mine')
    await first.message('mine')
    expect(await standing(url, { joinKey: 'j' })).toBe('listen')
    expect(await standing(url, { joinKey: 'j', sendKey: 's' })).toBe('speak')
    expect(await standing(url, { sendKey: 's' })).toBe('no')
  })

  test('AC-14 from then on everyone else needs the join key', async () => {
    const url = base + freshChannel()
    await IttyClient.join(url, { joinKey: 'j' })
    for (const options of [{}, { joinKey: 'J' }, { joinKey: 'j ' }, { sendKey: 'j' }]) {
      expect(await standing(url, options)).toBe('no')
    }
    expect(await standing(url, { joinKey: 'j' })).toBe('speak')
  })

  test('AC-15 AC-16 ephemeral keys live until the last member is gone, not the first', async () => {
    const own = await startTestServer()
    const url = `${own.sockets}x`
    const first = await Client.join(`${url}?joinKey=j`)
    const second = await Client.join(`${url}?joinKey=j`)
    first.close()
    await second.next((frame) => frame['type'] === 'leave')
    expect(await statusOf(url)).toBe(403)
    second.close()
    await eventually(async () => (await metric(own, 'latchkey_channels')) === 0, 'nobody is left')
    expect(await standing(url)).toBe('speak')
    const third = await Client.join(`${url}?joinKey=other`)
    expect(await statusOf(`${url}?joinKey=j`)).toBe(403)
    third.close()
    await own.end()
  })

  test('AC-17 under a reservation nobody sets ephemeral keys', async () => {
    expect(await standing(`${base}quiet:a`, { joinKey: 'squat' })).toBe('no')
    expect(await standing(`${base}quiet:a`, { sendKey: 'squat' })).toBe('no')
    expect(await standing(`${base}quiet:a`)).toBe('speak')
  })

  test('AC-18 the configuration of the owner wins over keys that were there first', async () => {
    const name = freshChannel()
    const squatter = await Client.join(`${base}${name}?joinKey=squat`)
    server.reserve(name, { joinKey: 'owner' })
    expect(await squatter.closing()).toMatchObject({ code: 1008 })
    expect(await standing(base + name, { joinKey: 'squat' })).toBe('no')
    expect(await standing(base + name, { joinKey: 'owner' })).toBe('speak')
  })
})

describe('priority', () => {
  test('AC-19 the most specific namespace comes first', async () => {
    for (const channel of ['acme:vault', 'acme:vault:1', 'acme:vault/1']) {
      expect(await standing(base + channel, { joinKey: 'vj' })).toBe('speak')
      expect(await standing(base + channel, { joinKey: 'aj' })).toBe('no')
      expect(await standing(base + channel, { joinKey: 'aj', sendKey: 'as' })).toBe('no')
    }
  })

  test('AC-20 the parent is the default for everything else below it', async () => {
    for (const channel of ['acme:other', 'acme:vaulted', 'acme/vault']) {
      expect(await standing(base + channel, { joinKey: 'vj' })).toBe('no')
      expect(await standing(base + channel, { joinKey: 'aj', sendKey: 'as' })).toBe('speak')
    }
  })

  test('AC-21 ephemeral keys count only where no namespace matches', async () => {
    const url = `${base}acmes-${freshChannel()}`
    await IttyClient.join(url, { sendKey: 'mine' })
    expect(await standing(url)).toBe('listen')
    expect(await standing(`${base}acme:z`, { sendKey: 'mine' })).toBe('no')
  })

  test('AC-22 with no keys at all a channel is open to everybody', async () => {
    const channel = base + freshChannel()
    const clients = [await IttyClient.join(channel), await IttyClient.join(channel)]
    for (const [i, client] of clients.entries()) client.socket.send(i)
    await clients[0]!.message(1)
    await clients[1]!.message(0)
    expect(await standing(channel)).toBe('speak')
  })

  test('AC-23 nothing beyond the documented keys opens or closes a channel', async () => {
    const url = `${base}${freshChannel()}?key=x&password=x&token=x&lock=true`
    const first = await Client.join(url)
    expect(await statusOf(url.replace(/\?.*/, ''))).toBe(101)
    first.close()
  })
})
