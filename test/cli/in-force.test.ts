/** A change by a command is in force in the running server when the command returns. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { controlSocketPath } from '../../src/service/control/control-socket.ts'
import { upgradeAnswer } from '../support/client.ts'
import { freshChannel } from '../support/itty.ts'
import { type TestServer, startTestServer, temporaryFolder } from '../support/server.ts'
import { run, runJson } from './process.ts'

/** Repetitions that together last longer than the server's polling interval. */
const ROUNDS = 8

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
})
afterAll(() => server.end())

async function change(...argv: string[]): Promise<void> {
  const { code, err } = await run([...argv, '--data', server.folder])
  expect([code, err]).toEqual([0, ''])
}

const json = <T>(...argv: string[]) => runJson<T>([...argv, '--data', server.folder])

async function repeatedly(round: (name: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < ROUNDS; i++) await round(freshChannel())
}

const joining = async (path: string) => (await upgradeAnswer(server.sockets + path)).status
const sending = async (channel: string, key: string) => {
  const headers = { 'x-send-key': key }
  const url = `${server.url}/push/${channel}`
  return (await fetch(url, { method: 'POST', headers, body: '{"text":"disk full"}' })).status
}
const publishing = async (key: string, channel = 'lobby') => {
  const headers = { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' }
  const url = `${server.url}/channels/${channel}/messages`
  return (await fetch(url, { method: 'POST', headers, body: '{"data":"x"}' })).status
}

describe('in force at once', () => {
  test('reservations with a key, another key, and none', async () => {
    await repeatedly(async (name) => {
      await change('reservations', 'add', name, '--send-key', 'one')
      expect(await sending(`${name}/alerts`, 'one')).toBe(200)
      await change('reservations', 'set', name, '--send-key', 'two', '--join-key', 'j')
      expect(await sending(`${name}/alerts`, 'one')).toBe(403)
      expect(await sending(`${name}/alerts`, 'two')).toBe(200)
      expect(await joining(`${name}/x`)).toBe(403)
      await change('reservations', 'remove', name)
      expect(await joining(`${name}/x`)).toBe(101)
    })
  })

  test('keys that are made, limited, rotated, retired and revoked', async () => {
    await repeatedly(async () => {
      const made = await json<{ key: string; keyName: string }>('keys', 'add')
      expect(await publishing(made.key)).toBe(201)
      await change('keys', 'set', made.keyName, '--privileges', 'subscribe')
      expect(await publishing(made.key)).toBe(401)
      await change('keys', 'set', made.keyName, '--privileges', 'publish')
      const rotated = await json<{ key: string }>('keys', 'rotate', made.keyName)
      expect(await publishing(rotated.key)).toBe(201)
      await change('keys', 'retire', made.keyName)
      expect(await publishing(made.key)).toBe(401)
      await change('keys', 'revoke', made.keyName)
      expect(await publishing(rotated.key)).toBe(401)
    })
  })

  test('apps, rules and tokens', async () => {
    const { id } = await json<{ id: string }>('apps', 'add', freshChannel())
    const { key, keyName } = await json<{ key: string; keyName: string }>(
      'keys',
      'add',
      '--app',
      id,
      '--revocable-tokens',
    )
    await repeatedly(async (name) => {
      await change('rules', 'add', name, '--tls-only', '--app', id)
      expect(await publishing(key, name)).toBe(403)
      await change('rules', 'set', name, '--no-tls-only', '--app', id)
      expect(await publishing(key, name)).toBe(201)
      await change('rules', 'remove', name, '--app', id)
      const { token } = await json<{ token: string }>(
        'tokens',
        'issue',
        keyName,
        '--client-id',
        name,
      )
      const bearer = async () => {
        const headers = { authorization: `Bearer ${btoa(token)}` }
        return (await fetch(`${server.url}/channels/${name}/messages`, { headers })).status
      }
      expect(await bearer()).toBe(200)
      await change('tokens', 'revoke', keyName, '--client-id', name)
      expect(await bearer()).toBe(401)
      await change('apps', 'set', id, '--status', 'disabled')
      expect(await publishing(key)).toBe(401)
      await change('apps', 'set', id, '--status', 'enabled')
    })
    await change('apps', 'remove', id)
    expect(await publishing(key)).toBe(401)
  })
})

describe('where no server answers', () => {
  const folder = temporaryFolder()
  afterAll(() => folder.remove())

  test('no server runs, and the socket file of a killed one is left', async () => {
    const argv = ['--data', folder.path]
    expect(await run(['reservations', 'add', 'acme', ...argv])).toMatchObject({ code: 0, err: '' })
    writeFileSync(controlSocketPath(folder.path), '')
    expect(await run(['reservations', 'add', 'other', ...argv])).toMatchObject({ code: 0, err: '' })
  })

  test('an older server is not asked, and one that fails is reported', async () => {
    const data = join(folder.path, 'served')
    expect((await run(['keys', 'add', '--data', data])).code).toBe(0)
    let status = 404
    const socket = controlSocketPath(data)
    const other = Bun.serve({ unix: socket, fetch: () => new Response('{}', { status }) })
    const argv = ['reservations', 'add', 'one', '--data', data]
    expect(await run(argv)).toMatchObject({ code: 0, err: '' })
    status = 503
    const told = await run(['reservations', 'remove', 'one', '--data', data])
    expect(told.code).toBe(0)
    expect(told.out).toBe('one is no longer reserved.\n')
    expect(told.err).toContain('the running server has not taken it over yet')
    // A command must not answer in place of a running server.
    const asked = await run(['channels', 'explain', 'one', '--data', data])
    expect([asked.code, asked.out]).toEqual([1, ''])
    expect(asked.err).toContain('the server answered 503')
    await other.stop(true)
    const alone = await run(['channels', 'explain', 'one', '--data', data])
    expect(alone.out).toContain('No server runs on this data folder')
    const nameless = await run(['channels', 'explain', '', '--data', data])
    expect([nameless.code, nameless.err]).toEqual([1, 'latchkey: a channel has a name\n'])
    expect(existsSync(data)).toBe(true)
  })
})

test('the refresh request is not served over the network', async () => {
  expect((await fetch(`${server.url}/refresh`, { method: 'POST' })).status).toBe(404)
})
