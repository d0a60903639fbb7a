/** A secret that a client puts in the wrong place is in no log, list or trail afterwards. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ServerProcess, run, runJson } from '../cli/process.ts'
import { DashboardUser } from '../dashboard/dashboard-user.ts'
import { Client, eventually } from '../support/client.ts'
import { statusOf } from '../support/itty.ts'
import { temporaryFolder } from '../support/server.ts'

const folder = temporaryFolder()
const here = (...argv: string[]) => [...argv, '--data', folder.path]
const clients: Client[] = []
const secrets: Record<string, string> = {}
/** Everything that can be read afterwards. */
const told: Record<string, string> = {}
let server: ServerProcess
let key: string
let access: string
/** Permits almost nothing. */
let narrowKey: string
const sockets: WebSocket[] = []

beforeAll(async () => {
  const flags = ['--log-level', 'debug', '--connection-rate', '0', '--push-rate', '0']
  server = await ServerProcess.start([...here(), ...flags])
  key = (await runJson<{ key: string }>(here('keys', 'add'))).key
  const { token } = await runJson<{ token: string }>(here('tokens', 'issue', key))
  const reset = await runJson<{ token: string; link: string }>(here('accounts', 'reset'))
  access = reset.token
  const [head, body] = [{ alg: 'HS256' }, { sub: 'a', exp: 1 }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  Object.assign(secrets, {
    key,
    token,
    access,
    jwt: `${head}.${body}.${token.slice(10, 53)}`,
    basic: btoa(key),
    device: `${key.slice(0, 6)}.device-${token.slice(10, 53)}`,
  })
  await eventually(async () => (await ask('GET', '/channels/x')).status === 200, 'the key is known')
  narrowKey = (
    await runJson<{ key: string }>(
      here('keys', 'add', '--capability', '{"x":["subscribe","channel-metadata"]}'),
    )
  ).key
  const narrow = () => ask('GET', '/channels/x', undefined, narrowKey)
  await eventually(async () => (await narrow()).status === 200, 'the other key is known')
  for (const secret of Object.values(secrets)) {
    await misplace(secret)
    await misplaceLive(secret)
  }
  told['refusals'] = await refusalsPage(reset.link)
  for (const argv of [['connections'], ['channels'], ['audit'], ['reservations']]) {
    for (const more of [[], ['--json']]) {
      const { out } = await run(here(...argv, 'list', ...more))
      told[[...argv, ...more].join(' ')] = out
    }
  }
  const metrics = await fetch(`${server.url}/metrics`)
  told['metrics'] = await metrics.text()
  for (const client of [...clients, ...sockets]) client.close()
  server.signal('SIGTERM')
  await server.exited()
  told['log'] = server.out + server.err
}, 60_000)
afterAll(async () => {
  await server.end()
  folder.remove()
})

function ask(method: string, path: string, body?: unknown, credentials = key): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Basic ${btoa(credentials)}`,
      'content-type': 'application/json',
      'x-send-key': 'wrong',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

/** As a channel, a key, a device, a client, a capability, a name and a path. */
async function misplace(secret: string): Promise<void> {
  const path = encodeURIComponent(secret)
  const keyName = key.split(':')[0]!
  const client = await Client.join(`${server.sockets}${path}?announce=1&as=${path.slice(0, 128)}`)
  clients.push(client)
  await Client.join(`${server.sockets}%ff${path}`).catch(() => undefined)
  await ask('GET', `/channels/${path}/messages`, undefined, 'a.b:c')
  await ask('GET', `/channels/${path}/messages`, undefined, `${secret}`)
  await ask('POST', `/keys/${path}/requestToken`, {})
  await ask('POST', `/keys/${keyName}/requestToken`, { capability: { [secret]: ['no'] } })
  await ask('POST', `/keys/${keyName}/requestToken`, { keyName: secret, timestamp: 1 })
  await ask('POST', `/push/${path}`, 1)
  await ask('GET', `/push/deviceRegistrations/${path}`)
  await ask('POST', '/push/deviceRegistrations', { id: secret, platform: secret })
  await ask('POST', `/keys/${keyName}/revokeTokens`, { targets: [`clientId:${secret}`] })
  await ask('GET', `/${path}`)
  await ask('POST', `/apps/${path}`, {})
  await run(here('rules', 'add', secret))
  await run(here('reservations', 'add', secret))
  await run(here('apps', 'add', secret.slice(0, 60)))
  await run(here('tokens', 'revoke', keyName, '--channel', secret))
  await fetch(`${server.url}/v1/accounts/owner/reservations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access}`, 'content-type': 'application/json' },
    body: JSON.stringify({ namespace: `${secret.slice(0, 100)}\u0000` }),
  })
}

/** Over a connection of an app: as client id, channel, filter, credentials and serial. */
async function misplaceLive(secret: string): Promise<void> {
  const text = encodeURIComponent(secret)
  const narrow = `key=${encodeURIComponent(narrowKey)}`
  const queries = [
    `${narrow}&clientId=${text}`,
    `${narrow}&resume=${text}&recover=${text}`,
    `key=${text}.x:y`,
    `accessToken=${text}x`,
  ]
  for (const query of queries) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/?v=2&format=json&${query}`)
    sockets.push(socket)
    const actions: number[] = []
    socket.addEventListener('message', ({ data }) => {
      const { action } = JSON.parse(String(data)) as { action: number }
      actions.push(action)
      // CONNECTED
      if (action !== 4) return
      for (const channel of [secret, `[?rewind=1]${secret}`, `[filter=${btoa(secret)}]x`, 'x'])
        socket.send(JSON.stringify({ action: 10, channel }))
      const presence = [{ action: 2, clientId: secret }]
      socket.send(JSON.stringify({ action: 14, channel: secret, msgSerial: 0, presence }))
      const messages = [{ name: secret, clientId: secret, data: 'x' }]
      socket.send(JSON.stringify({ action: 15, channel: secret, msgSerial: 1, messages }))
    })
    // ERROR
    await eventually(() => actions.includes(9), 'the server refuses something')
  }
}

async function refusalsPage(link: string): Promise<string> {
  const visitor = new DashboardUser(server)
  const token = new URL(link).searchParams.get('token')!
  await visitor.post('/claim', {
    token,
    email: 'ann@example.com',
    password: 'correct horse battery',
  })
  await visitor.ready()
  const pages = ['/live/refusals', '/live', '/live/connections', '/audit']
  return (await Promise.all(pages.map((page) => visitor.get(page)))).map(({ text }) => text).join()
}

/** Whether a text contains a part of a secret that is longer than the name in it. */
function piecesOf(secret: string): string[] {
  const name = secret.startsWith(`${key.slice(0, 13)}:`) ? 14 : 8
  const rest = secret.slice(name)
  return [rest.slice(0, 16), rest.slice(-16)].map((piece) => encodeURIComponent(piece))
}

test('keys of a reservation are hidden in channel names below it', async () => {
  const other = await ServerProcess.start(here('--connection-rate', '0'))
  try {
    const [joinKey, sendKey] = ['open-sesame', 'speak friend']
    const keys = ['--join-key', joinKey, '--send-key', sendKey]
    await run(here('reservations', 'add', 'vault', ...keys))
    await run(here('reservations', 'add', 'hall', '--send-key', sendKey))
    const at = (path: string) => `${other.sockets}${path}`
    // Under a reservation a key of another kind is refused.
    const isKnown = async () => (await statusOf(at('hall?joinKey=any'))) === 403
    await eventually(isKnown, 'the reservation is known')
    await statusOf(at(`vault/${joinKey}`))
    await statusOf(at(`vault:${encodeURIComponent(sendKey)}/x`))
    await statusOf(at(`vault/room?joinKey=${sendKey}`))
    const push = `${other.url}/push/hall/${encodeURIComponent(sendKey)}`
    await fetch(push, { method: 'POST', body: '1', headers: { 'x-send-key': 'wrong' } })
    const guest = await Client.join(at(`hall/${encodeURIComponent(sendKey)}?as=${sendKey}`))
    const lists = await Promise.all(
      ['connections', 'channels'].map(async (what) => (await run(here(what, 'list'))).out),
    )
    await run(here('connections', 'disconnect', '--channel', `hall/${sendKey}`))
    await guest.closing()
    lists.push((await run(here('audit', 'list', '--json'))).out)
    other.signal('SIGTERM')
    await other.exited()
    const [connections] = lists
    for (const text of [other.out, ...lists]) {
      for (const secret of [joinKey, sendKey]) expect(text).not.toContain(secret)
      expect(text).toContain('[secret]')
    }
    expect(connections).toContain('hall/[secret]')
    expect(other.out).toContain('vault/room')
  } finally {
    await other.end()
  }
})

test('the places that are searched exist and have content', () => {
  expect(told['log']).toContain('[secret]')
  expect(told['connections']).toContain('[secret]')
  expect(told['channels --json']).toContain('[secret]')
  expect(told['audit']).toContain('[secret]')
  expect(told['refusals']).toContain('[secret]')
  expect(Object.keys(secrets)).toHaveLength(6)
})

test('no secret is in any of them', () => {
  const found = Object.entries(told).flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([kind, secret]) =>
      piecesOf(secret).some((piece) => text.includes(piece)) ? [`${kind} in ${place}`] : [],
    ),
  )
  expect(found).toEqual([])
})
