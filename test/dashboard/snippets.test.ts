/** The code that the page "Connect" shows is run as it stands there, with the secret put in. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  RECONNECT_SNIPPET,
  type Target,
  ablySnippet,
  goSnippet,
  ittySnippet,
  plainSnippet,
  publishSnippet,
  pythonSnippet,
  pushSnippet,
  trapsOf,
} from '../../src/dashboard/pages/connect/snippets.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openServices } from '../../src/service/services.ts'
import { eventually } from '../support/client.ts'
import { IttyClient, reserve } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { DashboardUser } from './dashboard-user.ts'

/** Inside of `node_modules`, so that the code finds the packages that it imports. */
const folder = mkdtempSync(join(import.meta.dir, '../../node_modules/.snippets-'))
let server: TestServer
let key: string

beforeAll(async () => {
  server = await startTestServer()
  key = server.addKey({ name: 'snippets' })
  await eventually(
    async () => (await fetch(`${server.url}/channels/x/messages`, { headers: basic(key) })).ok,
    'the server knows the key',
  )
})
afterAll(async () => {
  await server.end()
  rmSync(folder, { recursive: true })
})

const basic = (whole: string) => ({ authorization: `Basic ${btoa(whole)}` })

const target = (channel: string): Target => ({
  url: server.url,
  keyName: key.split(':')[0]!,
  channel,
})

/** Runs code in a process of its own. */
function run(name: string, code: string) {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, code)
  return started(name, [process.execPath, file])
}

function started(name: string, command: string[], cwd?: string) {
  const child = Bun.spawn(command, { stdout: 'pipe', stderr: 'inherit', ...(cwd && { cwd }) })
  let out = ''
  const reading = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) out += chunk
  })()
  return {
    says: (text: string) => eventually(() => out.includes(text), `${name} says ${text}: ${out}`),
    end: async () => {
      child.kill()
      await child.exited
      await reading
    },
  }
}

test('the code for itty-sockets runs and reconnects', async () => {
  const watcher = await IttyClient.join(`${server.sockets}lobby-1`)
  const program = run('itty', `${ittySnippet(target('lobby-1'))}\n${RECONNECT_SNIPPET}`)
  try {
    await watcher.message('hello')
    watcher.socket.send('hi')
    await program.says('undefined hi')
    expect(await connectionsOf('lobby-1')).toHaveLength(2)
    server.reserve('lobby-1', { joinKey: 'k' })
    await eventually(async () => (await connectionsOf('lobby-1')).length === 0, 'all are put out')
    server.unreserve('lobby-1')
    await eventually(async () => (await connectionsOf('lobby-1')).length === 1, 'it is back')
  } finally {
    watcher.socket.close()
    await program.end()
  }
})

async function connectionsOf(channel: string): Promise<string[]> {
  const services = openServices(server.config, systemClock, false)
  try {
    const wish = { name: 'test', scopes: ['read:connection'] as const, lifetime: undefined }
    const { secret } = services.accessTokens.add(services.accounts.ensureOwner(), wish)
    const answer = await fetch(`${server.url}/v1/connections?channel=${channel}`, {
      headers: { authorization: `Bearer ${secret}` },
    })
    const found = (await answer.json()) as { id: string }[]
    return found.map(({ id }) => id)
  } finally {
    services.close()
  }
}

test('the code for a plain WebSocket runs', async () => {
  const watcher = await IttyClient.join(`${server.sockets}lobby-2`)
  const program = run('plain', plainSnippet(target('lobby-2')))
  try {
    await watcher.message('hello')
    watcher.socket.send('hi')
    await program.says('"hi"')
  } finally {
    watcher.socket.close()
    await program.end()
  }
})

test('the code for Ably JS runs', async () => {
  const code = ablySnippet(target('lobby-3'))
  expect(code).toContain(`'${key.split(':')[0]}:SECRET'`)
  const program = run('ably', secretIn(code))
  try {
    await program.says('greeting hello')
  } finally {
    await program.end()
  }
})

const secretIn = (code: string) => code.replace('SECRET', key.split(':')[1]!)

/** Whether a program is installed and can run this. */
function can(command: string[], cwd?: string): boolean {
  if (!Bun.which(command[0]!)) return false
  const silent = { stdout: 'ignore', stderr: 'ignore', stdin: 'ignore' } as const
  return Bun.spawnSync(command, { ...silent, ...(cwd && { cwd }) }).success
}

const hasPython = can(['python3', '-c', 'from ably import AblyRealtime'])
if (!hasPython)
  process.stderr.write('the code for Python is not run: its package ably 3 is not installed\n')

test.skipIf(!hasPython)('the code for Ably’s Python SDK runs', async () => {
  const file = join(folder, 'snippet.py')
  writeFileSync(file, secretIn(pythonSnippet(target('lobby-5'))))
  const program = started('python', ['python3', file])
  try {
    await program.says('greeting hello')
  } finally {
    await program.end()
  }
})

const goFolder = join(folder, 'go')
const OFFLINE = ['GOFLAGS=-mod=mod', 'GOPROXY=off', 'GONOSUMDB=*'] as const
const GO_MODULE = 'github.com/ably/ably-go@v1.3.0'

/** Nothing is downloaded: without the module the code is not run. */
function hasGo(): boolean {
  mkdirSync(goFolder, { recursive: true })
  writeFileSync(join(goFolder, 'go.mod'), 'module snippet\n\ngo 1.22\n')
  const offline = ['env', ...OFFLINE, 'go']
  return (
    Bun.which('go') !== null &&
    can([...offline, 'get', GO_MODULE], goFolder) &&
    // With all that it needs.
    can([...offline, 'list', '-deps', 'github.com/ably/ably-go/ably'], goFolder)
  )
}

const canGo = hasGo()
if (!canGo) process.stderr.write(`the code for Go is not run: ${GO_MODULE} is not at hand\n`)

test.skipIf(!canGo)(
  'the code for Ably’s Go SDK runs',
  async () => {
    writeFileSync(join(goFolder, 'main.go'), secretIn(goSnippet(target('lobby-6'))))
    expect(can(['env', ...OFFLINE, 'go', 'build', '-o', 'snippet', '.'], goFolder)).toBe(true)
    const program = started('go', [join(goFolder, 'snippet')])
    try {
      await program.says('greeting hello')
    } finally {
      await program.end()
    }
  },
  120_000,
)

test.skipIf(!Bun.which('curl'))(
  'the code for curl runs, on a reserved channel and one of an app',
  async () => {
    const shell = async (line: string) => {
      const child = Bun.spawn(['sh', '-c', `${line} -sS -w '\\n%{http_code}'`], { stdout: 'pipe' })
      const out = await new Response(child.stdout).text()
      return { status: Number(out.split('\n').at(-1)), body: out }
    }
    await reserve(server, 'acme', { sendKey: 's3nd' })
    const listener = await IttyClient.join(`${server.sockets}acme/alerts`)
    const push = pushSnippet(target('acme/alerts'))
    expect((await shell(push)).status).toBe(403)
    expect((await shell(push.replace('SEND-KEY', 's3nd'))).status).toBe(200)
    await listener.message({ text: 'hello' })
    listener.socket.close()
    const publish = publishSnippet(target('lobby-4')).replace('SECRET', key.split(':')[1]!)
    expect((await shell(publish)).status).toBe(201)
  },
)

test('the code has a key that permits it, if there is one', async () => {
  const narrow = server.addKey({
    name: 'late',
    capability: { capability: { news: ['subscribe'] } },
  })
  const { text } = await (await DashboardUser.owner(server)).get('/')
  expect(text).toContain(`${key.split(':')[0]}:SECRET`)
  expect(text).not.toContain(narrow.split(':')[0]!)
})

test('an address that SDKs misread comes with a warning', () => {
  const traps = (url: string) => trapsOf({ url, keyName: 'a.b', channel: 'c' }).join('\n')
  expect(traps('https://my.host')).toBe('')
  expect(traps('http://localhost:8080')).toBe('')
  expect(traps('http://127.0.0.1:8080')).toBe('')
  expect(traps('https://realtime:8443')).toContain('without a dot')
  expect(traps('http://my.host')).toContain('not encrypted')
  expect(traps('https://my.host/realtime')).toContain('base path')
  expect(ablySnippet({ url: 'https://my.host', keyName: 'a.b', channel: 'c' })).toContain(
    'tlsPort: 443,',
  )
})
