/**
 * Killed at any moment, under load: whatever the server acknowledged is there when it starts again. Messages
 * and batches of persisted channels, edits, keys, rules, tokens and revocations are written all the while.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { ServerProcess, runJson } from '../cli/process.ts'
import { basic } from '../support/sandbox-app.ts'
import { temporaryFolder } from '../support/server.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const ROUNDS = 12
const PUBLISHERS = 8
const MAX_ROUND_MS = 600

interface App {
  readonly key: string
  readonly bearer: string
  readonly folder: readonly string[]
}

/** What was acknowledged. */
interface Acknowledged {
  /** Names of messages, in pairs that were published together. */
  readonly pairs: string[]
  /** Last acknowledged data by serial of the message. */
  readonly edited: Map<string, number>
  /** Tokens. */
  readonly revoked: string[]
  readonly keyNames: string[]
}

test('kill -9 loses nothing that was acknowledged', async () => {
  const data = ['--data', folder.path]
  const { key } = await runJson<{ key: string }>([
    'keys',
    'add',
    '--capability',
    '{"[*]*":["*"]}',
    '--revocable-tokens',
    ...data,
  ])
  await runJson(['rules', 'add', 'kept', '--persisted', ...data])
  await runJson(['rules', 'add', 'edited', '--mutable-messages', ...data])
  const { token } = await runJson<{ token: string }>(['access-tokens', 'add', ...data])
  const app: App = { key, bearer: token, folder: data }
  const acknowledged: Acknowledged = { pairs: [], edited: new Map(), revoked: [], keyNames: [] }
  for (let round = 0; round < ROUNDS; round++) {
    const server = await ServerProcess.start(data)
    try {
      await check(server, app, acknowledged)
      const killed = Bun.sleep(50 + Math.random() * MAX_ROUND_MS).then(() =>
        server.signal('SIGKILL'),
      )
      await Promise.all([
        killed,
        ...Array.from({ length: PUBLISHERS }, (_, i) =>
          publish(server, app, `${round}-${i}`, acknowledged),
        ),
        edit(server, app, acknowledged),
        revoke(server, app, round, acknowledged),
        makeKeys(server, app, round, acknowledged),
      ])
    } finally {
      await server.end()
    }
  }
  const server = await ServerProcess.start(data)
  await check(server, app, acknowledged)
  await server.end()
  const { edited, keyNames, pairs, revoked } = acknowledged
  console.log(
    `${ROUNDS} kills: ${2 * pairs.length} messages, ${edited.size} edits, ${revoked.length} revocations and ${keyNames.length} keys acknowledged, none lost`,
  )
  expect(acknowledged.pairs.length).toBeGreaterThan(ROUNDS)
  expect(acknowledged.edited.size).toBeGreaterThan(0)
  expect(acknowledged.revoked.length).toBeGreaterThan(0)
  expect(acknowledged.keyNames.length).toBeGreaterThan(0)
}, 110_000)

/** Calls until the server is gone; what is answered with success is told. */
async function untilGone(call: (count: number) => Promise<void>): Promise<void> {
  for (let count = 0; ; count++) {
    try {
      await call(count)
    } catch (error) {
      // A connection that ends is how a killed server answers; anything else is a finding.
      if (error instanceof TypeError || (error as { code?: string }).code !== undefined) return
      throw error
    }
  }
}

async function ask(
  server: ServerProcess,
  app: App,
  path: string,
  init: { method?: string; body?: unknown; authorization?: string } = {},
): Promise<unknown> {
  const response = await fetch(server.url + path, {
    method: init.method ?? 'GET',
    headers: {
      authorization: init.authorization ?? basic(app.key),
      'content-type': 'application/json',
      'x-ably-version': '6',
    },
    ...(init.body !== undefined && { body: JSON.stringify(init.body) }),
  })
  const answer: unknown = await response.json()
  expect({ path, status: response.status < 300, answer }).toMatchObject({ status: true })
  return answer
}

function publish(server: ServerProcess, app: App, prefix: string, seen: Acknowledged) {
  return untilGone(async (count) => {
    const name = `${prefix}-${count}`
    const body = [{ name: `${name}-a` }, { name: `${name}-b` }]
    await ask(server, app, '/channels/kept:room/messages', { method: 'POST', body })
    seen.pairs.push(name)
  })
}

async function edit(server: ServerProcess, app: App, seen: Acknowledged): Promise<void> {
  let serial: string | undefined
  await untilGone(async (count) => {
    if (serial === undefined) {
      const body = { name: 'counter', data: '-1' }
      const made = await ask(server, app, '/channels/edited:room/messages', {
        method: 'POST',
        body,
      })
      serial = (made as { serials: string[] }).serials[0]!
      seen.edited.set(serial, -1)
      return
    }
    const path = `/channels/edited:room/messages/${encodeURIComponent(serial)}`
    await ask(server, app, path, { method: 'PATCH', body: { action: 1, data: String(count) } })
    seen.edited.set(serial, count)
  })
}

function revoke(server: ServerProcess, app: App, round: number, seen: Acknowledged) {
  const keyPath = `/keys/${app.key.split(':')[0]}`
  return untilGone(async (count) => {
    const clientId = `gone-${round}-${count}`
    const wish = { clientId }
    const path = `${keyPath}/requestToken`
    const made = (await ask(server, app, path, { method: 'POST', body: wish })) as { token: string }
    // Only what was issued in an earlier millisecond is revoked.
    await Bun.sleep(2)
    const body = { targets: [`clientId:${clientId}`] }
    await ask(server, app, `${keyPath}/revokeTokens`, { method: 'POST', body })
    seen.revoked.push(made.token)
    await Bun.sleep(20)
  })
}

function makeKeys(server: ServerProcess, app: App, round: number, seen: Acknowledged) {
  const [appId] = app.key.split('.')
  const authorization = `Bearer ${app.bearer}`
  return untilGone(async (count) => {
    const name = `made-${round}-${count}`
    const body = { name, capability: { '*': ['publish'] } }
    await ask(server, app, `/v1/apps/${appId}/keys`, { method: 'POST', body, authorization })
    seen.keyNames.push(name)
    await Bun.sleep(20)
  })
}

async function check(server: ServerProcess, app: App, seen: Acknowledged): Promise<void> {
  const names = new Set(await allNames(server, app))
  const lost = seen.pairs.filter((name) => !names.has(`${name}-a`) || !names.has(`${name}-b`))
  expect(lost).toEqual([])
  const halves = [...names].filter((name) => !names.has(otherOf(name)))
  expect(halves).toEqual([])
  for (const [serial, least] of seen.edited) {
    const path = `/channels/edited:room/messages/${encodeURIComponent(serial)}`
    const { data } = (await ask(server, app, path)) as { data: string }
    expect(Number(data)).toBeGreaterThanOrEqual(least)
  }
  for (const token of seen.revoked.slice(-20)) {
    const authorization = `Bearer ${Buffer.from(token).toString('base64')}`
    const response = await fetch(`${server.url}/channels/kept:room/messages`, {
      headers: { authorization },
    })
    expect(response.headers.get('x-ably-errorcode')).toBe('40141')
    await response.text()
  }
  const keys = await runJson<{ name: string }[]>(['keys', 'list', ...app.folder])
  const known = new Set(keys.map(({ name }) => name))
  expect(seen.keyNames.filter((name) => !known.has(name))).toEqual([])
}

function otherOf(name: string): string {
  return name.slice(0, -1) + (name.endsWith('a') ? 'b' : 'a')
}

async function allNames(server: ServerProcess, app: App): Promise<string[]> {
  const names: string[] = []
  let query = '?limit=1000'
  for (;;) {
    const response = await fetch(`${server.url}/channels/kept:room/messages${query}`, {
      headers: { authorization: basic(app.key), 'x-ably-version': '6' },
    })
    expect(response.status).toBe(200)
    names.push(...((await response.json()) as { name: string }[]).map(({ name }) => name))
    const next = /<\.\/messages(\?[^>]*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
    if (next === undefined) return names
    query = next
  }
}
