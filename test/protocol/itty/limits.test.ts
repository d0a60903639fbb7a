/** Limits, warnings and what is never kept (L-1 to L-6). */
import { describe, expect, test } from 'bun:test'
import { Client, upgradeAnswer } from '../../support/client.ts'
import { joinAll, metric, statusOf } from '../../support/itty.ts'
import { OPCODE, closeCode, rawFrame } from '../../support/raw-frame.ts'
import { RawSocket } from '../../support/raw-socket.ts'
import { startTestServer } from '../../support/server.ts'
import { type TimedServer, startTimedServer } from '../../support/timed-server.ts'

/** Runs a test against a server with these limits, whose clock the test moves. */
async function limited(
  flags: Record<string, string>,
  run: (server: TimedServer) => Promise<void>,
): Promise<void> {
  const server = await startTimedServer(flags)
  try {
    await run(server)
  } finally {
    await server.end()
  }
}

const errorsOf = (client: Client) =>
  client.frames.filter((frame) => frame['type'] === 'error').map((frame) => frame['code'])

describe('connections', () => {
  const rate = { 'connection-rate': '10', 'connection-burst': '3' }

  test('L-1 over the rate of its address an upgrade gets 429 and a hint', () =>
    limited(rate, async ({ sockets, clock }) => {
      for (let i = 0; i < 3; i++) expect(await statusOf(`${sockets}x`)).toBe(101)
      const answer = await upgradeAnswer(`${sockets}x`)
      expect(answer.status).toBe(429)
      expect(answer.headers.get('retry-after')).toBe('1')
      clock.advance(99)
      expect(await statusOf(`${sockets}x`)).toBe(429)
      clock.advance(1)
      expect(await statusOf(`${sockets}x`)).toBe(101)
      expect(await statusOf(`${sockets}x`)).toBe(429)
    }))

  test('L-1 a forwarded address counts only from a trusted proxy', () =>
    limited({ ...rate, 'trusted-proxies': '127.0.0.1' }, async ({ sockets }) => {
      const from = (chain: string) => statusOf(`${sockets}x`, { 'x-forwarded-for': chain })
      for (let i = 0; i < 3; i++) expect(await from('198.51.100.7')).toBe(101)
      expect(await from('198.51.100.7')).toBe(429)
      expect(await from('198.51.100.8')).toBe(101)
      // Entries of the client itself are further left and not trusted.
      expect(await from('203.0.113.1, 198.51.100.7')).toBe(429)
      expect(await from('198.51.100.7, 127.0.0.1')).toBe(429)
    }))

  test('L-1 without a trusted proxy the header is ignored', () =>
    limited(rate, async ({ sockets }) => {
      for (let i = 0; i < 3; i++) {
        await statusOf(`${sockets}x`, { 'x-forwarded-for': `198.51.100.${i}` })
      }
      expect(await statusOf(`${sockets}x`, { 'x-forwarded-for': '203.0.113.9' })).toBe(429)
    }))

  test('L-1 addresses of one /64 share their limit', () =>
    limited({ ...rate, 'trusted-proxies': 'loopback' }, async ({ sockets }) => {
      const from = (address: string) => statusOf(`${sockets}x`, { 'x-forwarded-for': address })
      for (let i = 0; i < 3; i++) expect(await from(`2001:db8:1:2::${i}`)).toBe(101)
      expect(await from('2001:db8:1:2:ffff::1')).toBe(429)
      expect(await from('2001:db8:1:3::1')).toBe(101)
    }))

  test('L-5 connections in all, of one address, channels and members have caps', () =>
    limited({ 'max-members': '2', 'max-channels': '2' }, async ({ sockets }) => {
      const members = [await Client.join(`${sockets}a`), await Client.join(`${sockets}a`)]
      const full = await upgradeAnswer(`${sockets}a`)
      expect(full).toMatchObject({
        status: 503,
        text: 'the channel has no room for another member\n',
      })
      expect(full.headers.get('retry-after')).toBe('1')
      const other = await Client.join(`${sockets}b`)
      expect((await upgradeAnswer(`${sockets}c`)).status).toBe(503)
      members[0]!.close()
      await members[1]!.next((frame) => frame['type'] === 'leave')
      const third = await Client.join(`${sockets}a`)
      expect(third.frames[0]!['total']).toBe(2)
      expect(other.closed).toBeUndefined()
    }))

  test.each([
    ['max-connections', 503],
    ['max-address-connections', 429],
  ])('L-5 --%s is answered with %i', (flag, status) =>
    limited({ [flag]: '2' }, async ({ sockets }) => {
      const clients = [await Client.join(`${sockets}a`), await Client.join(`${sockets}b`)]
      expect(await statusOf(`${sockets}c`)).toBe(status)
      clients[0]!.close()
      await clients[0]!.closing()
      const next = await Client.join(`${sockets}c`)
      expect(next.frames[0]!['total']).toBe(1)
    }),
  )

  test('L-5 the lengths of names and aliases can be set', () =>
    limited({ 'max-channel-bytes': '4', 'max-alias-length': '2' }, async ({ sockets }) => {
      expect(await statusOf(`${sockets}abcd?as=xy`)).toBe(101)
      expect(await statusOf(`${sockets}abcde`)).toBe(414)
      expect(await statusOf(`${sockets}a?as=xyz`)).toBe(400)
    }))
})

describe('messages', () => {
  const rate = { 'message-rate': '100', 'message-burst': '5' }

  test('L-2 a burst passes, what exceeds it is dropped with an error', () =>
    limited(rate, async ({ sockets, clock }) => {
      const [sender, reader] = await joinAll(`${sockets}x`, ['', ''])
      for (let i = 1; i <= 7; i++) sender.sendJson(i)
      await sender.until(() => (errorsOf(sender).length === 2 ? true : undefined))
      clock.advance(10)
      sender.sendJson('later')
      await reader.message('later')
      expect(reader.frames.slice(1).map((frame) => frame['message'])).toEqual([
        1,
        2,
        3,
        4,
        5,
        'later',
      ])
      expect(errorsOf(sender)).toEqual(['rate_limited', 'rate_limited'])
      expect(sender.closed).toBeUndefined()
    }))

  test('L-2 each socket has its own rate', () =>
    limited(rate, async ({ sockets }) => {
      const [a, b, reader] = await joinAll(`${sockets}x`, ['', '', ''])
      for (let i = 0; i < 6; i++) a.sendJson(i)
      await a.error()
      b.sendJson('mine')
      await reader.message('mine')
    }))

  test('L-2 the default lets a queue of 1,000 values through at open', async () => {
    const server = await startTestServer({ 'message-rate': '500' })
    const reader = await Client.join(`${server.sockets}x`)
    const sender = await Client.join(`${server.sockets}x`)
    for (let i = 0; i < 1000; i++) sender.sendJson(i)
    await reader.message(999)
    expect(errorsOf(sender)).toEqual([])
    await server.end()
  })

  test.each([
    ['ASCII', 'x'.repeat(102_398), true],
    ['ASCII, one byte more', 'x'.repeat(102_399), false],
    ['two bytes a character', 'é'.repeat(51_199), true],
    ['two bytes a character, one more', 'é'.repeat(51_200), false],
  ])('L-3 a message has at most 102,400 bytes: %s', (_case, text, fits) =>
    limited({}, async ({ sockets }) => {
      const client = await Client.join(`${sockets}x?echo=true`)
      client.sendJson(text)
      if (fits) {
        await client.message(text)
        return
      }
      expect(await client.closing()).toEqual({ code: 1009, reason: 'message_too_large' })
      expect(client.frames).toHaveLength(2)
      expect(client.frames[1]).toMatchObject({ type: 'error', code: 'message_too_large' })
    }),
  )

  test('L-3 the prefix of a direct message counts', () =>
    limited({}, async ({ sockets }) => {
      const client = await Client.join(`${sockets}x`)
      client.sendDirect(client.uid, 'x'.repeat(102_390))
      await client.next((frame) => 'message' in frame)
      client.sendDirect(client.uid, 'x'.repeat(102_391))
      expect(await client.closing()).toMatchObject({ code: 1009 })
    }))

  test('L-3 a far larger frame is refused on its header, before its content is sent', () =>
    limited({}, async ({ sockets, url }) => {
      const raw = await RawSocket.open(`${sockets}x`)
      const whole = rawFrame({ opcode: OPCODE.text, announced: 2_000_000_000 })
      raw.write(whole)
      const close = await raw.next((frame) => frame.opcode === OPCODE.close)
      expect(closeCode(close)).toBe(1009)
      expect(await metric({ url }, 'latchkey_closes_total{reason="message_too_large"}')).toBe(1)
    }))

  test('L-3 fragments are added up', () =>
    limited({}, async ({ sockets }) => {
      const raw = await RawSocket.open(`${sockets}x`)
      const payload = 'x'.repeat(60_000)
      raw.frame({ opcode: OPCODE.text, fin: false, payload: `"${payload}` })
      raw.frame({ opcode: OPCODE.continuation, payload: `${payload}"` })
      const close = await raw.next((frame) => frame.opcode === OPCODE.close)
      expect(closeCode(close)).toBe(1009)
    }))
})

describe('warnings', () => {
  const strict = { 'message-rate': '1', 'message-burst': '1', 'max-warnings': '2' }

  /** Sends too fast in one second after another until the server has had enough; how many seconds it took. */
  async function flood(server: TimedServer, client: Client): Promise<number> {
    for (let second = 1; ; second++) {
      const before = errorsOf(client).length
      for (let i = 0; i < 5; i++) client.sendJson(i)
      await client.until(() =>
        client.closed || errorsOf(client).length >= before + 4 ? true : undefined,
      )
      if (client.closed || second > 10) return second
      server.clock.advance(1001)
    }
  }

  test('L-4 a few warnings, one a second at most, then the socket is closed with a reason', () =>
    limited(strict, async (server) => {
      const client = await Client.join(`${server.sockets}x`)
      expect(await flood(server, client)).toBe(3)
      expect(await client.closing()).toEqual({ code: 1008, reason: 'flooding' })
      expect(errorsOf(client).at(-1)).toBe('flooding')
      // No ban unless the operator asks for one.
      expect(await statusOf(`${server.sockets}x`)).toBe(101)
    }))

  test('L-4 with --ban-seconds its address is banned for that time', () =>
    limited({ ...strict, 'ban-seconds': '60' }, async (server) => {
      const bystander = await Client.join(`${server.sockets}y`)
      await flood(server, await Client.join(`${server.sockets}x`))
      const banned = await upgradeAnswer(`${server.sockets}x`)
      expect(banned).toMatchObject({ status: 429, text: 'this address is banned for a while\n' })
      expect(banned.headers.get('retry-after')).toBe('1')
      expect(bystander.closed).toBeUndefined()
      server.clock.advance(60_000)
      expect(await statusOf(`${server.sockets}x`)).toBe(101)
    }))

  test('L-4 warnings are forgotten after a quiet minute', () =>
    limited(strict, async (server) => {
      const client = await Client.join(`${server.sockets}x?echo=true`)
      for (let minute = 0; minute < 4; minute++) {
        const before = errorsOf(client).length
        for (let i = 0; i < 3; i++) client.sendJson(`${minute}.${i}`)
        await client.until(() => (errorsOf(client).length === before + 2 ? true : undefined))
        server.clock.advance(61_000)
      }
      client.sendJson('still here')
      await client.message('still here')
    }))
})
