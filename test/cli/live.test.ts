/** Commands that ask a running server, and changes that it takes over within a second. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, eventually, upgradeAnswer } from '../support/client.ts'
import { freshChannel } from '../support/itty.ts'
import { latchkey, temporaryFolder } from '../support/server.ts'
import { ServerProcess, run, runJson } from './process.ts'

const SECOND = 1000

const folder = temporaryFolder()
let server: ServerProcess
beforeAll(async () => {
  server = await ServerProcess.start(['--data', folder.path, '--max-reservations', '0'])
})
afterAll(async () => {
  await server.end()
  folder.remove()
})

const here = (...argv: string[]) => [...argv, '--data', folder.path]

interface Connection {
  readonly id: string
  readonly channel: string
  readonly uid: string
}

/** Changes the settings in a process of its own, as an operator would. */
async function change(...argv: string[]): Promise<void> {
  const { code, err } = await latchkey(here(...argv))
  if (code !== 0) throw new Error(err)
}

const status = async (path: string) => (await upgradeAnswer(server.sockets + path)).status

describe('a change takes effect in the running server within a second', () => {
  test('after reservations add, set and remove', async () => {
    const channel = freshChannel()
    expect(await status(`${channel}/x`)).toBe(101)
    await change('reservations', 'add', channel, '--join-key', 'one')
    await eventually(async () => (await status(`${channel}/x`)) === 403, 'reserved', SECOND)
    expect(await status(`${channel}/x?joinKey=one`)).toBe(101)
    await change('reservations', 'set', channel, '--join-key', 'two')
    const hasRotated = async () => (await status(`${channel}/x?joinKey=two`)) === 101
    await eventually(hasRotated, 'the key is the new one', SECOND)
    expect(await status(`${channel}/x?joinKey=one`)).toBe(403)
    await change('reservations', 'remove', channel)
    await eventually(async () => (await status(`${channel}/x`)) === 101, 'open again', SECOND)
  })

  test('a client that may no longer stay is told and closed', async () => {
    const channel = freshChannel()
    const client = await Client.join(server.sockets + channel)
    await change('reservations', 'add', channel, '--join-key', 'j')
    const error = await client.next((frame) => frame['type'] === 'error', SECOND)
    expect(error).toMatchObject({ code: 'access_changed' })
    expect((await client.closing()).code).toBe(1008)
  })

  test('after access-tokens add and remove, and accounts reset', async () => {
    const made = await runJson<{ id: string; token: string }>(here('access-tokens', 'add'))
    const me = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${server.url}/v1/me`, { headers })).status
    }
    expect(await me(made.token)).toBe(200)
    await change('access-tokens', 'remove', made.id)
    await eventually(async () => (await me(made.token)) === 401, 'revoked', SECOND)
    const other = await runJson<{ token: string }>(here('access-tokens', 'add'))
    const reset = await runJson<{ token: string }>(here('accounts', 'reset'))
    await eventually(async () => (await me(other.token)) === 401, 'reset', SECOND)
    expect(await me(reset.token)).toBe(200)
  })
})

describe('channels list', () => {
  test('lists channels with members, rule and reservation', async () => {
    const [open, keyed, reserved] = [freshChannel(), freshChannel(), freshChannel()]
    await run(here('reservations', 'add', reserved, '--send-key', 's'))
    await eventually(async () => (await status(`${reserved}?joinKey=x`)) === 403, 'known')
    const clients = await Promise.all([
      Client.join(server.sockets + open),
      Client.join(server.sockets + open),
      Client.join(`${server.sockets}${keyed}?joinKey=j`),
      Client.join(`${server.sockets}${reserved}/x`),
    ])
    const listed = await runJson<{ name: string }[]>(here('channels', 'list'))
    const of = (name: string) => listed.find((channel) => channel.name === name)
    expect(of(open)).toMatchObject({ members: 2, rule: 'open', hasJoinKey: false })
    expect(of(keyed)).toMatchObject({ members: 1, rule: 'ephemeral', hasJoinKey: true })
    expect(of(`${reserved}/x`)).toMatchObject({ namespace: reserved, hasSendKey: true })
    const { out } = await latchkey(here('channels', 'list'))
    expect(out).toMatch(new RegExp(`^${open} +- +2 +0.0 +open +- +- `, 'm'))
    expect(out).toMatch(new RegExp(`^${keyed} +- +1 +0.0 +ephemeral +- +join `, 'm'))
    for (const client of clients) client.close()
  })
})

describe('channels explain', () => {
  interface Explanation {
    readonly rule: string
    readonly join: boolean
    readonly send: boolean
    readonly live: boolean
  }
  const explain = (...argv: string[]) => runJson<Explanation>(here('channels', 'explain', ...argv))

  test('knows reservations and keys of first joiners', async () => {
    const channel = freshChannel()
    expect(await explain(channel)).toMatchObject({ rule: 'open', join: true, live: true })
    const client = await Client.join(`${server.sockets}${channel}?joinKey=j&sendKey=s`)
    expect(await explain(channel)).toMatchObject({ rule: 'ephemeral', join: false, send: false })
    expect(await explain(channel, '--join-key', 'j')).toMatchObject({ join: true, send: false })
    const both = await explain(channel, '--join-key', 'j', '--send-key', 's')
    expect(both).toMatchObject({ join: true, send: true })
    client.close()
  })

  test('prints the explanation as text', async () => {
    const name = freshChannel()
    await run(here('reservations', 'add', name, '--join-key', 'secret-j'))
    await run(here('reservations', 'add', `${name}/vault`, '--join-key', 'secret-v'))
    const { code, out } = await latchkey(here('channels', 'explain', `${name}/vault/1`))
    expect(code).toBe(0)
    expect(out).toContain(`Rule     namespace, the reservation ${name}/vault instead of ${name}`)
    expect(out).toContain('Join     no')
    expect(out).toContain('Because  the join key is missing')
    expect(out).not.toContain('secret')
  })
})

describe('connections', () => {
  const list = (...argv: string[]) => runJson<Connection[]>(here('connections', 'list', ...argv))

  test('are listed, of one channel or of all', async () => {
    const [one, two] = [freshChannel(), freshChannel()]
    const first = await Client.join(`${server.sockets}${one}?as=Ann`)
    const second = await Client.join(`${server.sockets}${two}`)
    const found = await list('--channel', one)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      channel: one,
      uid: first.uid,
      alias: 'Ann',
      address: '127.0.0.1',
      protocol: 'itty',
      maySend: true,
    })
    expect((await list()).map(({ uid }) => uid)).toContain(second.uid)
    const { out } = await latchkey(here('connections', 'list', '--channel', one))
    expect(out).toContain(` Ann (${first.uid}) `)
    expect((await latchkey(here('connections', 'list', '--channel', 'nobody'))).out).toBe(
      'Nobody is connected.\n',
    )
  })

  test('are disconnected one by one or by channel, with a reason', async () => {
    const channel = `${freshChannel()}/a b?c`
    const join = () => Client.join(server.sockets + encodeURIComponent(channel))
    const clients = [await join(), await join(), await join()]
    const target = (await list('--channel', channel)).find(({ uid }) => uid === clients[0]!.uid)!
    const one = await latchkey(here('connections', 'disconnect', target.id))
    expect(one).toEqual({ code: 0, out: 'Disconnected 1.\n', err: '' })
    expect(await clients[0]!.error()).toMatchObject({ code: 'disconnected' })
    expect((await clients[0]!.closing()).code).toBe(1008)
    expect(clients[1]!.closed).toBeUndefined()
    const again = await run(here('connections', 'disconnect', target.id))
    expect(again).toEqual({ code: 1, out: '', err: 'latchkey: there is no such connection\n' })
    const rest = await runJson<object>(here('connections', 'disconnect', '--channel', channel))
    expect(rest).toEqual({ disconnected: 2 })
    for (const client of clients) expect((await client.closing()).code).toBe(1008)
    const nobody = await runJson<object>(here('connections', 'disconnect', '--channel', channel))
    expect(nobody).toEqual({ disconnected: 0 })
  })
})

describe('without a server', () => {
  const empty = temporaryFolder()
  afterAll(() => empty.remove())
  const there = (...argv: string[]) => [...argv, '--data', empty.path]

  const asking = [
    ['channels', 'list'],
    ['connections', 'list'],
    ['connections', 'disconnect', 'x'],
    ['health'],
  ]
  test.each(asking.map((argv) => [argv]))('%j fails', async (argv) => {
    const { code, out, err } = await run(there(...argv))
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toBe(`latchkey: no server is running on ${empty.path}\n`)
  })

  test('explain answers from the stored reservations, and says so', async () => {
    await run(there('reservations', 'add', 'acme', '--join-key', 'j'))
    const { code, out } = await run(there('channels', 'explain', 'acme/x', '--join-key', 'j'))
    expect(code).toBe(0)
    expect(out).toContain('Rule     parent, the reservation acme')
    expect(out).toContain('Join     yes')
    expect(out).toContain('No server runs on this data folder')
  })

  test('health fails if no server runs', async () => {
    expect((await latchkey(here('health'))).code).toBe(0)
    expect((await latchkey(there('health'))).code).toBe(1)
  })
})

test('--max-reservations of the running server holds for commands too', async () => {
  for (let i = 0; i < 6; i++)
    expect((await run(here('reservations', 'add', freshChannel()))).code).toBe(0)
})
