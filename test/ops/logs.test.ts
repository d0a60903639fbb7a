/** Logs: one JSON object a line, with everything useful and without secrets. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Counters } from '../../src/core/counting/counters.ts'
import { failure } from '../../src/failure.ts'
import { logger } from '../../src/ops/logs.ts'
import { Refusals, originAdvice } from '../../src/ops/refusals.ts'
import { ServerProcess, run, runJson } from '../cli/process.ts'
import { Client, eventually } from '../support/client.ts'
import { statusOf } from '../support/itty.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { temporaryFolder, testConfig } from '../support/server.ts'
import { ManualClock } from '../support/clocks.ts'

const SECRET = 'hushhush'
/** Secrets that the log must not contain, by where they were used. */
const secret = (where: string) => `${SECRET}-${where}`

const FLAGS = ['--log-level', 'debug', '--allowed-origins', 'https://my.site', '--ban-seconds', '0']
const LIMITS = ['--max-message-bytes', '2000', '--message-rate', '5', '--message-burst', '20']

/** Every kind of mistake, with a secret wherever one can be. */
async function misbehave(server: ServerProcess, token: string): Promise<void> {
  const at = (path: string) => server.sockets + path
  const query = `?as=${secret('alias')}&joinKey=${secret('joinkey')}&sendKey=${secret('sendkey')}`
  const upgrades = [`acme${query}`, `acme/x?token=${secret('query')}`, `%ff${query}`, `${query}`]
  for (const path of upgrades) await statusOf(at(path))
  await statusOf(at(`room?as=${'x'.repeat(500)}${secret('long')}&joinKey=${secret('joinkey')}`))
  await statusOf(at(`room${query}`), { origin: 'https://evil.test', cookie: secret('cookie') })
  const client = await Client.join(at(`room${query}`))
  client.sendJson(secret('message'))
  client.sendDirect('nobody', secret('direct'))
  client.send(`{"broken": ${secret('broken')}`)
  client.sendJson({ type: 'error', message: secret('forged') })
  client.send(`\u001F${secret('recipient')}`)
  client.send(`\u001F${secret('recipient')}\u001F1`)
  for (let i = 0; i < 40; i++) client.sendJson(secret(`flood-${i}`))
  await client.next((frame) => frame['code'] === 'rate_limited')
  const large = await Client.join(at(`room${query}`))
  large.sendJson(secret('large').repeat(500))
  await large.closing()
  const binary = await Client.join(at('other'))
  binary.send(new TextEncoder().encode(secret('binary')))
  await binary.error()
  await pushWrongly(server)
  await callWrongly(server, token)
  const raw = await RawSocket.open(at(`raw${query}`))
  raw.write(`garbage ${secret('garbage')}`)
  await eventually(() => raw.isClosed, 'the raw socket is closed')
  RawSocket.send(server.port, `GET /${secret('line')} HTTP/9.9\r\n${secret('header')}\r\n\r\n`)
}

async function pushWrongly(server: ServerProcess): Promise<void> {
  const push = (path: string, key: string, body: string) =>
    fetch(`${server.url}/push/${path}`, { method: 'POST', headers: { 'x-send-key': key }, body })
  await push('acme', secret('pushkey'), JSON.stringify(secret('pushed')))
  await push(`acme?sendKey=${secret('pushquery')}`, 'right', `{${secret('pushbroken')}`)
  await push('acme', 'right', JSON.stringify(secret('pushlarge').repeat(300)))
}

async function callWrongly(server: ServerProcess, token: string): Promise<void> {
  const call = (method: string, path: string, body?: string, bearer = token) =>
    fetch(`${server.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
      ...(body !== undefined && { body }),
    })
  await call('GET', `/me?access_token=${secret('apiquery')}`, undefined, secret('bearer'))
  await call('POST', '/accounts/owner/reservations', `{"namespace":"n","joinKey":["${SECRET}"]}`)
  await call('POST', '/accounts/owner/reservations', `{"joinKey":"${secret('apikey')}`)
  await call('PATCH', '/reservations/acme', JSON.stringify({ joinKey: secret('newkey') }))
  await call('POST', '/channels/explain', JSON.stringify({ channel: 'a', sendKey: secret('ask') }))
  await call('GET', `/connections?channel=${secret('asked')}`)
  await call('GET', `/nothing/${secret('path')}?${secret('nothing')}`)
}

describe('logs of a busy server', () => {
  const folder = temporaryFolder()
  let server: ServerProcess
  let token: string
  beforeAll(async () => {
    const add = ['reservations', 'add', 'acme', '--data', folder.path]
    await run([...add, '--join-key', secret('stored'), '--send-key', 'right'])
    server = await ServerProcess.start(['--data', folder.path, ...FLAGS, ...LIMITS])
    token = (await runJson<{ token: string }>(['access-tokens', 'add', '--data', folder.path]))
      .token
    await misbehave(server, token)
    server.signal('SIGTERM')
    await server.exited()
  })
  afterAll(async () => {
    await server.end()
    folder.remove()
  })

  test('every line is a JSON object with time, level, message and logger', () => {
    expect(server.logs.length).toBeGreaterThan(10)
    for (const log of server.logs) {
      expect(log).toMatchObject({
        '@timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: expect.stringMatching(/^(DEBUG|INFO|WARN|ERROR|FATAL)$/),
        message: expect.any(String),
        logger: expect.stringMatching(/^latchkey\./),
      })
    }
    expect(server.err).toBe('')
  })

  test('contain no secret', () => {
    const found = (server.out + server.err).match(new RegExp(`${SECRET}[\\w-]*`, 'g')) ?? []
    expect([...new Set(found)]).toEqual([])
    expect(server.out).not.toContain(token.slice(3))
  })

  test('contain refusals with reason, address and rule', () => {
    const reasons = new Set(server.logs.map((log) => log['reason']).filter((r) => r !== undefined))
    for (const reason of ['join_refused', 'bad_channel', 'alias_too_long', 'origin_refused'])
      expect(reasons).toContain(reason)
    for (const reason of ['push_refused', 'not_json', 'message_too_large'])
      expect(reasons).toContain(reason)
    const refused = server.logs.find((log) => log['reason'] === 'join_refused')
    expect(refused).toMatchObject({
      level: 'WARN',
      channel: 'acme',
      rule: 'namespace',
      because: 'the join key is wrong',
      address: '127.0.0.1',
    })
  })

  test('contain no error, whatever a stranger sends', () => {
    const errors = server.logs.filter((log) => ['ERROR', 'FATAL'].includes(String(log['level'])))
    expect(errors).toEqual([])
  })

  test('contain start and stop', () => {
    const messages = server.logs.map((log) => log['message'])
    expect(messages[0]).toBe('listening')
    expect(messages).toContain('stopping')
  })
})

test('--log-level leaves out what is less severe', async () => {
  const folder = temporaryFolder()
  const flags = ['--data', folder.path, '--log-level', 'error', '--json', '--log-format', 'text']
  const server = await ServerProcess.start(flags)
  await statusOf(`${server.sockets}%ff`)
  await eventually(async () => (await statusOf(`${server.sockets}room`)) === 101, 'it serves')
  expect(server.out).not.toContain('refused')
  await server.end()
  folder.remove()
})

describe('refusals', () => {
  test('are all counted, but do not flood the log', () => {
    const clock = new ManualClock()
    const counters = new Counters()
    const lines: Record<string, unknown>[] = []
    const log = Object.assign(Object.create(logger('test')) as ReturnType<typeof logger>, {
      warn: (_message: string, fields: Record<string, unknown>) => void lines.push(fields),
    })
    const refusals = new Refusals({
      counters,
      clock,
      log,
      config: testConfig({ 'ban-seconds': '60' }),
      conceal: (text) => text,
    })
    for (let i = 0; i < 5000; i++) refusals.record(failure('join_refused'), { address: 'a' })
    expect(counters.refusals.get('join_refused')).toBe(5000)
    expect(lines).toHaveLength(100)
    clock.advance(1000)
    refusals.record(failure('join_refused'), { address: 'a' })
    expect(lines.at(-1)).toEqual({ reason: 'join_refused', address: 'a', unlogged: 4900 })
    clock.advance(1000)
    refusals.record(failure('banned'), { address: 'a' })
    expect(lines.at(-1)).toEqual({ reason: 'banned', address: 'a', setting: '--ban-seconds 60' })
  })

  test('give their cause, computed only for lines that are written', () => {
    const clock = new ManualClock()
    const lines: Record<string, unknown>[] = []
    const log = Object.assign(Object.create(logger('test')) as ReturnType<typeof logger>, {
      warn: (_message: string, fields: Record<string, unknown>) => void lines.push(fields),
    })
    const refusals = new Refusals({
      counters: new Counters(),
      clock,
      log,
      config: testConfig({}),
      conceal: (text) => text,
    })
    let asked = 0
    const why = failure('capability_refused', 'no', () => ({ because: `asked ${++asked} times` }))
    for (let i = 0; i < 500; i++) refusals.record(why, { address: 'a' })
    expect(lines[0]).toMatchObject({ because: 'asked 1 times', address: 'a' })
    expect(asked).toBe(100)
    expect(JSON.stringify(why)).not.toContain('asked')
  })

  test('of an origin name the setting that would admit it', () => {
    const allowed = ['https://a.test']
    expect(originAdvice('https://b.test', allowed)).toEqual({
      near: undefined,
      fix: expect.stringContaining("--allowed-origins 'https://a.test,https://b.test'"),
    })
    expect(originAdvice('http://a.test', allowed)).toMatchObject({
      near: 'https://a.test is allowed, and this has another scheme',
    })
    expect(originAdvice('null', allowed)).toEqual({ near: undefined, fix: undefined })
  })
})
