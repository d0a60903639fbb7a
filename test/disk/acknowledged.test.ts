/**
 * What the system is asked for, and in which order: an answer goes out after the disk has what it acknowledges, and
 * the thread that carries messages never waits for the disk.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { find } from '../deploy/programs.ts'
import { AblyApp } from '../support/ably-app.ts'
import { eventually } from '../support/client.ts'
import { MAIN, temporaryFolder } from '../support/server.ts'

const strace = process.platform === 'linux' ? find('strace') : undefined
if (strace === undefined) console.log('skipped: strace is not installed')

interface Call {
  readonly thread: string
  readonly name: string
  readonly line: string
}

const folder = temporaryFolder()
const trace = join(folder.path, 'trace')
let child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>
let main: string | undefined
let app: AblyApp

beforeAll(async () => {
  if (strace === undefined) return
  const calls = 'trace=fdatasync,fsync,pwrite64,sendto'
  const argv = ['serve', '--sandbox', '--json', '--host', '127.0.0.1', '--port', '0']
  const server = [process.execPath, MAIN, ...argv, '--data', join(folder.path, 'data')]
  child = Bun.spawn([strace, '-f', '-y', '-e', calls, '-o', trace, ...server], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = child.stdout.getReader()
  let out = ''
  while (!out.includes('}')) out += new TextDecoder().decode((await reader.read()).value)
  const { port } = JSON.parse(out) as { port: number }
  app = await AblyApp.make(`http://127.0.0.1:${port}`, [], [{ id: 'kept', persisted: true }])
  // The first thread of a process runs the program.
  main = calledSince(0)[0]!.thread
  // The trace is delayed a little.
  await eventually(() => calledSince(0).some(isAnswer), 'that answer is in the trace')
}, 30_000)
afterAll(async () => {
  // The tracer passes no signal on; it ends with the server.
  if (main !== undefined) process.kill(Number(main), 'SIGTERM')
  await child?.exited
  folder.remove()
})

const lines = () => readFileSync(trace, 'utf8').split('\n')

function calledSince(begin: number): Call[] {
  return lines()
    .slice(begin)
    .flatMap((line) => {
      const found = /^(\d+)\s+(?:<\.\.\. )?(\w+)/.exec(line)
      return found ? [{ thread: found[1]!, name: found[2]!, line }] : []
    })
}

const isAnswer = ({ name, line }: Call) => name === 'sendto' && line.includes('201 Created')

/** Their indexes among the system calls. */
function answers(calls: readonly Call[]): number[] {
  return calls.flatMap((call, at) => (isAnswer(call) ? [at] : []))
}

const RECIPIENT = { transportType: 'fcm', registrationToken: 'x' }

test.skipIf(strace === undefined).each([
  ['a message that is kept', 'history.db', '/channels/kept:a/messages', { data: 'x' }],
  [
    'a change of the settings',
    'latchkey.db',
    '/push/deviceRegistrations',
    { id: 'd', formFactor: 'phone', platform: 'android', push: { recipient: RECIPIENT } },
  ],
])('%s is on the disk before it is acknowledged', async (_name, file, path, body) => {
  const earlier = answers(calledSince(0)).length
  expect((await app.ask(path, { body })).status).toBe(201)
  await eventually(() => answers(calledSince(0)).length > earlier, 'the answer is in the trace')
  const calls = calledSince(0)
  const [last, answered] = answers(calls).slice(earlier - 1) as [number, number]
  const before = calls.slice(last + 1, answered)
  const isOfFile = ({ line }: Call) => line.includes(`/${file}-wal>`)
  const written = before.findLastIndex((call) => call.name === 'pwrite64' && isOfFile(call))
  expect(written).toBeGreaterThanOrEqual(0)
  const synced = before.filter(({ name }, at) => name === 'fdatasync' && at > written)
  expect(synced.length).toBeGreaterThan(0)
  // By another thread than the one that answers.
  expect(synced.map(({ thread }) => thread)).not.toContain(calls[answered]!.thread)
})

test.skipIf(strace === undefined)(
  'many writes never make the main thread wait for the disk',
  async () => {
    const begin = lines().length - 1
    const all = Array.from({ length: 200 }, (_, i) =>
      app.ask('/channels/kept:many/messages', { body: { data: `${i} ${'x'.repeat(5000)}` } }),
    )
    for (const { status } of await Promise.all(all)) expect(status).toBe(201)
    const waited = calledSince(begin).filter(({ name }) => name === 'fdatasync' || name === 'fsync')
    expect(waited.length).toBeGreaterThan(0)
    expect(waited.filter(({ thread }) => thread === main)).toEqual([])
  },
)
