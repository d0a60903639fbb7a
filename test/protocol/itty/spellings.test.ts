/** A reserved name has one owner in every spelling. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../../src/core/clock.ts'
import { openServices } from '../../../src/service/services.ts'
import { startServer } from '../../../src/server.ts'
import { Clients, known } from '../../support/ably.ts'
import { Client, eventually } from '../../support/client.ts'
import { freshChannel, reserve, reserveAll, standing, statusOf } from '../../support/itty.ts'
import {
  type TestServer,
  startTestServer,
  temporaryFolder,
  testConfig,
} from '../../support/server.ts'

/** As it stands in a path, whatever it is. */
const pathOf = (name: string) =>
  Array.from(Buffer.from(name), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

const SPELLINGS: readonly [string, (name: string) => string][] = [
  ['composed', (name) => name.normalize('NFC')],
  ['decomposed', (name) => name.normalize('NFD')],
  ['full-width', (name) => name.replace(/[a-z]/, (letter) => fullWidth(letter))],
  ['with a zero-width joiner', (name) => `${name.slice(0, 2)}\u200D${name.slice(2)}`],
  ['with a word joiner at the end', (name) => `${name}\u2060`],
  ['with a control character', (name) => `\u0007${name}`],
  ['with spaces around it', (name) => ` ${name}\t`],
  ['with an ideographic space', (name) => `${name}\u3000`],
  ['below, after spaces', (name) => `${name} /room`],
  ['below, after a full-width slash', (name) => `${name}\uFF0Froom`],
  ['below, after a full-width colon', (name) => `${name}\u200B\uFF1Aroom`],
]

const fullWidth = (letter: string) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)

let server: TestServer
let base: string
const clients = new Clients(() => server)

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  base = server.sockets
})
afterEach(() => clients.end())
afterAll(() => server.end())

describe('a reserved name', () => {
  const reserved = `caf\u00E9-${freshChannel()}`
  beforeAll(() => reserve(server, reserved, { joinKey: 'j', sendKey: 's' }))

  test.each(SPELLINGS)('%s asks for the keys', async (_kind, spell) => {
    const url = base + pathOf(spell(reserved))
    expect(await statusOf(url)).toBe(403)
    expect(await standing(url, { joinKey: 'j' })).toBe('listen')
    expect(await standing(url, { joinKey: 'j', sendKey: 's' })).toBe('speak')
  })

  test.each(SPELLINGS)('%s takes a push with the send key only', async (_kind, spell) => {
    const push = (key: string) =>
      fetch(`${server.url}/push/${pathOf(spell(reserved))}`, {
        method: 'POST',
        headers: { 'x-send-key': key },
        body: '1',
      })
    expect((await push('wrong')).status).toBe(403)
    expect((await push('s')).status).toBe(200)
  })

  test('two spellings are two channels, each with its own members', async () => {
    const keys = '?joinKey=j&sendKey=s'
    const one = await Client.join(base + pathOf(reserved) + keys)
    const other = await Client.join(base + pathOf(reserved.normalize('NFD')) + keys)
    expect(other.frames[0]).toMatchObject({ self: true, total: 1 })
    one.close()
    other.close()
  })

  test.each(['%2563afe', 'caf', 'cafe', 'CAF\u00C9', '\u0441af\u00E9'])(
    'leaves %j alone, which is another name',
    async (name) => {
      expect(await statusOf(`${base}${name}-${freshChannel()}`)).toBe(101)
    },
  )

  test('ends keys of a first joiner on another spelling', async () => {
    const name = `na\u00EFve-${freshChannel()}`
    const squatter = await Client.join(`${base}${pathOf(name.normalize('NFD'))}?joinKey=own`)
    await reserve(server, name, { joinKey: 'j' })
    expect(await squatter.closing()).toMatchObject({ reason: 'access_changed' })
    expect(await statusOf(`${base}${pathOf(name.normalize('NFD'))}?joinKey=own`)).toBe(403)
  })
})

describe('a linked name', () => {
  test('leads to the app as reserved; another spelling stays in the commons', async () => {
    const name = `link-${freshChannel()}`
    await reserve(server, name, { app: 'default' })
    const key = await known(server, server.addKey())
    const heard: unknown[] = []
    for (const channel of [`${name}/x`, `${fullWidth('l')}${name.slice(1)}/x`, `${name}\u200B/x`]) {
      await clients
        .make({ key })
        .channels.get(channel)
        .subscribe(({ data }) => heard.push(data))
      const guest = await Client.join(base + pathOf(channel))
      guest.sendJson(channel)
      guest.close()
    }
    const last = await Client.join(base + pathOf(`${name}/x`))
    last.sendJson('the end')
    await eventually(() => heard.includes('the end'), 'all of it came')
    expect(heard).toEqual([`${name}/x`, 'the end'])
    last.close()
  })
})

describe('names from before they were folded', () => {
  const folder = temporaryFolder()
  const stored: readonly [id: string, account: string, namespace: string, app: string | null][] = [
    ['r1', 'ann', 'caf\u00E9', null],
    ['r2', 'bob', 'cafe\u0301', null],
    ['r3', 'bob', 'cafe\u0301/terrace', null],
    ['r4', 'ann', '[meta]connection.lifecycle', 'default'],
    ['r5', 'ann', '\uFF3Bmeta]log', 'default'],
    ['r6', 'bob', 'padded ', null],
  ]
  let old: Awaited<ReturnType<typeof startServer>>
  let sockets: string
  const config = testConfig({ data: folder.path, 'max-reservations': '0' })

  const withServices = <T>(action: (services: ReturnType<typeof openServices>) => T): T => {
    const services = openServices(config, systemClock, false)
    try {
      return action(services)
    } finally {
      services.close()
    }
  }

  beforeAll(async () => {
    withServices(({ accounts, apps, keyring, store }) => {
      const app = apps.find(undefined)
      if (!app.ok) throw new Error('no app')
      const ids = new Map<string, string>()
      for (const name of ['ann', 'bob']) {
        const added = accounts.add(name)
        if (added.ok) ids.set(name, added.value.id)
      }
      for (const [i, [id, account, namespace, linked]] of stored.entries()) {
        const digest = Buffer.from(keyring.digest(account))
        store.sqlite
          .query(
            `INSERT INTO reservations (id, account_id, namespace, folded, join_key, join_digest, app_id, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)`,
          )
          .run(
            id,
            ids.get(account)!,
            namespace,
            namespace.toLowerCase(),
            linked === null ? keyring.seal(account) : null,
            linked === null ? digest : null,
            linked === null ? null : app.value.id,
            i,
          )
      }
      store.sqlite.run("DELETE FROM facts WHERE name = 'folding'")
    })
    old = await startServer(config)
    sockets = `${old.url.replace('http', 'ws')}/c/`
  })
  afterAll(async () => {
    await old.stop()
    folder.remove()
  })

  test.each([
    'caf\u00E9',
    'cafe\u0301',
    '\uFF43afe\u0301',
    'cafe\u0301/terrace',
    'caf\u00E9/terrace',
  ])('the older of two spellings decides about %j', async (name) => {
    const url = sockets + pathOf(name)
    expect(await statusOf(`${url}?joinKey=ann`)).toBe(101)
    expect(await statusOf(`${url}?joinKey=bob`)).toBe(403)
  })

  test('a name with a trailing space covers its channels, with and without it', async () => {
    for (const name of ['padded%20', 'padded', 'padded%20:x'])
      expect(await statusOf(`${sockets}${name}?joinKey=bob`)).toBe(101)
    expect(await statusOf(`${sockets}padded`)).toBe(403)
  })

  test('new names are compared with them in every spelling', () => {
    withServices(({ accounts, reservations }) => {
      const bob = accounts.find('bob')
      const ann = accounts.find('ann')
      if (!bob.ok || !ann.ok) throw new Error('no account')
      const outcome = (who: typeof bob, name: string) => {
        const added = reservations.add(who.value, name, {})
        return added.ok ? 'ok' : added.failure.name
      }
      expect(outcome(bob, '\uFF43afe\u0301')).toBe('namespace_taken')
      expect(outcome(bob, '\uFF43afe\u0301/x')).toBe('namespace_owned')
      expect(outcome(ann, 'padded')).toBe('namespace_taken')
      expect(outcome(ann, 'PADDED/x')).toBe('namespace_owned')
      const found = reservations.find('\uFF43afe\u0301')
      expect(found.ok && found.value.id).toBe('r1')
      expect(reservations.change('r4', { app: 'default' })).toMatchObject({
        ok: false,
        failure: { name: 'namespace_invalid' },
      })
    })
  })

  test('newer spellings apply once the older one is removed', async () => {
    withServices(({ reservations }) => reservations.remove('r1'))
    const url = sockets + pathOf('caf\u00E9/terrace')
    await eventually(async () => (await statusOf(`${url}?joinKey=bob`)) === 101, 'it holds')
    expect(await statusOf(`${url}?joinKey=ann`)).toBe(403)
    withServices(({ accounts, reservations }) => {
      const ann = accounts.find('ann')
      if (ann.ok) expect(reservations.add(ann.value, 'caf\u00E9', {}).ok).toBe(false)
    })
  })

  test('a linked name with a bracket in front does not reach the app', async () => {
    const key = withServices(({ apiKeys, apps }) => {
      const app = apps.find(undefined)
      const made = app.ok ? apiKeys.add(app.value, {}) : app
      if (!made.ok) throw new Error('no key')
      return made.value.whole
    })
    for (const name of ['[meta]connection.lifecycle', '\uFF3Bmeta]log']) {
      const guest = await Client.join(sockets + pathOf(name))
      const history = async () => {
        const answer = await fetch(`${old.url}/channels/${pathOf(name)}/messages`, {
          headers: { authorization: `Basic ${btoa(key)}` },
        })
        return answer.status === 200 ? ((await answer.json()) as { data: unknown }[]) : []
      }
      await eventually(
        async () =>
          (
            await fetch(`${old.url}/channels/x`, {
              headers: { authorization: `Basic ${btoa(key)}` },
            })
          ).status === 200,
        'the key is known',
      )
      await fetch(`${old.url}/channels/${pathOf(name)}/messages`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
        body: '{"data":"of the app"}',
      })
      const other = await Client.join(`${sockets}${pathOf(name)}?echo=true`)
      other.sendJson('forged')
      await guest.message('forged')
      expect(guest.frames.some(({ message }) => message === 'of the app')).toBe(false)
      expect((await history()).map(({ data }) => data)).not.toContain('forged')
      guest.close()
      other.close()
    }
  })
})

test('reservations of the same moment are known in every spelling', async () => {
  const names = ['\u00E9a', '\u00E9b'].map((name) => `${name}-${freshChannel()}`)
  await reserveAll(server, Object.fromEntries(names.map((name) => [name, { joinKey: 'k' }])))
  for (const name of names) expect(await statusOf(base + pathOf(name.normalize('NFD')))).toBe(403)
})
