/** Keys, tokens and what they permit. */
import { createHmac } from 'node:crypto'
import { AblySocket } from '../ably-socket.ts'
import { basic } from '../attacker.ts'
import type { Lever } from '../lever.ts'
import { sandboxApp } from '../sandbox-app.ts'

const LINES = 1500
const CLAIMS = 2600

export const capabilityLevers: readonly Lever[] = [
  {
    name: 'capabilities-that-cross',
    who: 'stranger',
    summary:
      'a key of 1,500 lines and a token of 1,500 others, of which each pair has something in common',
    flags: ['--sandbox'],
    pull: async (attacker) => {
      const capability = lines((i) => `a${i}:*`)
      const [key] = await sandboxApp(attacker, { keys: [{ capability }] })
      const keyName = key!.split(':')[0]!
      const wish = { keyName, capability: lines((i) => `*:b${i}:c`), timestamp: Date.now() }
      await attacker.repeat(4, () =>
        attacker.post(`/keys/${keyName}/requestToken`, wish, basic(key!)),
      )
    },
  },
  {
    name: 'jwt-of-many-claims',
    who: 'key holder',
    summary:
      'a connection whose JWT has 2,600 claims on channels, which publishes as often as it may',
    pull: async (attacker) => {
      const claims = Object.fromEntries(
        Array.from({ length: CLAIMS }, (_, i) => [`ably.channel.*:c${i}:*:d`, 'x']),
      )
      const accessToken = jwt(attacker.target.key, claims)
      await attacker.repeat(4, async () => {
        const connection = await attacker.ably()
        // It is too long for an address.
        connection.send({ action: AblySocket.AUTH, auth: { accessToken } })
        const { action } = await connection.nextOf(AblySocket.CONNECTED, AblySocket.ERROR)
        attacker.count(action === AblySocket.CONNECTED ? 'taken' : 'not taken')
        for (let i = 0; i < 200 && !attacker.isOver; i++) {
          const channel = `jwt:${i}:x:d`
          connection.sendNumbered({ action: AblySocket.MESSAGE, channel, messages: [{}] })
          await Bun.sleep(1)
        }
        connection.close()
      })
    },
  },
  {
    name: 'jwts-of-many-lines',
    who: 'key holder',
    summary: 'requests of which each has another JWT of 12 KB',
    pull: (attacker) =>
      attacker.repeat(16, (turn) => {
        const capability = JSON.stringify(
          Object.fromEntries([
            ['*', ['*']],
            ...Array.from({ length: 300 }, (_, i) => [`*:b${i}:${turn}`, ['*']]),
          ]),
        )
        const token = jwt(attacker.target.key, { 'x-ably-capability': capability })
        return attacker.ask('/channels/x/messages', { authorization: `Bearer ${btoa(token)}` })
      }),
  },
  {
    name: 'token-requests',
    who: 'key holder',
    summary: 'tokens as fast as they are made',
    pull: (attacker) => {
      const path = `/keys/${attacker.target.key.split(':')[0]}/requestToken`
      return attacker.repeat(32, () => attacker.post(path, {}))
    },
  },
  {
    name: 'signed-token-requests',
    who: 'key holder',
    summary: 'signed requests for tokens, of which each has a nonce that is to be remembered',
    pull: (attacker) => {
      const [keyName, secret] = attacker.target.key.split(':') as [string, string]
      return attacker.repeat(32, async () => {
        const timestamp = Date.now()
        const nonce = crypto.randomUUID()
        const text = `${[keyName, '', '', '', timestamp, nonce].join('\n')}\n`
        const mac = createHmac('sha256', secret).update(text).digest('base64')
        const body = JSON.stringify({ keyName, timestamp, nonce, mac })
        await attacker.ask(`/keys/${keyName}/requestToken`, { body })
      })
    },
  },
  {
    name: 'revocations',
    who: 'key holder',
    summary: 'a hundred revocations at a time',
    pull: (attacker) => {
      const key = attacker.target.revocableKey
      const path = `/keys/${key.split(':')[0]}/revokeTokens`
      return attacker.repeat(8, (turn) => {
        const targets = Array.from({ length: 100 }, (_, i) => `clientId:${turn}-${i}`)
        return attacker.post(path, { targets }, basic(key))
      })
    },
  },
  {
    name: 'new-tokens-for-connections',
    who: 'token holder',
    summary: '20 connections with 100 channels each, which change their token again and again',
    pull: async (attacker) => {
      const path = `/keys/${attacker.target.key.split(':')[0]}/requestToken`
      const { text } = await attacker.post(path, {})
      const { token } = JSON.parse(text) as { token: string }
      const connections = await Promise.all(
        Array.from({ length: 20 }, () => attacker.ably({ accessToken: token })),
      )
      for (const connection of connections)
        for (let i = 0; i < 100; i++)
          connection.send({ action: AblySocket.ATTACH, channel: `t-${i}` })
      await attacker.repeat(20, async (turn) => {
        connections[turn % 20]!.send({ action: AblySocket.AUTH, auth: { accessToken: token } })
        attacker.count('AUTH')
        await Bun.sleep(1)
      })
    },
  },
]

function lines(channel: (index: number) => string): string {
  return JSON.stringify(
    Object.fromEntries(Array.from({ length: LINES }, (_, i) => [channel(i), ['*']])),
  )
}

/** Signed with the key's own secret (RFC 7519). */
function jwt(key: string, claims: Readonly<Record<string, unknown>>): string {
  const [kid, secret] = key.split(':') as [string, string]
  const now = Math.floor(Date.now() / 1000)
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = part({ typ: 'JWT', alg: 'HS256', kid })
  const text = `${head}.${part({ iat: now, exp: now + 3600, ...claims })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
