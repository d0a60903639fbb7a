/** `latchkey dev`: a server that is ready at once and leaves nothing behind. */
import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import Ably from 'ably'
import { Client, eventually } from '../support/client.ts'
import { basic, newSandboxApp } from '../support/sandbox-app.ts'
import { MAIN, latchkey, temporaryFolder } from '../support/server.ts'

const folder = temporaryFolder()
const children: Bun.Subprocess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
})
afterAll(() => folder.remove())

interface Announced {
  readonly port: number
  readonly addresses: readonly string[]
  readonly sockets: readonly string[]
  readonly data: string | null
  readonly ably: { readonly key: string } & Ably.ClientOptions
}

/** Runs in the temporary folder, which is its place for temporary files too. */
function start(argv: readonly string[]) {
  const path = folder.path
  const child = Bun.spawn([process.execPath, MAIN, 'dev', '--port', '0', ...argv], {
    cwd: path,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TMPDIR: path },
    stdout: 'pipe',
    stderr: 'inherit',
    stdin: 'ignore',
  })
  children.push(child)
  const heard = { text: '' }
  const reading = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) heard.text += chunk
  })()
  void reading
  return { child, heard }
}

async function announced(argv: readonly string[] = []): Promise<{
  child: Bun.Subprocess
  server: Announced
}> {
  const { child, heard } = start(['--json', ...argv])
  await eventually(() => heard.text.includes('\n}\n'), 'it listens')
  return { child, server: JSON.parse(heard.text) as Announced }
}

test('serves itty and Ably clients and new apps, and writes no file', async () => {
  const { child, server } = await announced()
  expect(server.data).toBeNull()
  expect(server.addresses).toEqual([`http://localhost:${server.port}`])
  const url = server.addresses[0]!

  const client = await Client.join(`${server.sockets[0]}room?echo=true`)
  client.sendJson('hello')
  await client.message('hello')

  const details = await new Ably.Rest({ ...server.ably, logLevel: 0 }).auth.requestToken()
  expect(details.token).toStartWith(`${server.ably.key.split('.')[0]}.`)
  const app = await newSandboxApp(url)
  expect(app).toMatchObject({ endpoint: 'localhost', port: server.port, tls: false })
  const token = await fetch(`${url}/keys/${app.keys[0]!.keyName}/requestToken`, {
    method: 'POST',
    headers: { authorization: basic(app.keys[0]!.keyStr) },
    body: '{}',
  })
  expect(token.status).toBe(201)
  expect((await fetch(`${url}/ready`)).status).toBe(200)

  expect(readdirSync(folder.path)).toEqual([])
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  expect(readdirSync(folder.path)).toEqual([])
})

test('two servers share nothing', async () => {
  const [one, other] = await Promise.all([announced(), announced()])
  const { key } = one.server.ably
  const foreign = new Ably.Rest({ ...other.server.ably, key, logLevel: 0 })
  expect(foreign.auth.requestToken()).rejects.toMatchObject({ statusCode: 404 })
  await foreign.auth.requestToken().catch(() => {})
})

test('prints lines for connecting that can be copied', async () => {
  const { heard } = start(['--log-format', 'text'])
  await eventually(() => heard.text.includes('POST '), 'it has said everything')
  const port = /localhost:(\d+)/.exec(heard.text)![1]!
  expect(heard.text).toContain('in memory only, no file')
  expect(heard.text).toContain(`connect('ws://localhost:${port}/c/lobby')`)
  expect(heard.text).toContain(`POST http://localhost:${port}/apps`)
  const code = /new Ably\.Realtime\(({.*})\)/.exec(heard.text)![1]!
  const json = code.replaceAll(/(\w+): /g, '"$1": ').replaceAll("'", '"')
  const client = new Ably.Rest({ ...(JSON.parse(json) as Ably.ClientOptions), logLevel: 0 })
  expect((await client.auth.requestToken()).token).toBeString()
})

describe('contradictory options are refused', () => {
  test.each([
    ['dev', ['--data', 'x'], {}, '--data names a folder'],
    ['dev', [], { LATCHKEY_DATA: 'x' }, 'LATCHKEY_DATA names a folder'],
  ])('%s %j %j', async (command, argv, environment, complaint) => {
    const { code, err } = await latchkey([command, ...argv], environment)
    expect(code).toBe(2)
    expect(err).toStartWith(`latchkey: ${complaint}`)
  })

  test('commands refuse a data folder in memory', async () => {
    const { code, err } = await latchkey(['keys', 'list'], { LATCHKEY_IN_MEMORY: 'true' })
    expect(code).toBe(1)
    expect(err).toStartWith('latchkey: --in-memory is for servers')
  })
})
