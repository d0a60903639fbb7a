/** /health, /ready and /metrics: what is in them, and that no label has values without bounds. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { renameSync } from 'node:fs'
import { VERSION } from '../../src/version.ts'
import { Client, eventually } from '../support/client.ts'
import { metric, reserve, statusOf } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

const CHANNEL = 'channel-of-metrics'
const ALIAS = 'alias-of-metrics'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.end())

const text = async () => (await fetch(`${server.url}/metrics`)).text()

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads Prometheus' text form, and fails on a line that is not of it. */
function parse(page: string): Sample[] {
  const samples: Sample[] = []
  for (const line of page.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-z_]+ ./.test(line)) continue
    const match = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (!match) throw new Error(`not a sample: ${line}`)
    const labels = [...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)]
    const value = Number(match[3])
    if (Number.isNaN(value)) throw new Error(`no number: ${line}`)
    samples.push({
      name: match[1]!,
      labels: Object.fromEntries(labels.map(([, k, v]) => [k, v])),
      value,
    })
  }
  return samples
}

test('/health answers with the version', async () => {
  const response = await fetch(`${server.url}/health`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toEqual({ status: 'ok', version: VERSION })
})

test('/ready says whether clients are accepted', async () => {
  const response = await fetch(`${server.url}/ready`)
  expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }])
})

test('/ready notices a lost data folder and its return', async () => {
  const lost = await startTestServer()
  const status = async () => (await fetch(`${lost.url}/ready`)).status
  const away = `${lost.folder}-away`
  renameSync(lost.folder, away)
  expect(await status()).toBe(503)
  expect(await (await fetch(`${lost.url}/metrics`)).text()).toContain('latchkey_ready 0')
  renameSync(away, lost.folder)
  expect(await status()).toBe(200)
  await lost.end()
})

describe('/metrics', () => {
  test('is in the text format, with help and type for each metric', async () => {
    const response = await fetch(`${server.url}/metrics`)
    expect(response.headers.get('content-type')).toStartWith('text/plain; version=0.0.4')
    const page = await response.text()
    for (const { name } of parse(page)) {
      expect(page, name).toContain(`# HELP ${name} `)
      expect(page, name).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge)$`, 'm'))
      expect(name).toMatch(/^(latchkey|process)_/)
    }
  })

  test('counts events', async () => {
    const names = [
      'latchkey_connections',
      'latchkey_channels',
      'latchkey_reservations',
      'latchkey_connections_opened_total',
      'latchkey_joins_total',
      'latchkey_leaves_total',
      'latchkey_messages_received_total',
      'latchkey_messages_direct_total',
      'latchkey_messages_pushed_total',
      'latchkey_deliveries_total',
      'latchkey_received_characters_total',
      'latchkey_closes_total{reason="client"}',
    ]
    const read = () => Promise.all(names.map((name) => metric(server, name)))
    const before = await read()
    await reserve(server, CHANNEL, { sendKey: 's' })
    const query = `?as=${ALIAS}&announce=true&sendKey=s`
    const one = await Client.join(`${server.sockets}${CHANNEL}${query}`)
    const two = await Client.join(`${server.sockets}${CHANNEL}${query}`)
    one.send('"12345678"')
    await two.message('12345678')
    one.sendDirect(two.uid, 1)
    await two.message(1)
    await fetch(`${server.url}/push/${CHANNEL}`, {
      method: 'POST',
      headers: { 'x-send-key': 's' },
      body: '2',
    })
    await one.message(2)
    two.close()
    await one.next((frame) => frame['type'] === 'leave')
    const hasClosed = async () => (await metric(server, names.at(-1)!)) > before.at(-1)!
    await eventually(hasClosed, 'the close is counted')
    const after = await read()
    const grown = Object.fromEntries(names.map((name, i) => [name, after[i]! - before[i]!]))
    expect(grown).toMatchObject({
      latchkey_connections: 1,
      latchkey_channels: 1,
      latchkey_reservations: 1,
      latchkey_connections_opened_total: 2,
      latchkey_joins_total: 2,
      latchkey_leaves_total: 1,
      latchkey_messages_received_total: 2,
      latchkey_messages_direct_total: 1,
      latchkey_messages_pushed_total: 1,
      latchkey_received_characters_total: 10 + 9,
      'latchkey_closes_total{reason="client"}': 1,
    })
    expect(grown['latchkey_deliveries_total']).toBeGreaterThanOrEqual(4)
    one.close()
  })

  test('has labels with few values, whatever clients do', async () => {
    const client = await Client.join(`${server.sockets}${CHANNEL}?as=${ALIAS}`)
    await statusOf(`${server.sockets}${CHANNEL}?joinKey=x`)
    for (const channel of ['m1', 'm2', 'm3']) await Client.join(server.sockets + channel)
    const page = await text()
    const samples = parse(page)
    expect(new Set(samples.flatMap(({ labels }) => Object.keys(labels)))).toEqual(
      new Set(['reason', 'version']),
    )
    for (const secret of [CHANNEL, ALIAS, client.uid, '127.0.0.1', 'm1'])
      expect(page).not.toContain(secret)
    const reasons = samples.map(({ labels }) => labels['reason']).filter((r) => r !== undefined)
    for (const reason of reasons) expect(reason).toMatch(/^[a-z_]+$/)
    client.close()
  })

  test('has build, start and load of the process', async () => {
    const samples = parse(await text())
    const of = (name: string) => samples.find((sample) => sample.name === name)!
    expect(of('latchkey_build_info').labels).toEqual({ version: VERSION })
    expect(of('process_start_time_seconds').value).toBeLessThanOrEqual(Date.now() / 1000)
    expect(of('process_resident_memory_bytes').value).toBeGreaterThan(1e6)
    expect(of('process_cpu_seconds_total').value).toBeGreaterThan(0)
    expect(of('latchkey_event_loop_delay_seconds').value).toBeGreaterThanOrEqual(0)
    expect(of('latchkey_ready').value).toBe(1)
  })
})
