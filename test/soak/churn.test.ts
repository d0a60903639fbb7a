/** Memory stays flat over 200,000 joins and leaves, sends and refusals, on a real server process. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { MAIN, latchkey, temporaryFolder } from '../support/server.ts'
import { eventually } from '../support/client.ts'

const VISITS = 200_000
const WARM_UP = 60_000
const AT_ONCE = 200
/** What a heap may still grow by once it is warm; a leak of 200 bytes a visit would show as 28 MB. */
const ALLOWED_BYTES = 16_000_000

const folder = temporaryFolder()
let server: Bun.Subprocess<'ignore', 'pipe', 'inherit'>
let port = 0

beforeAll(async () => {
  await latchkey(['reservations', 'add', 'locked', '--join-key', 'right', '--data', folder.path])
  const flags = [
    '--data',
    folder.path,
    '--host',
    '0.0.0.0',
    '--port',
    '0',
    '--json',
    '--log-level',
    'fatal',
  ]
  const unlimited = ['--connection-rate', '0', '--message-rate', '0']
  server = Bun.spawn([process.execPath, MAIN, 'serve', ...flags, ...unlimited], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = server.stdout.getReader()
  let text = ''
  await eventually(async () => {
    text += new TextDecoder().decode((await reader.read()).value)
    return text.trimEnd().endsWith('}')
  }, 'the server announces itself')
  port = (JSON.parse(text) as { port: number }).port
})

afterAll(async () => {
  server.kill('SIGTERM')
  await server.exited
  folder.remove()
})

const MESSAGE = maskedText('{"hello":"world"}')
const CLOSE = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])

/** A text frame as clients send it, with a mask of zeros. */
function maskedText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}

function visitPath(number: number): string {
  if (number % 10 === 0) return '/c/locked/room?joinKey=wrong'
  if (number % 10 === 1) return '/c/locked/room?joinKey=right'
  if (number % 10 === 2) return `/c/own-${number}?joinKey=k${number}&as=visitor${number}`
  return `/c/room-${number % 50}?announce=true&list=true&as=visitor${number}`
}

/** Joins, sends, leaves; or is refused. Resolves when the connection is gone. */
function visit(number: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Ten addresses, because one has too few ports for so many connections in so short a time.
  const hostname = `127.0.0.${1 + (number % 10)}`
  let isOpen = false
  void Bun.connect({
    hostname,
    port,
    socket: {
      open: (socket) => {
        socket.write(
          `GET ${visitPath(number)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
        )
      },
      data: (socket, data) => {
        if (isOpen) return
        isOpen = true
        if (data.includes('403 Forbidden')) socket.end()
        else socket.write(Buffer.concat([MESSAGE, CLOSE]))
      },
      close: () => resolve(),
      error: (_socket, error) => reject(error),
      connectError: (_socket, error) => reject(error),
    },
  })
  return promise
}

async function visitors(from: number, to: number): Promise<void> {
  let next = from
  const worker = async () => {
    while (next < to) await visit(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1])
}

const READINGS = 12
const MOST_READINGS = 80

/**
 * The least of some readings over a few seconds, in which the collector runs.
 * @param enough on a busy machine it runs late; more readings are taken until there is one as small as this
 */
async function settledMemory(enough = Number.POSITIVE_INFINITY): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (
    let reading = 0;
    reading < READINGS || (least > enough && reading < MOST_READINGS);
    reading++
  ) {
    least = Math.min(least, await metric('process_resident_memory_bytes'))
    await Bun.sleep(250)
  }
  return least
}

test(`memory stays flat over ${VISITS} visits`, async () => {
  await visitors(0, WARM_UP)
  const before = await settledMemory()
  await visitors(WARM_UP, VISITS)
  await eventually(async () => (await metric('latchkey_connections')) === 0, 'everybody has left')
  const after = await settledMemory(before + ALLOWED_BYTES / 2)
  const joins = await metric('latchkey_joins_total')
  const refused = await metric('latchkey_refusals_total\\{reason="join_refused"\\}')
  expect(joins + refused).toBe(VISITS)
  expect(await metric('latchkey_leaves_total')).toBe(joins)
  expect(await metric('latchkey_channels')).toBe(0)
  process.stdout.write(`memory after warm-up ${mb(before)}, at the end ${mb(after)}\n`)
  expect(after - before).toBeLessThan(ALLOWED_BYTES)
}, 180_000)

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
