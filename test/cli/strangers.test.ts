/** What strangers write into names reaches terminals and logs as text. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, eventually } from '../support/client.ts'
import { temporaryFolder } from '../support/server.ts'
import { ServerProcess, run, runJson } from './process.ts'

/** Names against terminals, log lines and templates, with changes of direction and invisible characters. */
const HOSTILE = {
  screen: '\u001B[2J\u001B[1;1H',
  title: '\u001B]0;owned\u0007',
  csi: '\u009B31m',
  line: '\n12:00:00.000 INF latchkey.server forged',
  carriage: '\rforged',
  template: '{*} {address} {reason}',
  override: '\u202Etxt.exe',
  unseen: 'ac\u200Bme\uFEFF',
  separator: 'a\u2028forged',
}
const NAMES = Object.values(HOSTILE)
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

const lines = (text: string) => text.split('\n').filter((line) => line !== '')
const unsafeLines = (text: string) => lines(text).filter((line) => UNSAFE.test(line))

const pathOf = (name: string) =>
  Array.from(Buffer.from(name), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

const basic = (key: string) => ({
  authorization: `Basic ${Buffer.from(key).toString('base64')}`,
  'content-type': 'application/json',
})

describe.each(['text', 'json'])('of a server that logs %s', (format) => {
  const folder = temporaryFolder()
  const here = (...argv: string[]) => [...argv, '--data', folder.path]
  const printed = async (...argv: string[]) => {
    const { out, err } = await run(here(...argv))
    return out + err
  }
  const clients: Client[] = []
  let server: ServerProcess
  let key: string

  beforeAll(async () => {
    const flags = ['--log-format', format, '--log-level', 'debug', '--connection-rate', '0']
    server = await ServerProcess.start([...here(), ...flags])
    key = (await runJson<{ key: string }>(here('keys', 'add', '--name', HOSTILE.override))).key
    await run(here('apps', 'add', `${HOSTILE.unseen} app`))
    const channel = () => fetch(`${server.url}/channels/x`, { headers: basic(key) })
    await eventually(async () => (await channel()).status === 200, 'the key is known')
    for (const name of NAMES) await misbehave(name)
  })
  afterAll(async () => {
    for (const client of clients) client.close()
    await server.end()
    folder.remove()
  })

  /** Uses a name wherever a client can choose one. */
  async function misbehave(name: string): Promise<void> {
    const [path, keyName] = [pathOf(name), key.split(':')[0]!]
    clients.push(await Client.join(`${server.sockets}${path}?announce=1&as=${path}`))
    const post = (at: string, body: unknown, credentials = key) =>
      fetch(`${server.url}${at}`, {
        method: 'POST',
        headers: { ...basic(credentials), 'x-send-key': 'k' },
        body: JSON.stringify(body),
      })
    await post(`/keys/${keyName}/requestToken`, { capability: { [name]: ['nothing'] } })
    await post(`/keys/${keyName}/requestToken`, { keyName: name })
    await post(`/channels/${path}/messages`, { data: '1', id: [name] })
    await post(`/channels/${path}/messages`, {}, `${name}.x:y`)
    await post('/push/deviceRegistrations', { id: name, clientId: name, platform: name })
    await post(`/push/${path}`, 1)
    await post(`/${path}`, 1)
  }

  test('tables have one row for each thing, without control characters', async () => {
    const connections = await printed('connections', 'list')
    expect(lines(connections)).toHaveLength(NAMES.length + 1)
    for (const shown of ['\\u001b[2J', '\\u202etxt.exe', '\\u009b31m', '\\n12:00:00'])
      expect(connections).toContain(shown)
    await run(here('connections', 'disconnect', '--channel', HOSTILE.line))
    for (const what of ['connections', 'channels', 'keys', 'apps', 'audit', 'reservations']) {
      for (const more of [[], ['--json']])
        expect([what, unsafeLines(await printed(what, 'list', ...more))]).toEqual([what, []])
    }
  })

  test('JSON has the names unchanged', async () => {
    const listed = await runJson<{ name: string }[]>(here('channels', 'list'))
    const names = listed.map(({ name }) => name)
    for (const name of NAMES) if (name !== HOSTILE.line) expect(names).toContain(name)
  })

  test('complaints and answers escape echoed arguments', async () => {
    for (const name of NAMES) {
      for (const argv of [
        [name],
        ['connections', name],
        [`--${name}`],
        ['serve', '--port', name],
        ['doctor', name],
        here('keys', 'set', name),
        here('channels', 'explain', name),
        here('accounts', 'add', name),
        here('reservations', 'add', name),
      ]) {
        const { out, err } = await run(argv)
        expect([argv, unsafeLines(out + err)]).toEqual([argv, []])
        expect(lines(out + err).filter((line) => /^(12:00|forged)/.test(line))).toEqual([])
      }
    }
  })

  test('names cannot forge lines of the log', async () => {
    server.signal('SIGTERM')
    await server.exited()
    expect(unsafeLines(server.out)).toEqual([])
    const own = lines(server.out)
    const refused = own.filter((line) => /refused|forged/.test(line))
    expect(refused.length).toBeGreaterThan(10)
    const line = /^\d\d:\d\d:\d\d[\d.]* \w+ latchkey\.\w+ /
    for (const one of refused) {
      if (format === 'text') expect(one).toMatch(line)
      else expect(JSON.parse(one)).toHaveProperty('logger')
    }
    // Braces in a log message are not placeholders.
    expect(server.out).toContain('{*} {address} {reason}')
  })
})
