/** The executable, built once and run from an empty folder. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../package.json' with { type: 'json' }
import { AblyApp } from './support/ably-app.ts'
import { Client, eventually } from './support/client.ts'
import { newSandboxApp } from './support/sandbox-app.ts'
import { temporaryFolder } from './support/server.ts'

const ROOT = join(import.meta.dir, '..')
const place = temporaryFolder()
const executable = join(place.path, 'latchkey')

/** A folder with nothing but files that must be ignored. */
const elsewhere = join(place.path, 'elsewhere')

beforeAll(async () => {
  const build = Bun.spawn([process.execPath, 'src/build.ts', '--outfile', executable], {
    cwd: ROOT,
    stdout: 'ignore',
    stderr: 'inherit',
  })
  expect(await build.exited).toBe(0)
  mkdirSync(elsewhere)
  writeFileSync(join(elsewhere, '.env'), 'LATCHKEY_PORT=not-a-port\n')
  writeFileSync(join(elsewhere, 'bunfig.toml'), 'preload = ["./intruder.ts"]\n')
  writeFileSync(join(elsewhere, 'intruder.ts'), 'console.log("intruder")\n')
}, 120_000)

afterAll(() => place.remove())

function run(argv: readonly string[]) {
  return Bun.spawn([executable, ...argv], {
    cwd: elsewhere,
    env: {},
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

test('it carries its version and ignores .env and bunfig.toml of the folder it runs in', async () => {
  const child = run(['version', '--json'])
  const out = await new Response(child.stdout).text()
  expect(await child.exited).toBe(0)
  expect(out).not.toContain('intruder')
  expect(JSON.parse(out)).toMatchObject({ version: manifest.version, bun: Bun.version })
})

test('it migrates, serves pages and sockets, and stops with exit code 0', async () => {
  const child = run(['serve', '--port', '0', '--json', '--log-level', 'error'])
  const started = await firstDocument(child.stdout)
  const { addresses, sockets, data } = started as {
    addresses: string[]
    sockets: string[]
    data: string
  }
  expect(data).toBe(join(elsewhere, 'data'))
  expect(readdirSync(data)).toContain('latchkey.db')
  const page = await fetch(`${addresses[0]}/docs`)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('<h1')
  const door = await (await fetch(`${addresses[0]}/dashboard/sign-in`)).text()
  const assets = [...door.matchAll(/(?:href|src)="(\/dashboard\/assets\/main-[^"]+)"/g)]
  expect(assets).toHaveLength(2)
  for (const [, path] of assets) expect((await fetch(`${addresses[0]}${path}`)).status).toBe(200)
  const client = await Client.join(`${sockets[0]}room?echo=true`)
  client.sendJson('hello')
  await client.message('hello')
  child.kill('SIGTERM')
  expect((await client.closing()).code).toBe(1012)
  expect(await child.exited).toBe(0)
})

test('it serves a sandbox and the error pages without writing a file', async () => {
  const before = readdirSync(elsewhere)
  const child = run(['dev', '--port', '0', '--json', '--log-level', 'error'])
  const { addresses } = (await firstDocument(child.stdout)) as { addresses: string[] }
  expect((await newSandboxApp(addresses[0]!)).keys.length).toBeGreaterThan(0)
  const page = await fetch(`${addresses[0]}/errors/40160`)
  expect(await page.text()).toContain('<h1')
  const door = await (await fetch(`${addresses[0]}/dashboard/sign-in`)).text()
  const assets = [...door.matchAll(/(?:href|src)="(\/dashboard\/assets\/main-[^"]+)"/g)]
  expect(assets).toHaveLength(2)
  for (const [, path] of assets) expect((await fetch(`${addresses[0]}${path}`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  expect(readdirSync(elsewhere)).toEqual(before)
})

test('its checkpoint thread works', async () => {
  const data = join(place.path, 'written')
  const child = run([
    'serve',
    '--sandbox',
    '--port',
    '0',
    '--json',
    '--data',
    data,
    '--key-rate',
    '0',
  ])
  const { addresses } = (await firstDocument(child.stdout)) as { addresses: string[] }
  const app = await AblyApp.make(addresses[0]!, [], [{ id: 'kept', persisted: true }])
  const size = () => statSync(join(data, 'history.db')).size
  const before = size()
  for (let i = 0; i < 120; i++) {
    const body = { data: 'x'.repeat(60_000) }
    expect((await app.ask('/channels/kept:a/messages', { body })).status).toBe(201)
  }
  await eventually(() => size() > before + 4_000_000, 'it is in the database')
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
}, 60_000)

test('an unknown platform fails with one line and exit code 1', async () => {
  const child = Bun.spawn([process.execPath, 'src/build.ts', '--target', 'amiga-m68k'], {
    cwd: ROOT,
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const err = await new Response(child.stderr).text()
  expect(await child.exited).toBe(1)
  expect(err).toStartWith('build: unknown target amiga-m68k')
  expect(err.trim().split('\n')).toHaveLength(1)
})

/** Reads until what was printed is a whole JSON document. */
async function firstDocument(stream: ReadableStream<Uint8Array>): Promise<unknown> {
  let text = ''
  let document: unknown
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  await eventually(async () => {
    const { value } = await reader.read()
    text += decoder.decode(value, { stream: true })
    try {
      document = JSON.parse(text)
      return true
    } catch {
      return false
    }
  }, 'the server announces itself')
  return document
}
