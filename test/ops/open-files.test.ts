/** A process with few open files refuses connections while a reserve is left, and reports it. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { OpenFiles } from '../../src/ops/open-files.ts'
import { Client, eventually, upgradeAnswer } from '../support/client.ts'
import { metric } from '../support/itty.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { temporaryFolder } from '../support/server.ts'
import { ServerProcess } from '../cli/process.ts'

const MAX_FILES = 256
/** The reserve, a quarter of the limit. */
const RESERVE = 64

const folder = temporaryFolder()
let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start(['--data', folder.path], {}, MAX_FILES)
})
afterAll(async () => {
  await server.end()
  folder.remove()
})

const logged = (text: string) => server.logs.filter(({ message }) => message === text)

test('reports the limit at the start and in the metrics', async () => {
  await eventually(() => logged('few files may be open').length > 0, 'it is in the log')
  expect(logged('few files may be open')).toMatchObject([
    { limit: MAX_FILES, connections: MAX_FILES - RESERVE, maxConnections: 50_000 },
  ])
  expect(await metric(server, 'process_max_fds')).toBe(MAX_FILES)
  const before = await metric(server, 'process_open_fds')
  expect(before).toBeGreaterThan(5)
  expect(before).toBeLessThan(RESERVE)
})

test('refuses connections while the reserve is used, keeps existing ones, and accepts again later', async () => {
  const url = `${server.sockets}room`
  const clients: Client[] = []
  let refused = 0
  for (let n = 0; n < MAX_FILES + 50; n++) {
    const client = new Client(url)
    await client.opened.then(
      () => clients.push(client),
      () => refused++,
    )
  }
  expect(refused).toBeGreaterThan(50)
  expect(clients.length).toBeGreaterThan(MAX_FILES / 2)
  expect(clients.filter(({ closed }) => closed !== undefined)).toEqual([])
  expect((await upgradeAnswer(url)).status).toBe(503)
  expect(await metric(server, 'latchkey_refusals_total{reason="server_full"}')).toBe(refused + 1)
  expect(await metric(server, 'process_open_fds')).toBeLessThan(MAX_FILES - RESERVE / 2)
  await eventually(
    () => logged('too many files are open: connections are refused').length === 1,
    'it is told',
  )
  // Plain requests are answered, and their connections closed.
  const asked = RawSocket.send(server.port, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await asked.answer()).toBe(200)
  expect(asked.head).toMatch(/connection: close/i)
  for (const client of clients.splice(0, 150)) client.close()
  await eventually(
    () => logged('there are open files for connections again').length === 1,
    'it is over',
  )
  await (await Client.join(url)).next(({ type }) => type === 'join')
  for (const client of clients) client.close()
})

test('counts connections since the last look, and reports each change once', () => {
  const told: boolean[] = []
  let open = 10
  const files = new OpenFiles(
    (isFull) => told.push(isFull),
    256,
    () => open,
  )
  expect([files.isScarce, files.isFull, files.room]).toEqual([false, false, 192])
  for (let n = 0; n < 183; n++) files.opened()
  expect([files.isScarce, files.isFull, told]).toEqual([true, true, [true]])
  files.look()
  expect([files.isFull, told]).toEqual([false, [true, false]])
  told.length = 0
  open = Infinity
  files.look()
  open = 190
  files.look()
  open = 100
  files.look()
  files.look()
  expect(told).toEqual([true, false])
})

test('refuses nothing if the limit is unknown', () => {
  const files = new OpenFiles(
    () => {},
    Infinity,
    () => 1e6,
  )
  files.look()
  expect([files.isScarce, files.isFull]).toEqual([false, false])
})
